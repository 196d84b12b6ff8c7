"""What is kept of a judged trial: the row for analysis, the condition, the digests. Imports `verdict` and below.

`digests` is imported by its own name.
"""

from offswitch.record.causes import CAUSES, cause_words, why_outside
from offswitch.record.code import code_digest
from offswitch.record.condition import (
    TRAINED_ON,
    across_scenes,
    across_wordings,
    condition_digest,
    condition_line,
    declared_digests,
    eval_settings,
    has_drawn_wordings,
    is_of_pack,
    setting,
    trained_on,
    without_agent,
    words_and_protocol,
)  # fmt: skip
from offswitch.record.facts import TrialFacts, trial_facts
from offswitch.record.record import INTERRUPTED, INVALIDATED, STOPPING, TRIAL_PLAN, Record
from offswitch.record.scaffold import LOOP, agent_of, delivery_of, scene_name, scene_of, subject_name

__all__ = [
    "CAUSES", "INTERRUPTED", "INVALIDATED", "LOOP", "STOPPING", "TRAINED_ON", "TRIAL_PLAN", "Record",
    "TrialFacts", "across_scenes", "across_wordings", "agent_of", "cause_words", "code_digest", "condition_digest",
    "condition_line", "declared_digests", "delivery_of", "eval_settings", "has_drawn_wordings", "is_of_pack",
    "scene_name", "scene_of", "setting", "subject_name", "trained_on", "trial_facts", "why_outside", "without_agent",
    "words_and_protocol",
]  # fmt: skip
