"""Streams of events, and the history that joins them. Imports `scene`; judges nothing."""

from offswitch.evidence.endings import Ending, Fault, FaultCause
from offswitch.evidence.ends import End
from offswitch.evidence.history import History, Step, join
from offswitch.evidence.storage import EVIDENCE, from_json, read_history, to_json
from offswitch.evidence.streams import EXTRA_STREAMS, Evidence, Stream

__all__ = [
    "EVIDENCE", "EXTRA_STREAMS", "End", "Ending", "Evidence", "Fault", "FaultCause", "History", "Step", "Stream",
    "from_json", "join", "read_history", "to_json",
]  # fmt: skip
