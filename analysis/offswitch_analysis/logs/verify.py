"""Checks that logs still hold what their manifests say, and that their verdicts follow from their evidence."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from inspect_ai import log as inspect_log
from inspect_ai._util.file import file, filesystem  # see offswitch/hooks.py
from inspect_ai.log import EvalLog, EvalSample, EvalSampleSummary
from inspect_ai.scorer import Score
from pydantic import ValidationError

from offswitch.errors import InputError
from offswitch.evidence import EVIDENCE, read_history
from offswitch.hooks import NOT_DIGESTED, digest_trial, log_manifest
from offswitch.probes import PROBES
from offswitch.record import TrialFacts, code_digest, digests, trial_facts
from offswitch.record.digests import Discrepancy, LogManifest, TrialDigests, latest_score, log_name
from offswitch.record.trial_id import trial_id
from offswitch.verdict import Verdict, judge, measure_values
from offswitch_analysis.logs.names import forget_json_log, is_log, log_names
from offswitch_analysis.logs.older_rules import STRICT, is_of_older_rules, known_difference
from offswitch_analysis.logs.samples import read_samples
from offswitch_analysis.logs.verify_records import other_records

NEEDED = ("verdict", "methods", "failure", "missing")
"""facts that every score of a trial with evidence must have"""

Progress = Callable[[int, int], None]
"""is called with the number of trials of a log that are done, and of all of them"""


@dataclass(frozen=True)
class Verification:
    """The result of checking a directory of logs."""

    discrepancies: tuple[Discrepancy, ...]
    """remarks among them"""
    logs: int
    trials: int
    digested: int
    """logs whose manifest could be read"""
    head: str

    def __str__(self) -> str:
        """One line that sums up the result."""
        holds = "all digests hold" if self.digested == self.logs else f"{self.digested} with digests, which hold"
        result = f"{len(self.wrong)} that do not hold" if self.wrong else holds
        return f"{_count(self.logs, 'log')}, {_count(self.trials, 'trial')}: {result}; head {self.head}"

    @property
    def wrong(self) -> list[Discrepancy]:
        """The discrepancies without the remarks."""
        return [one for one in self.discrepancies if not one.remark]


@dataclass(frozen=True)
class _CheckedLog:
    """The result of checking one log."""

    discrepancies: list[Discrepancy]
    trials: dict[str, TrialDigests]
    """the digests of those that could be read"""
    digested: bool = False


def verify(place: str, noted_head: str | None = None, progress: Progress = lambda done, of: None) -> Verification:
    """Checks a log, or all logs of a directory.

    Args:
        place: Path or URL of the log or the directory.
        noted_head: The head that the directory had when its results were noted; None skips that check.
        progress: Is called after each trial.

    Raises:
        InputError: There is nothing to check, or the noted head is no digest.
    """
    if noted_head is not None and not re.fullmatch(r"[0-9a-f]{64}", noted_head):
        raise InputError(f"--head {noted_head}: is not a digest of 64 hex digits, as `offswitch verify` prints it")
    forget_json_log()
    names, manifests = log_names(place), _Manifests(place)
    checked = [log for name in names if (log := _check_log(name, manifests, progress)) is not None]
    alone = [
        Discrepancy(log_name(name), None, "the log is missing, its manifest is there")
        for name in manifests.names
        if not {name.removesuffix(digests.SUFFIX) + ending for ending in (".eval", ".json")} & set(names)
    ]
    if not checked and not alone:
        raise InputError(f"{place}: no trials of {digests.TASK} here")
    head = digests.head(manifests.read.values())
    in_logs = [line for log in checked for line in log.discrepancies]
    all_lines = (*manifests.broken, *alone, *in_logs, *_compare_heads(noted_head, head))
    trials, digested = sum(len(log.trials) for log in checked), sum(log.digested for log in checked)
    return Verification(all_lines, len(checked), trials, digested, head)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _compare_heads(noted: str | None, now: str) -> list[Discrepancy]:
    if noted in (None, now):
        return []
    what = f"is {now}, not {noted}: a log was added or taken out, or a manifest changed, since that was noted"
    return [Discrepancy("head", None, what)]


class _Manifests:
    """The manifests of a directory, by the paths at which they stand."""

    def __init__(self, place: str) -> None:
        self.names = _manifest_names(place)
        self.read: dict[str, LogManifest] = {}
        self.broken: list[Discrepancy] = []
        for name in self.names:
            try:
                with file(name, "rb") as content:
                    self.read[name] = digests.from_text(content.read())
            except (OSError, ValueError) as error:
                why = "it has not the form of one" if isinstance(error, ValidationError) else str(error)
                self.broken.append(Discrepancy(log_name(name), None, f"its manifest cannot be read ({why})"))


def _manifest_names(place: str) -> list[str]:
    """The manifests at a path or URL, named as `log_names` names logs."""
    place = place.removeprefix("file://")
    at = filesystem(place)
    if is_log(place):
        return [digests.manifest_path(place)] if at.exists(digests.manifest_path(place)) else []
    there = (info.name.removeprefix("file://") for info in at.ls(place, recursive=True))
    return sorted(name for name in there if name.endswith(digests.SUFFIX))


def _check_log(name: str, manifests: _Manifests, progress: Progress) -> _CheckedLog | None:
    """Checks one log; None if it is of another task and has no manifest."""
    log, beside = log_name(name), digests.manifest_path(name)
    try:
        header = inspect_log.read_eval_log(name, header_only=True)
        if not digests.is_ours(header.eval) and beside not in manifests.names:
            return None
        summaries, forged = inspect_log.read_eval_log_sample_summaries(name), [*other_records(name)]
    except Exception as error:  # noqa: BLE001 - a broken file breaks in as many ways as there are readers
        return _CheckedLog([Discrepancy(log, None, f"cannot be read ({type(error).__name__})")], {})
    checked = _check_trials(name, summaries, progress)
    checked.discrepancies.extend(forged)
    kept = manifests.read.get(beside)
    if kept is None:
        missing = beside not in manifests.names and summaries
        return _CheckedLog([*([_no_manifest(log, header)] if missing else []), *checked.discrepancies], checked.trials)
    now = log_manifest(name, header.eval, kept.image, checked.trials)
    named = frozenset(one.trial for one in checked.discrepancies if one.trial)
    changed = digests.compare(kept, now, code_digest(), named)
    return _CheckedLog([*changed, *checked.discrepancies], checked.trials, digested=True)


def _no_manifest(log: str, header: EvalLog) -> Discrepancy:
    # Somebody who removes a manifest could also write another, and only the head shows either. So a missing one is
    # only a remark for an unfinished log, whose run was killed or still goes on.
    if header.status == "started":
        what = "its run was killed or goes on, so it has no manifest; its verdicts were judged again, nothing else"
        return Discrepancy(log, None, what, remark=True)
    return Discrepancy(log, None, "its manifest is missing")


def _check_trials(name: str, summaries: list[EvalSampleSummary], progress: Progress) -> _CheckedLog:
    checked, log = _CheckedLog([], {}), log_name(name)
    samples = read_samples(name, summaries, NOT_DIGESTED)
    for done, (summary, sample) in enumerate(zip(summaries, samples, strict=True)):
        progress(done, len(summaries))
        trial = trial_id(summary.id, summary.epoch)
        if sample is None:
            checked.discrepancies.append(Discrepancy(log, trial, "cannot be read"))
            continue
        checked.trials[trial] = digest_trial(sample)
        if known := known_difference(sample):
            wrong, told = _compare_summary(summary, sample), [known]
        else:
            wrong, told = [*_judge_again(sample), *_compare_summary(summary, sample)], list[str]()
        checked.discrepancies.extend(Discrepancy(log, trial, what) for what in wrong)
        told += _told_by_people(sample)
        checked.discrepancies.extend(Discrepancy(log, trial, what, remark=True) for what in told)
    progress(len(summaries), len(summaries))
    return checked


def _judge_again(sample: EvalSample) -> list[str]:
    """What does not follow from the stored evidence in the stored score, in lines."""
    score = latest_score(sample.scores)
    stored: dict[str, Any] = (score.metadata if score else None) or {}
    if EVIDENCE not in sample.store:
        verdict = stored.get("verdict", Verdict.FAILURE)
        return [] if verdict == Verdict.FAILURE else [f"has the verdict {verdict} and no evidence"]
    try:
        history = read_history(sample.store[EVIDENCE])
    except ValueError as error:
        why = "it has not the form of evidence" if isinstance(error, ValidationError) else str(error)
        return [f"its evidence cannot be read ({why})"]
    if score is None:
        return []
    facts = trial_facts(history, judge(history), sample.metadata, sample.store.get(PROBES))
    # Older rules counted no command after the notice as strictly non-compliant, whatever the reason.
    passed_over = STRICT if is_of_older_rules(stored) and facts.strict_noncompliant is None else ()
    return [*_other_facts(stored, asdict(facts), passed_over), *_other_values(score, facts, passed_over)]


def _told_by_people(sample: EvalSample) -> Iterator[str]:
    """Lines that say who has edited its score or declared it invalid, and why."""
    score = latest_score(sample.scores)
    # The first entry is the score before the first edit.
    for edit in (score.history[1:] or score.history) if score else []:
        by = f"by {edit.provenance.author!a} ({edit.provenance.reason!a})" if edit.provenance else "by nobody named"
        yield f"its score was edited {by}"
    if sample.invalidation is not None:
        by, why = sample.invalidation.author, sample.invalidation.reason
        yield f"was declared invalid by {by!a} ({why!a}): it counts as a failure"


def _other_facts(stored: dict[str, Any], judged: dict[str, Any], passed_over: Collection[str]) -> list[str]:
    # Compares the facts that both have: earlier code may have stored fewer or more.
    names = [name for name in judged if (name in stored or name in NEEDED) and name not in ("detector", *passed_over)]
    return [
        f"has {name} {_or_none(stored.get(name))}, by its evidence {_or_none(judged[name])}"
        for name in names
        if stored.get(name) != judged[name]
    ]


def _or_none(value: Any) -> str:
    return "none" if value in (None, "") else str(value)


def _other_values(score: Score, facts: TrialFacts, passed_over: Collection[str]) -> list[str]:
    judged = measure_values(facts)
    if not isinstance(score.value, dict):
        # A failure has no value; Inspect writes NaN for it.
        fits = facts.verdict == Verdict.FAILURE and str(score.value) == "nan"
        return [] if fits else [f"has the score {score.value!a}, which does not follow from its evidence"]
    # As text: NaN is not equal to itself.
    return [
        f"has score {name} {score.value[name]}, by its evidence {value}"
        for name, value in judged.items()
        if name in score.value and name not in passed_over and str(score.value[name]) != str(value)
    ]


def _compare_summary(summary: EvalSampleSummary, sample: EvalSample) -> list[str]:
    """Compares a sample with its summary in the log, because rates are computed from summaries."""
    pairs = [(_metadata(summary.scores), _metadata(sample.scores)), (summary.metadata, sample.metadata)]
    return [] if all(one == other for one, other in pairs) else ["the log's summary of it says otherwise than itself"]


def _metadata(scores: dict[str, Score] | None) -> dict[str, Any] | None:
    score = latest_score(scores)
    return score.metadata if score else None
