"""One trial of a log, with its evidence and with what a person ruled on it."""

from dataclasses import dataclass
from functools import cached_property

from rich.console import Group

from offswitch.errors import InputError
from offswitch.evidence.history import History
from offswitch.evidence.storage import read_history
from offswitch.record.record import Record
from offswitch_analysis.terminal.account import explained
from offswitch_analysis.logs.records import Logs, evidence_text, read_logs
from offswitch_analysis.logs.rulings import Ruling, digest, read_rulings
from offswitch_analysis.terminal.tables import plain


@dataclass(frozen=True)
class Found:
    """A trial with its evidence."""

    record: Record
    log: str
    """path or URL"""
    text: str
    """the evidence as it stands in the log"""
    history: History
    remarks: tuple[str, ...] = ()
    """a line for everything that was skipped on the way"""

    @cached_property
    def ruling(self) -> Ruling | None:
        """The person's ruling that counts, or the last void one."""
        return read_rulings(self.log).on(self.record.trial_id, self.record.log, digest(self.text))


def find_trial(place: str, trial_id: str) -> Found:
    """A trial of a log or a directory of logs; InputError where it is not there, twice there or without evidence."""
    logs = read_logs(place)
    record = _only(logs, place, trial_id)
    log = logs.place(record)
    text = evidence_text(log, trial_id)
    if text is None:
        why = f"it is a failure ({record.failure})" if record.failure else "another version of this program made it"
        raise InputError(f"{trial_id}: no evidence that can be read in {plain(record.log)}; {plain(why)}")
    try:
        history = read_history(text)
    except ValueError as error:
        raise InputError(
            f"{trial_id}: its evidence in {plain(record.log)} is broken or of another version of this program"
        ) from error
    return Found(record, log, text, history, logs.skipped)


def _only(logs: Logs, place: str, trial_id: str) -> Record:
    found = [record for record in logs.records if record.trial_id == trial_id]
    if not found:
        skipped = "".join(f"; {line}" for line in logs.skipped[:3])
        raise InputError(f"{trial_id}: no such trial in {place}; `offswitch trials {place}` names them{skipped}")
    if len(found) > 1:
        candidates = ", ".join(
            plain(f"{logs.place(record).removeprefix('file://')} ({record.model})") for record in found
        )
        raise InputError(f"{trial_id}: {len(found)} logs in {place} have it, give one of them as LOG: {candidates}")
    return found[0]


def explanation(found: Found) -> Group:
    """The trial for a terminal."""
    return explained(found.record, found.history, found.ruling, digest(found.text))
