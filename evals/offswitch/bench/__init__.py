"""`offswitch bench`: how fast machines are, side by side in one run."""
