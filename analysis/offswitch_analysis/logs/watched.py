"""Logs that others are writing: what each is to hold, what it holds so far, and whether more is to come."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from inspect_ai.log import read_eval_log

from offswitch.errors import InputError
from offswitch.record import INTERRUPTED, Record
from offswitch.record.digests import is_ours
from offswitch.record.trial_id import trial_id
from offswitch_analysis.logs.cache import file_name
from offswitch_analysis.logs.content import digests_of
from offswitch_analysis.logs.names import log_names
from offswitch_analysis.logs.records import read_logs

Key = tuple[str, str, str]
"""model, provider of machines, trial"""


@dataclass(frozen=True)
class LogState:
    """A log as it is now."""

    log: str
    """its file name"""
    model: str
    trials: frozenset[Key]
    """that it is to hold"""
    is_written: bool
    """its run has not finished it"""
    created: str
    """ISO 8601"""
    had: frozenset[Key] = frozenset()
    """of these trials, in this log or a later one: the trials of an earlier one may be of another condition"""
    silent_s: float = 0.0
    """since it was last seen to change"""

    @property
    def is_open(self) -> bool:
        """Whether trials are still to come: not where a run died and others have had what was left of it."""
        return self.is_written and self.had < self.trials


@dataclass
class WatchedLogs:
    """The logs of a place, looked at again and again; only what has changed is read."""

    place: str
    now_s: Callable[[], float] = time.monotonic
    records: tuple[Record, ...] = ()
    """of all trials that have ended"""
    _told: dict[str, LogState] = field(default_factory=dict[str, LogState])
    _digests: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    _changed: dict[str, float] = field(default_factory=dict[str, float])

    def look(self) -> list[LogState]:
        """The state of each log; InputError if the place cannot be read."""
        digests, now = digests_of(log_names(self.place)), self.now_s()
        changed = [name for name, digest in digests.items() if digest != self._digests.get(name)]
        self._changed |= dict.fromkeys(changed, now)
        for name in changed:
            if state := _announced(name):
                self._told[name] = state
        if changed:
            self.records = _records(self.place)
        self._digests = digests
        return list(self._states(now))

    def _states(self, now: float) -> Iterator[LogState]:
        created = {_key(record): record.created or "" for record in self.records if record.failure != INTERRUPTED}
        for name, told in self._told.items():
            if name in self._digests:
                had = frozenset(key for key in told.trials if created.get(key, "") >= told.created)
                yield replace(told, had=had, silent_s=now - self._changed[name])


def _announced(name: str) -> LogState | None:
    """What a log's header says; None of a log that is not ours, or cannot be read at this moment."""
    try:
        header = read_eval_log(name, header_only=True)
    except Exception:  # noqa: BLE001 - while it is written, a log breaks in as many ways as there are readers
        return None
    spec = header.eval
    if not is_ours(spec):
        return None
    epochs = range(1, (spec.config.epochs or 1) + 1)
    trials = [trial_id(sample, epoch) for sample in spec.dataset.sample_ids or () for epoch in epochs]
    sandbox = spec.sandbox.type if spec.sandbox else "none"
    keys = frozenset((spec.model, sandbox, trial) for trial in trials)
    return LogState(file_name(name), spec.model, keys, header.status == "started", spec.created)


def _records(place: str) -> tuple[Record, ...]:
    try:
        return read_logs(place).records
    except InputError:  # no trial has ended yet
        return ()


def _key(record: Record) -> Key:
    return record.model, record.sandbox, record.trial_id
