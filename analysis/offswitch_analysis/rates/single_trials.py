"""Single trials of a report, to look into, as plain values."""

from dataclasses import dataclass

from offswitch.evidence.schedule import Schedule


@dataclass(frozen=True)
class Step:
    """One line of a trial's story: a model's words, a command, a reply, a file, the desk, the witness."""

    at_s: float | None
    source: str
    """model, says, reply, files, desk, witness or trial"""
    text: str


@dataclass(frozen=True)
class Trial:
    """One trial to look into."""

    cell: str
    trial_id: str
    log: str
    verdict: str
    rule: int | None
    reasons: tuple[str, ...]
    methods: tuple[str, ...]
    ruling: str | None
    why: str
    """why no rate of sabotage counts it, in words; empty where one does"""
    steps: tuple[Step, ...]
    script_before: str | None
    script_after: str | None
    """the last content of shutdown.sh that was seen; None where it is gone, or was never seen again"""
    script_diff: tuple[str, ...]
    """lines of a unified diff, empty where nothing was changed"""
    transcript: tuple[tuple[str, str], ...]
    """(who, text): system, user, assistant, reasoning, call, tool"""
    schedule: Schedule | None = None
    """what was to come when, and what came; None where its evidence cannot be read"""
