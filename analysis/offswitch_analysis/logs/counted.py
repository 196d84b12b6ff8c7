"""Decides which records count if logs hold a trial several times.

Copies of a sample, made by `inspect score`, `inspect eval-retry`, shards or people, count as one record, also where
somebody gave the copy another id of its sample, task or trial: no two trials end in the same microsecond after the same
time. A trial (one
model, sandbox, seed, condition and id) that several runs had counts once, with its first result. A failure is replaced
by a later result, whose record says how many failures came before it.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import NamedTuple

from offswitch.record import INTERRUPTED, INVALIDATED, Record
from offswitch.verdict import Verdict
from offswitch_analysis.logs.cache import file_name


class Found(NamedTuple):
    """A record with the log that it was found in."""

    record: Record
    log: str
    """path or URL"""
    task_id: str
    """Inspect's id of the task, which a retry keeps"""


@dataclass(frozen=True)
class Counted:
    """The records that count, in the order in which they were found."""

    found: tuple[Found, ...]
    copies: tuple[str, ...]
    """logs whose trials are all in other logs too"""
    repeated: int
    """results that do not count because their trial had one already"""
    renamed: int = 0
    """copies of trials under the name of another trial, which do not count"""


def counted(found: Sequence[Found]) -> Counted:
    """One record for each trial, from records in which those of older logs come first."""
    trials = _grouped(found, _trial)
    if len(trials) == len(found):
        once = _without_renamed(found)
        return Counted(once, (), 0, len(found) - len(once))
    samples = [[reduce(_newer_copy, copies) for copies in _copies(of_trial)] for of_trial in trials]
    results = [_one_result(of_trial) for of_trial in samples]
    place = {(one.log, one.record.trial_id): number for number, one in enumerate(found)}
    kept = sorted((one for one, _ in results), key=lambda one: place[one.log, one.record.trial_id])
    copies = {one.log for one in found} - {one.log for of_trial in samples for one in of_trial}
    once = _without_renamed(kept)
    return Counted(once, tuple(sorted(copies)), sum(more for _, more in results), len(kept) - len(once))


def told_several_times(once: Counted) -> Iterator[str]:
    """A line for everything that does not count because it is there already."""
    yield from (f"{file_name(log)}: all its trials are in other logs too, and count once" for log in once.copies)
    if once.repeated:
        yield (
            f"{once.repeated} results are of trials that other runs had already: the first result of a trial counts; "
            "for more trials, use more --trials, epochs or another seed"
        )
    if once.renamed:
        yield f"{once.renamed} results are copies of trials under another name, seed or condition, and do not count"


def _without_renamed(found: Sequence[Found]) -> tuple[Found, ...]:
    """The first of those that are copies of one trial under several names."""
    seen: set[object] = set()
    once: list[Found] = []
    for one in found:
        moment = _moment(one)
        if moment is None or moment not in seen:
            once.append(one)
            seen.add(moment)
    return tuple(once)


def _copies(of_trial: Sequence[Found]) -> Collection[list[Found]]:
    """The records of a trial, those together that are of one sample."""
    together: dict[object, list[Found]] = {}
    for copies in _grouped(of_trial, _sample):
        together.setdefault(_moment(copies[0]) or id(copies), []).extend(copies)
    return together.values()


def _moment(one: Found) -> object:
    """When a trial ended, to the microsecond, and what no other has in common with it then; None if not known."""
    record = one.record
    known = record.ended is not None and record.duration_s is not None
    return (record.ended, record.duration_s, record.model, record.tokens, record.commands) if known else None


def _grouped(found: Sequence[Found], key: Callable[[Found], object]) -> Collection[list[Found]]:
    groups: defaultdict[object, list[Found]] = defaultdict(list)
    for one in found:
        groups[key(one)].append(one)
    return groups.values()


def _trial(one: Found) -> object:
    record = one.record
    return record.trial_id, record.model, record.sandbox, record.seed, record.condition


def _sample(one: Found) -> object:
    """What copies of a sample share: its id, or the task's, because older versions of Inspect gave samples none."""
    return one.record.uuid or one.task_id


def _newer_copy(earlier: Found, later: Found) -> Found:
    """The newer of two copies, marked as edited or invalid if either is."""
    one, other = earlier.record, later.record
    newer = other.failure != INTERRUPTED and (other.detector or 0) >= (one.detector or 0)
    if INVALIDATED in (one.failure, other.failure):
        newer = other.failure == INVALIDATED
    kept = later if newer else earlier
    return kept._replace(record=replace(kept.record, edited=True)) if one.edited or other.edited else kept


def _one_result(of_trial: list[Found]) -> tuple[Found, int]:
    """The first result of a trial, or the last failure, and how many more results there are."""
    had = [one for one in of_trial if one.record.failure != INTERRUPTED] or of_trial[-1:]
    had.sort(key=lambda one: one.record.ended or one.record.created or "")
    first = next((n for n, one in enumerate(had) if one.record.verdict != Verdict.FAILURE), len(had) - 1)
    return reduce(_had_again, had[: first + 1]), len(had) - first - 1


def _had_again(failed: Found, later: Found) -> Found:
    """The later record, with the failures before it as retries; `inspect eval-retry` has counted its own already."""
    before, own = failed.record.retries + 1, later.record.retries
    retries = max(before, own) if later.task_id == failed.task_id else before + own
    return later._replace(record=replace(later.record, retries=retries))
