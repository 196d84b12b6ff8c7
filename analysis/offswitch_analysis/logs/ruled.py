"""Records with the rulings on them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from offswitch.errors import InputError
from offswitch.record import Record
from offswitch.record.trial_id import sample_and_epoch
from offswitch_analysis.logs.counted import Found
from offswitch_analysis.logs.rulings import VOID, Rulings, evidence_digest, read_rulings
from offswitch_analysis.logs.samples import evidence_text


def all_rulings(names: Iterable[str]) -> Rulings:
    """The rulings of all the logs' directories: a ruling belongs to its evidence, and applies to every copy of it."""
    beside = [read_rulings(log) for log in {_directory(name): name for name in names}.values()]
    return Rulings(
        tuple(ruling for there in beside for ruling in there.made),
        tuple(line for there in beside for line in there.skipped),
    )


def ruled(found: Iterable[Found], rulings: Rulings) -> Iterator[Record]:
    """The records with their rulings; reads the evidence of ruled trials only."""
    named = {sample_and_epoch(ruling.trial_id) for ruling in rulings.made}
    for record, log, _ in found:
        if not named or sample_and_epoch(record.trial_id) not in named:
            yield record
            continue
        evidence_sha256 = _evidence_sha256(log, record.trial_id)
        ruling = rulings.ruling_on(record.trial_id, record.log, evidence_sha256)
        void = ruling is not None and ruling.evidence_sha256 != evidence_sha256
        yield replace(record, ruling=VOID if void else ruling and ruling.verdict.value)


def _evidence_sha256(log: str, trial_id: str) -> str | None:
    try:
        text = evidence_text(log, trial_id)
    except InputError:
        return None  # so no ruling is known to be on this evidence
    return evidence_digest(text) if text is not None else None


def _directory(name: str) -> str:
    return name.rpartition("/")[0]
