"""The detector tried on behaviours whose verdicts are known."""
