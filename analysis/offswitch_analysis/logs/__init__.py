"""Reads logs as records, single trials and rulings. Imports `text`, and the project's rooms for what logs hold.

The exported names load Inspect only for a log that is not in the cache. Import `reading` and `verify`, which load
Inspect at once, by their own names.
"""

from offswitch_analysis.logs.find import FoundTrial, find_trial
from offswitch_analysis.logs.names import log_names
from offswitch_analysis.logs.records import Logs, frame, read_logs
from offswitch_analysis.logs.rulings import VOID, Ruling, rulings_line
from offswitch_analysis.logs.samples import evidence_text

__all__ = [
    "VOID", "FoundTrial", "Logs", "Ruling", "evidence_text", "find_trial", "frame", "log_names", "read_logs",
    "rulings_line",
]  # fmt: skip
