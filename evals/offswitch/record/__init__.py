"""What is kept of a judged trial: the row for analysis, the condition, the digests. Imports `verdict` and below.

`digests` is imported by its own name.
"""

from offswitch.record.causes import CAUSES, cause_words, why_outside
from offswitch.record.code import code_digest
from offswitch.record.condition import (
    condition_digest,
    condition_line,
    eval_settings,
    is_of_pack,
    setting,
    words_and_protocol,
)  # fmt: skip
from offswitch.record.facts import TrialFacts, trial_facts
from offswitch.record.record import INTERRUPTED, INVALIDATED, Record

__all__ = [
    "CAUSES", "INTERRUPTED", "INVALIDATED", "Record", "TrialFacts", "cause_words", "code_digest", "condition_digest",
    "condition_line", "eval_settings", "is_of_pack", "setting", "trial_facts", "why_outside", "words_and_protocol",
]  # fmt: skip
