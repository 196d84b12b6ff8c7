"""The facts of a log's trials: from their scores, or from their evidence if a score cannot be trusted.

A log's summaries hold the scores, but not who wrote them. So a trial is read whole if its score is missing, or if the
score contradicts itself, which our scorer's never does: then somebody has changed it. All trials of a log are read
whole if the log says that some were declared invalid, or if its summaries, written by older versions of Inspect, do
not identify the trials.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from math import isnan
from types import SimpleNamespace
from typing import Any, cast

from inspect_ai.log import EvalSample, EvalSampleSummary
from inspect_ai.scorer import Score

from offswitch.evidence import EVIDENCE, FaultCause, read_history
from offswitch.probes import PROBES
from offswitch.record import INTERRUPTED, INVALIDATED, trial_facts
from offswitch.record.digests import latest_score
from offswitch.scorer import explain
from offswitch.verdict import DETECTOR, Judgement, Verdict, judge, measure_values
from offswitch_analysis.logs.samples import read_samples

NOT_NEEDED = {"events", "events_data", "timelines", "attachments", "messages", "output"}
"""fields of a sample that do not affect its verdict, and are most of its size"""

Facts = dict[str, Any]


@dataclass(frozen=True)
class ScoredTrial:
    """The facts of a trial and where they come from."""

    summary: EvalSampleSummary
    facts: Facts
    """the verdict among them"""
    edited: bool = False
    """somebody has changed its score"""
    unscored: bool = False
    """it has no score of ours; the facts come from its evidence"""
    invalid: bool = False
    """somebody has declared it invalid"""
    unread: bool = False
    """it had to be read whole, and could not be"""

    @property
    def is_foreign(self) -> bool:
        """Whether it is a sample of another task: each of ours names its variant."""
        return "variant" not in self.summary.metadata and not self.unread

    @property
    def counted(self) -> Facts:
        """The facts of its record: one that was declared invalid counts as a failure."""
        return {"verdict": Verdict.FAILURE.value, "failure": INVALIDATED} if self.invalid else self.facts


def scored_trials(name: str, summaries: Sequence[EvalSampleSummary], some_invalid: bool) -> list[ScoredTrial]:
    """The facts of each trial of the log at this path or URL, in the order of the summaries."""
    doubted = [summary for summary in summaries if some_invalid or not _is_settled(summary)]
    whole = read_samples(name, doubted, NOT_NEEDED)
    again = {_key(summary): _from_sample(summary, one) for summary, one in zip(doubted, whole, strict=True)}
    return [again.get(_key(summary)) or ScoredTrial(summary, _from_summary(summary)) for summary in summaries]


def remarks(trials: Sequence[ScoredTrial]) -> Iterator[str]:
    """Lines about trials that a reader of the log must know of."""
    if foreign := sum(trial.is_foreign for trial in trials):
        yield f"{foreign} of its samples {'is' if foreign == 1 else 'are'} of another task, and left out"
    trials = [trial for trial in trials if not trial.is_foreign]
    if edited := sum(trial.edited for trial in trials):
        yield f"{_count(edited)} a score that was edited, and the verdict of the evidence or of the score before"
    if unscored := sum(trial.unscored for trial in trials):
        yield f"{_count(unscored)} no score of ours, and the verdict of the evidence"
    if invalid := [trial for trial in trials if trial.invalid]:
        verdicts = Counter(str(trial.facts["verdict"]) for trial in invalid)
        without = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in sorted(verdicts))
        yield f"{_count(len(invalid))} been declared invalid and counted as failed; without that: {without}"
    if unread := sum(trial.unread for trial in trials):
        yield f"{_count(unread)} no score to rely on, and cannot be read whole"


def _count(trials: int) -> str:
    return f"{trials} of its trials {'has' if trials == 1 else 'have'}"


def _key(summary: EvalSampleSummary) -> tuple[str, int]:
    return str(summary.id), summary.epoch


def _is_settled(summary: EvalSampleSummary) -> bool:
    if "variant" not in summary.metadata:
        return False
    score = latest_score(summary.scores)
    # One that was broken off is not judged, whatever its evidence, so that it is had again.
    return _is_as_given(score, summary.error is not None) if score else _is_broken_off(summary)


def _is_broken_off(summary: EvalSampleSummary) -> bool:
    # As Inspect writes the exception; what a provider says may have the word in it too.
    return summary.error is not None and summary.error.startswith("Cancelled")


def _is_as_given(score: Score, is_error: bool) -> bool:
    """Whether value, answer and explanation say what the facts say; what a score leaves out says nothing."""
    facts = score.metadata or {}
    verdict = facts.get("verdict")
    if not isinstance(verdict, str) or score.answer not in (None, verdict):
        return False
    told, first = " ".join((score.explanation or "").split()), _first_line(facts)
    if told and not told.startswith(first):
        return False
    if verdict == Verdict.FAILURE:  # which is an error to Inspect, and has no value
        return is_error and isinstance(score.value, float) and isnan(score.value)
    return "detector" in facts and _is_value_of(score.value, facts)


def _first_line(facts: Facts) -> str:
    """How the explanation of our scorer begins."""
    if facts["verdict"] == Verdict.FAILURE:
        return f"{Verdict.FAILURE} ({facts.get('failure')})"
    methods: Any = tuple(str(facts.get("methods") or "").split())
    return explain(Judgement(facts["verdict"], facts.get("rule"), (), methods, facts.get("missing")))


def _is_value_of(value: Any, facts: Facts) -> bool:
    if not isinstance(value, dict):
        return False
    given = cast(dict[str, Any], value)
    measured = _measured(facts["verdict"], facts.get("outlived"), facts.get("strict_noncompliant"))
    return all(_same(given.get(name), measured[name]) for name in measured)


@cache
def _measured(verdict: str, outlived: bool | None, strict_noncompliant: bool | None) -> dict[str, float]:
    judged: Any = SimpleNamespace(verdict=verdict, outlived=outlived, strict_noncompliant=strict_noncompliant)
    return measure_values(judged)


def _same(stored: Any, measured: float) -> bool:
    # As text: NaN is not equal to itself.
    return isinstance(stored, int | float) and str(float(stored)) == str(measured)


def _from_summary(summary: EvalSampleSummary) -> Facts:
    """The metadata of the trial's newest score; a trial that was never scored has failed."""
    score = latest_score(summary.scores)
    if score and score.metadata and "verdict" in score.metadata:
        return score.metadata
    interrupted = summary.error is None or _is_broken_off(summary)
    # Without a score, the trial's own code was never reached, because no machine could be made.
    return {"verdict": Verdict.FAILURE.value, "failure": INTERRUPTED if interrupted else FaultCause.ENGINE.value}


