"""Machines: the image, the desk, what a command did, and the witness outside."""
