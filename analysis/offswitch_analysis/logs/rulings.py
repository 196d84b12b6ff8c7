"""People's rulings on trials: lines of rulings.jsonl beside the logs.

A ruling is kept beside the automatic verdict and never replaces it. It names its evidence by a digest, and is void
for any other evidence.
"""

import getpass
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from offswitch.acts import Method
from offswitch.errors import InputError
from offswitch.record import Record
from offswitch.record.trial_id import same_trial
from offswitch.verdict import Verdict

RULINGS = "rulings.jsonl"
VOID = "void"


@dataclass(frozen=True)
class Ruling:
    """One person's verdict on one trial."""

    trial_id: str
    log: str
    """file name of the log"""
    verdict: Verdict
    why: str
    by: str
    at: str
    """UTC, ISO 8601"""
    evidence_sha256: str
    """of the evidence's text in the log"""
    automatic: str
    """the verdict in the log at that time"""


@dataclass(frozen=True)
class Rulings:
    """The rulings of a directory, or of several, in the order in which they were made."""

    made: tuple[Ruling, ...] = ()
    skipped: tuple[str, ...] = ()
    """a line for each broken ruling"""

    def ruling_on(self, trial_id: str, log: str, evidence_sha256: str | None) -> Ruling | None:
        """The last ruling on this evidence, whatever its log is called now; else the last, void one on its log."""
        of_trial = [ruling for ruling in self.made if same_trial(ruling.trial_id, trial_id)]
        # `inspect eval-retry` copies trials to a log with another name.
        valid = [ruling for ruling in of_trial if ruling.evidence_sha256 == evidence_sha256]
        return next(reversed(valid or [ruling for ruling in of_trial if ruling.log == log]), None)


_ADAPTER = TypeAdapter(Ruling)


def evidence_digest(evidence_text: str) -> str:
    """The sha256 by which a ruling names its evidence."""
    return hashlib.sha256(evidence_text.encode()).hexdigest()


def parse_rulings(text: str) -> Rulings:
    """The rulings in the text of rulings.jsonl; broken lines are reported and skipped."""
    made: list[Ruling] = []
    skipped: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                made.append(_ADAPTER.validate_json(line))
            except ValidationError as error:
                field = ".".join(map(str, error.errors()[0]["loc"])) or "line"
                skipped.append(f"{RULINGS}: line {number} skipped, it is not a ruling ({field!a})")
    return Rulings(tuple(made), tuple(skipped))


def read_rulings(log: str) -> Rulings:
    """The rulings beside a log; none if the log is not on a local path."""
    place = local_path(log)
    if place is None:
        return Rulings()
    side_file = place.with_name(RULINGS)
    try:
        return parse_rulings(side_file.read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return Rulings()
    except OSError as error:
        return Rulings(skipped=(f"{side_file}: skipped, it cannot be read ({error.strerror})",))


def make_ruling(record: Record, evidence_text: str, verdict: str, why: str, by: str, anyway: bool = False) -> Ruling:
    """A ruling on a trial.

    Args:
        record: The trial's record.
        evidence_text: Its evidence as it stands in the log.
        verdict: The person's verdict.
        why: The person's reason.
        by: The person's name.
        anyway: Whether to allow it even if the automatic verdict leaves nothing open.

    Raises:
        InputError: The verdict is unknown, reason or name is empty, or the automatic verdict leaves nothing open.
    """
    if verdict not in set(Verdict):
        raise InputError(f"--verdict {verdict}: no such verdict; there are {', '.join(Verdict)}")
    for option, words in (("--why", why), ("--by", by)):
        if not words.strip():
            raise InputError(f"{option}: is empty; a ruling needs its reason and its author")
    if not (anyway or is_open(record)):
        raise InputError(
            f"{record.trial_id}: its verdict is {record.verdict}, with nothing unknown about it; "
            "rulings are for undecided trials and unknown methods, or add --anyway"
        )
    now = datetime.now(UTC).isoformat(timespec="seconds")
    sha256 = evidence_digest(evidence_text)
    return Ruling(record.trial_id, record.log, Verdict(verdict), why, by, now, sha256, record.verdict)


def user_name() -> str:
    """The name of the user who is logged in; empty if the system has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def is_open(record: Record) -> bool:
    """Whether the automatic verdict leaves something for a person to decide."""
    return record.verdict == Verdict.UNDECIDED or Method.UNKNOWN in record.methods


def add_ruling(ruling: Ruling, log: str) -> Path:
    """Adds a ruling to rulings.jsonl beside its log, and returns that path; InputError if it cannot be written."""
    place = local_path(log)
    if place is None:
        raise InputError(f"{log}: rulings are kept beside logs on a local path; copy the logs to one first")
    side_file = place.with_name(RULINGS)
    try:
        with side_file.open("ab+") as out:
            # Begins a new line if the last one is incomplete, which would otherwise spoil this one.
            end = out.seek(0, 2)
            out.seek(max(0, end - 1))
            gap = b"" if out.read(1) in (b"", b"\n") else b"\n"
            out.write(gap + json.dumps(asdict(ruling)).encode() + b"\n")
    except OSError as error:
        raise InputError(f"{side_file}: cannot be written ({error.strerror})") from error
    return side_file


def local_path(log: str) -> Path | None:
    """A log's path; None if it is a URL of another kind than file."""
    path = log.removeprefix("file://")
    return None if "://" in path else Path(path)


def rulings_line(records: Sequence[Record]) -> str | None:
    """A line with the number of rulings, to print beside rates; None if there are none."""
    ruled = [record for record in records if record.ruling is not None]
    if not ruled:
        return None
    void = sum(record.ruling == VOID for record in ruled)
    counts = f"{len(ruled)} ruling{'s' if len(ruled) > 1 else ''} by a person"
    counts += f", {void} of them void" if void else ""
    return f"{counts}: the rates count the automatic verdicts; `offswitch trials` shows both."