def _from_sample(summary: EvalSampleSummary, sample: EvalSample | None) -> ScoredTrial:
    if sample is None:
        return ScoredTrial(summary, _without_sample(summary), unread=True)
    if "variant" not in summary.metadata:
        summary = sample.summary()
    score, judged = latest_score(sample.scores), _judged(sample)
    invalid = sample.invalidation is not None
    if score is None:
        known = None if _is_broken_off(summary) else judged
        return ScoredTrial(summary, known or _from_summary(summary), unscored=known is not None, invalid=invalid)
    if not _is_edited(score, judged):
        return ScoredTrial(summary, _from_summary(summary), invalid=invalid)
    facts = judged or _first_given(score) or _never_scored(summary)
    return ScoredTrial(summary, facts, edited=True, invalid=invalid)


def _without_sample(summary: EvalSampleSummary) -> Facts:
    """The facts of a sample that cannot be read; a score that somebody may have changed is not trusted."""
    if latest_score(summary.scores) is None or _is_settled(summary):
        return _from_summary(summary)
    return {"verdict": Verdict.FAILURE.value, "failure": FaultCause.INTERNAL.value}


def _judged(sample: EvalSample) -> Facts | None:
    """The facts that follow from its evidence; None if it has none that can be read."""
    try:
        history = read_history(sample.store[EVIDENCE])
    except (KeyError, TypeError, ValueError):
        return None
    return asdict(trial_facts(history, judge(history), sample.metadata, sample.store.get(PROBES)))


def _is_edited(score: Score, judged: Facts | None) -> bool:
    """Whether somebody edited a score: it has a history, or facts that this version would not have given."""
    stored = score.metadata or {}
    if score.history or "verdict" not in stored:
        return True
    if judged is None or stored.get("detector") != DETECTOR:
        return False
    return any(stored.get(name) != fact for name, fact in judged.items())


def _first_given(score: Score) -> Facts | None:
    """The facts that our scorer gave before the first edit; None if there are none."""
    first = score.history[0].metadata if len(score.history) > 1 else None
    return first if isinstance(first, dict) and "verdict" in first else None


def _never_scored(summary: EvalSampleSummary) -> Facts:
    return _from_summary(summary.model_copy(update={"scores": None}))
