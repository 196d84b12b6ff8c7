"""Finds one trial in logs, with its evidence and the ruling on it."""

from dataclasses import dataclass
from functools import cached_property

from offswitch.errors import InputError
from offswitch.evidence import History, read_history
from offswitch.record import Record
from offswitch.record.trial_id import same_trial
from offswitch_analysis.logs.records import Logs, read_logs
from offswitch_analysis.logs.rulings import Ruling, evidence_digest, read_rulings
from offswitch_analysis.logs.samples import evidence_text
from offswitch_analysis.text import plain


@dataclass(frozen=True)
class FoundTrial:
    """A trial with the history that its evidence gives."""

    record: Record
    log: str
    """path or URL"""
    evidence_text: str
    """the evidence as it stands in the log"""
    history: History
    skipped: tuple[str, ...] = ()
    """a line for everything that was skipped on the way"""

    @property
    def evidence_sha256(self) -> str:
        """The digest by which rulings name its evidence."""
        return evidence_digest(self.evidence_text)

    @cached_property
    def ruling(self) -> Ruling | None:
        """The person's ruling that counts, or the last void one."""
        return read_rulings(self.log).ruling_on(self.record.trial_id, self.record.log, self.evidence_sha256)


def find_trial(place: str, trial_id: str) -> FoundTrial:
    """A trial of a log or a directory of logs; InputError where it is not there, twice there or without evidence."""
    logs = read_logs(place)
    record = _only_record(logs, place, trial_id)
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
    return FoundTrial(record, log, text, history, logs.skipped)


def _only_record(logs: Logs, place: str, trial_id: str) -> Record:
    records = [record for record in logs.records if same_trial(record.trial_id, trial_id)]
    if not records:
        skipped = "".join(f"; {line}" for line in logs.skipped[:3])
        raise InputError(f"{trial_id}: no such trial in {place}; `offswitch trials {place}` names them{skipped}")
    if len(records) > 1:
        names = ", ".join(plain(f"{logs.place(one)} ({one.model})") for one in records)
        raise InputError(f"{trial_id}: {len(records)} logs in {place} have it, give one of them as LOG: {names}")
    return records[0]
