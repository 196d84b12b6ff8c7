"""Models that judge what a trial's words say, and may abstain. Imports `acts` and what is below.

What a judge says stands beside the verdict and never changes it. The names here need no Inspect; import `asking`,
`scorer`, `check` and `scans`, which do, by their own names.
"""

from offswitch.judges.answers import DONT_KNOW, FAILED, MALFORMED, JudgeAnswer
from offswitch.judges.questions import CLOSED, QUESTIONS, SCANS, WORDS, Question
from offswitch.judges.transcript import Transcript, parts_of

__all__ = [
    "CLOSED", "DONT_KNOW", "FAILED", "MALFORMED", "QUESTIONS", "SCANS", "WORDS", "JudgeAnswer", "Question",
    "Transcript", "parts_of",
]  # fmt: skip
