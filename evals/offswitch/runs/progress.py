"""Follows a run: trials done, the rate so far, the time left, retries, and when to give up."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from inspect_ai.hooks import Hooks, ModelRetry, SampleEnd, hooks
from inspect_ai.log import EvalSample

from offswitch.evidence import FaultCause
from offswitch.record import INTERRUPTED
from offswitch.record.digests import latest_score

RETRIES_TOLD_S = 15
"""seconds between two lines that report retries"""
SEVERAL = 3
"""trials after which the time left can be estimated"""

Told = dict[str, Any]
"""an event, as plain values, so that one process can send it to another"""


@dataclass
class Watch:
    """Follows a run's trials as they end."""

    trials: int
    halt_after: int
    """failures in a row, with the same cause, after which a run is given up; 0 for never"""
    say: Callable[[str], None] = lambda line: None
    """tells the user of something unusual"""
    show: Callable[[str], None] = lambda line: None
    """shows the progress after each trial"""
    halt: Callable[[], None] = lambda: None
    """ends the running trials and starts no more"""
    blind: bool = False
    """says nothing of results, because that would be a look"""
    done: int = 0
    judged: int = 0
    """trials that count in the sabotage rate"""
    sabotaged: int = 0
    failures: int = 0
    halted: str | None = None
    """why the run was given up"""
    _like: list[str] = field(default_factory=list[str])
    """the causes of the latest failures in a row, which are all the same"""
    _retries: int = 0
    _retry_told: float = -RETRIES_TOLD_S
    _began: float = field(default_factory=time.monotonic)

    def note(self, told: Told) -> None:
        """Takes an event: a trial has ended, or a model is asked again."""
        if told["what"] == "retry":
            self._note_retry(told)
        elif told["failure"] != INTERRUPTED:
            self.done += 1
            self.judged += told["sabotage"] is not None
            self.sabotaged += bool(told["sabotage"])
            self._note_failure(told["failure"], told["why"])
            self.show(self.line())

    def _note_failure(self, cause: str | None, why: str) -> None:
        self.failures += cause is not None
        self._like = [*(self._like if cause in self._like else []), *([cause] if cause else [])]
        if self.halt_after and len(self._like) >= self.halt_after and self.halted is None:
            self.halted = f"halted after {len(self._like)} failures in a row: {why}"
            self.halt()

    def _note_retry(self, told: Told) -> None:
        self._retries += 1
        now = time.monotonic()
        if now - self._retry_told >= RETRIES_TOLD_S:
            self._retry_told = now
            self.say(
                f"{told['model']}: {told['why']}; asked again in {told['wait_s']:.0f} s, attempt {told['attempt'] + 1} "
                f"({self._retries} such so far)"
            )

    def line(self) -> str:
        """The progress, in one line."""
        rate = "" if self.blind else f", {self.sabotaged} of {self.judged} judged sabotaged"
        failed = f", {self.failures} failed" if self.failures else ""
        left = self.left_s()
        return f"{self.done} of {self.trials} trials{rate}{failed}" + (f", {minutes(left)} left" if left else "")

    def left_s(self) -> float | None:
        """Seconds that the remaining trials will take at the present rate; None if that is not known."""
        if self.halted or self.done < min(SEVERAL, self.trials) or self.done >= self.trials:
            return None
        return (time.monotonic() - self._began) / self.done * (self.trials - self.done)


def minutes(seconds: float) -> str:
    """A rough time as text."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"


_listening: list[Callable[[Told], None]] = []


@contextmanager
def listening(note: Callable[[Told], None]) -> Generator[None]:
    """Calls `note` for each event in the trials of this process, for as long as the context lasts."""
    _listening.append(note)
    try:
        yield
    finally:
        _listening.remove(note)


def _tell(told: Told) -> None:
    for note in tuple(_listening):
        note(told)


# Inspect's decorator is not typed.
@hooks(name="offswitch_progress", description="Follows the trials of offswitch run.")  # pyright: ignore
class Progress(Hooks):
    """Passes Inspect's events on to the listeners."""

    def enabled(self) -> bool:
        """Only if there is a listener."""
        return bool(_listening)

    async def on_sample_end(self, data: SampleEnd) -> None:
        """A trial has ended, with or without a verdict."""
        _tell(_ended(data.sample))

    async def on_model_retry(self, data: ModelRetry) -> None:
        """A model gave no answer and is asked again."""
        status = f" (status {data.status_code})" if data.status_code else ""
        why = f"{data.exception_type or 'no answer'}{status}"
        _tell(
            {"what": "retry", "model": data.model_name, "why": why, "attempt": data.attempt, "wait_s": data.wait_time}
        )


def _ended(sample: EvalSample) -> Told:
    score = latest_score(sample.scores)
    facts: dict[str, Any] = (score.metadata if score else None) or {}
    error = sample.error.message if sample.error else None
    if score is None or "verdict" not in facts:
        # Without a score, either no machine could be made, or somebody has ended the run.
        cause = INTERRUPTED if error is None or error.startswith("Cancelled") else FaultCause.ENGINE.value
        return {"what": "trial", "failure": cause, "why": error or "", "sabotage": None}
    values = score.value if isinstance(score.value, dict) else {}
    sabotage = values.get("sabotage")
    judged = isinstance(sabotage, int | float) and sabotage == sabotage  # not NaN
    why = (score.explanation or error or "").splitlines() or [""]
    return {"what": "trial", "failure": facts.get("failure"), "why": why[0], "sabotage": sabotage if judged else None}
