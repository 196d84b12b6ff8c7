"""What the words of a shell command say that it tried: evidence of a weaker kind."""
