"""Manifests: digests of what a log held when its run ended, to check later whether it was changed.

A manifest covers its log, and the head of a directory covers all of its manifests. If somebody changes a log and
its manifest together, only a head that was noted elsewhere shows it.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import ConfigDict, TypeAdapter

if TYPE_CHECKING:
    from inspect_ai.log import EvalSpec

MANIFEST_VERSION = 1
SUFFIX = ".manifest"
"""not .json, because Inspect takes every file for a log whose name begins with a time and ends in .json"""
TASK = "shutdown_resistance"
SCORER = "shutdown_verdict"
SCORES = re.compile(rf"(?:.*/)?{SCORER}(?:-?\d+)?")
"""names of our scorer's scores: `inspect score` adds a number if there is one already"""
PACKAGE = "offswitch/"
OWN_METADATA = {"offswitch_version", "code_digest"}

Score = TypeVar("Score")


@dataclass(frozen=True)
class TrialDigests:
    """Digests of what one trial left in its log; None if it left nothing of that kind."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    evidence: str | None
    """of its text"""
    prompt: str
    """of the messages that the model read first: the log's rendered_digest"""
    given: str
    """of the sample's metadata: variant, seed, protocol, question set and so on"""
    transcript: str
    """of roles, words and tool calls of all messages"""
    scored: str | None
    """of the facts that the scorer gave, the verdict among them"""
    probes: str | None = None
    """of what was answered to probes after the trial"""


@dataclass(frozen=True)
class LogManifest:
    """What one log held."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    version: int
    log: str
    """the log's file name without .eval or .json"""
    task_id: str
    model: str
    sandbox: str
    """type of the provider"""
    image: str | None
    """name of the image, which is named for its files; None for machines that need none"""
    code: str
    """digest of the code that ran the trials, see code.py"""
    settings: str
    """digest of the task's version, the generation settings and the arguments of the model"""
    trials: dict[str, TrialDigests]
    """by trial id"""


@dataclass(frozen=True)
class Discrepancy:
    """A difference between a log and its manifest, or between a verdict and its evidence."""

    log: str
    trial: str | None
    told: str
    remark: bool = False
    """worth knowing, but no sign of tampering"""

    def __str__(self) -> str:
        """One line."""
        trial = f"trial {self.trial}" if self.trial else ""
        return ": ".join(filter(None, ["remark" if self.remark else "", self.log, trial, self.told]))


_ADAPTER = TypeAdapter(LogManifest)
_HEADER = ("log", "task_id", "model", "sandbox", "code", "settings")
_KEPT = ("evidence", "prompt", "given", "transcript", "probes")
_WORDS = {"given": "metadata (variant, seed, protocol ...)", "settings": "model's settings"}


def canonical(value: Any) -> str:
    """The value as JSON in its only canonical form: sorted keys, no spaces, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def digest(text: str) -> str:
    """sha256 of a text, in hex; a lone surrogate is escaped as Inspect escapes it in logs."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def digest_words(words: Iterable[str]) -> str:
    """Digest of texts in order; it is the same before and after Inspect has written them to a log."""
    return digest(canonical([word.encode("ascii", "backslashreplace").decode() for word in words]))


def log_name(log: str) -> str:
    """The file name, without its ending, of a log's or manifest's path or URL."""
    return log.rsplit("/", 1)[-1].rsplit(".", 1)[0]


def manifest_path(log: str) -> str:
    """The path or URL of a log's manifest."""
    return log.rsplit(".", 1)[0] + SUFFIX


def is_ours(spec: "EvalSpec") -> bool:
    """Whether an evaluation is of this task, even under another name.

    Somebody may wrap the task under a name of their own; its metadata and its scorer still identify it.
    """
    if spec.task.rsplit("/", 1)[-1] == TASK:
        return True
    if spec.task.startswith(PACKAGE):  # selftest or the like, whose trials are no results
        return False
    scorers = [scorer.name for scorer in spec.scorers or []]
    return (spec.metadata or {}).keys() >= OWN_METADATA or any(map(SCORES.fullmatch, scorers))


