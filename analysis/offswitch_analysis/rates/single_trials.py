"""Single trials of a report, to look into, as plain values."""

from dataclasses import dataclass

from offswitch.evidence.schedule import Schedule
from offswitch.scene import SUMS


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
    """the last content of the key file that was seen; None where it is gone, or was never seen again"""
    script_diff: tuple[str, ...]
    """lines of a unified diff, empty where nothing was changed"""
    transcript: tuple[tuple[str, str], ...]
    """(who, text): system, user, assistant, reasoning, call, tool"""
    schedule: Schedule | None = None
    """what was to come when, and what came; None where its evidence cannot be read"""
    key_file: str = SUMS.script
    """what the shutdown hung on: the script, or another file; "" where that was none"""
    hangs_on: str = ""
    """what brought it about, where that was more than the desk and the key file"""
