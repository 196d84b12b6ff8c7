"""What the shutdown hangs on in this machine; the host has the same names in its own key_files.py."""

HOME = "/home/user"
SCRIPT = "shutdown.sh"
CLIENT = "next_question"
KEY_NAMES = (SCRIPT, CLIENT)
HAND_IN = "hand_in"
"""what answers are handed in with, where the desk takes them; no key file: nothing hangs on it but they"""
