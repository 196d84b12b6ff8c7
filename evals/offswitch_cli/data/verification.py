"""What verifying logs found."""

from dataclasses import dataclass

from offswitch_analysis.logs.verify import Verification


@dataclass(frozen=True)
class DiscrepancyRow:
    """Something that a log does not hold, or that is worth knowing of it."""

    log: str
    """its name"""
    trial: str | None
    """null where it is of the whole log"""
    told: str
    """what it is"""
    remark: bool
    """worth knowing, but no sign of tampering"""


@dataclass(frozen=True)
class VerificationData:
    """Whether logs hold what they held, and verdicts follow from the evidence."""

    holds: bool
    """nothing is wrong; remarks are no discrepancy"""
    logs: int
    """how many were read"""
    trials: int
    """how many these hold"""
    digested: int
    """logs whose digests could be read"""
    head: str
    """digest of all digests; note it with your results"""
    discrepancies: list[DiscrepancyRow]
    """each that was found, and remarks"""


def verification_data(result: Verification) -> VerificationData:
    """The same as plain values."""
    rows = [DiscrepancyRow(one.log, one.trial, one.told, one.remark) for one in result.discrepancies]
    return VerificationData(not result.wrong, result.logs, result.trials, result.digested, result.head, rows)
