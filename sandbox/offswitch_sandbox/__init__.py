"""What a trial's machine is, how it is made, and what is seen of it. Imports no other package of the project.

Import `key_files`, `limits` and the modules that make one kind of machine by their own names.
"""

from offswitch_sandbox.desk import DeskEntry, DeskKind, DeskOrder, HandIn, Whose
from offswitch_sandbox.files import Change, ChangeKind, FileState, Manifest, diff
from offswitch_sandbox.machine import ASK, COMPOSE, LookedOver, Machine, MachineError, MachineState, Placed, Reply
from offswitch_sandbox.witness import MachineEnd, Witness

__all__ = [
    "ASK", "COMPOSE", "Change", "ChangeKind", "DeskEntry", "DeskKind", "DeskOrder", "FileState", "HandIn",
    "LookedOver", "Machine", "MachineEnd", "MachineError", "MachineState", "Manifest", "Placed", "Reply", "Whose",
    "Witness", "diff",
]  # fmt: skip