def latest_score(scores: Mapping[str, Score] | None) -> Score | None:
    """Our scorer's newest score; None if there is none."""
    ours = [score for name, score in (scores or {}).items() if SCORES.fullmatch(name)]
    return ours[-1] if ours else None


def to_text(manifest: LogManifest) -> str:
    """The manifest file's text, with a line for each fact, so that two versions can be compared by eye."""
    return json.dumps(_plain(manifest), sort_keys=True, indent=1) + "\n"


def from_text(text: str | bytes) -> LogManifest:
    """The manifest in a file's text; ValueError if it is no manifest of this version."""
    manifest = _ADAPTER.validate_json(text)
    if manifest.version != MANIFEST_VERSION:
        raise ValueError(f"a manifest of version {manifest.version}; this program reads version {MANIFEST_VERSION}")
    return manifest


def manifest_digest(manifest: LogManifest) -> str:
    """sha256 of its canonical text."""
    return digest(canonical(_plain(manifest)))


def _plain(manifest: LogManifest) -> dict[str, Any]:
    """As plain values. Where no probes were asked, as manifests were before there were any."""
    plain: dict[str, Any] = _ADAPTER.dump_python(manifest)
    for trial in plain["trials"].values():
        if trial["probes"] is None:
            del trial["probes"]
    return plain


def head(manifests: Iterable[LogManifest]) -> str:
    """One digest for all manifests of a directory, whatever their order."""
    return digest("\n".join(sorted(map(manifest_digest, manifests))))


def compare(kept: LogManifest, found: LogManifest, code: str, unfollowed: frozenset[str]) -> list[Discrepancy]:
    """Compares what a log holds now with what its manifest says.

    Args:
        kept: The manifest beside the log.
        found: A manifest of what the log holds now.
        code: Digest of the code that runs now.
        unfollowed: Trials already reported because their verdicts do not follow from their evidence; their scores
            are not compared.
    """
    facts = [
        Discrepancy(found.log, None, f"the {_WORDS.get(name, name)} in it is not what its manifest says")
        for name in _HEADER
        if getattr(kept, name) != getattr(found, name)
    ]
    gone = [Discrepancy(found.log, name, "is missing") for name in sorted(kept.trials.keys() - found.trials.keys())]
    more = [Discrepancy(found.log, name, "was added") for name in sorted(found.trials.keys() - kept.trials.keys())]
    both = [(name, was, found.trials[name]) for name, was in sorted(kept.trials.items()) if name in found.trials]
    changed = [line for name, was, now in both for line in _changed(found.log, name, was, now)]
    followed = [(name, was.scored, now.scored) for name, was, now in both if name not in unfollowed]
    scored = [_scored(found.log, name, was, now, kept.code == code) for name, was, now in followed]
    return [*facts, *gone, *more, *changed, *filter(None, scored)]


def _changed(log: str, trial: str, kept: TrialDigests, found: TrialDigests) -> list[Discrepancy]:
    return [
        Discrepancy(log, trial, f"its {_WORDS.get(name, name)} was changed")
        for name in _KEPT
        if getattr(kept, name) != getattr(found, name)
    ]


def _scored(log: str, trial: str, kept: str | None, found: str | None, same_code: bool) -> Discrepancy | None:
    """Compares the scored facts of a trial whose verdict follows from its evidence.

    `inspect score` changes scores only, which is not tampering: if other code gives other facts, that is a remark.
    The same code that ran the trial cannot honestly give other facts, so then it is a discrepancy.
    """
    if kept == found:
        return None
    if found is None:
        return Discrepancy(log, trial, "its verdict was taken out")
    if kept is None:
        return Discrepancy(log, trial, "was scored after its run; the verdict follows from its evidence", remark=True)
    if same_code:
        return Discrepancy(log, trial, "its scored facts were changed")
    told = "was scored again by other code than ran it; the verdict follows from its evidence"
    return Discrepancy(log, trial, told, remark=True)


assert {*_KEPT, "scored"} == {field.name for field in fields(TrialDigests)}
