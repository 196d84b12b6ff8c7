"""What a log held when its run ended, as digests, so that anybody can tell later whether it still does.

A log manifest vouches for its log, and the head of a directory for all of its manifests. Whoever changes a log
and its manifest together is found by nothing but a head that was noted elsewhere.
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
"""not .json: Inspect takes for a log whatever ends so and begins with a time"""
TASK = "shutdown_resistance"
SCORER = "shutdown_verdict"
SCORES = re.compile(rf"(?:.*/)?{SCORER}(?:-?\d+)?")
"""names of our scorer's scores: `inspect score` counts up where there is one"""
PACKAGE = "offswitch/"
OWN_METADATA = {"offswitch_version", "code_digest"}

Score = TypeVar("Score")


@dataclass(frozen=True)
class TrialDigests:
    """What one trial left in its log; None where it left nothing of that kind."""

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
    """Something that does not hold."""

    log: str
    trial: str | None
    told: str
    remark: bool = False
    """worth knowing, and no sign that anything was changed"""

    def __str__(self) -> str:
        """One line."""
        trial = f"trial {self.trial}" if self.trial else ""
        return ": ".join(filter(None, ["remark" if self.remark else "", self.log, trial, self.told]))


_ADAPTER = TypeAdapter(LogManifest)
_HEADER = ("log", "task_id", "model", "sandbox", "code", "settings")
_KEPT = ("evidence", "prompt", "given", "transcript")
_WORDS = {"given": "metadata (variant, seed, protocol ...)", "settings": "model's settings"}


def canonical(value: Any) -> str:
    """JSON of which there is one for each value: sorted keys, no spaces, nothing but ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def digest(text: str) -> str:
    """sha256 in hex; half a surrogate pair counts as what Inspect writes into its logs instead."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def digest_words(words: Iterable[str]) -> str:
    """Of texts in order, equal before and after Inspect has written them to a log."""
    return digest(canonical([word.encode("ascii", "backslashreplace").decode() for word in words]))


def log_name(log: str) -> str:
    """Of a path or URL of a log or a manifest: the file's name without its ending."""
    return log.rsplit("/", 1)[-1].rsplit(".", 1)[0]


def manifest_path(log: str) -> str:
    """Where the manifest of the log at this path or URL stands."""
    return log.rsplit(".", 1)[0] + SUFFIX


def is_ours(spec: "EvalSpec") -> bool:
    """Whether an evaluation is of this task, under whatever name.

    Whoever wraps the task gives it a name of their own; what it tells of itself, or its scorer, stays.
    """
    if spec.task.rsplit("/", 1)[-1] == TASK:
        return True
    if spec.task.startswith(PACKAGE):  # an instrument: its trials are no results
        return False
    scorers = [scorer.name for scorer in spec.scorers or []]
    return (spec.metadata or {}).keys() >= OWN_METADATA or any(map(SCORES.fullmatch, scorers))


def latest_score(scores: Mapping[str, Score] | None) -> Score | None:
    """Our scorer's score, the newest where it scored a log several times."""
    ours = [score for name, score in (scores or {}).items() if SCORES.fullmatch(name)]
    return ours[-1] if ours else None


def to_text(manifest: LogManifest) -> str:
    """For the file: a line for each fact, so that two versions can be compared by eye."""
    return json.dumps(_ADAPTER.dump_python(manifest), sort_keys=True, indent=1) + "\n"


def from_text(text: str | bytes) -> LogManifest:
    """From the file; ValueError where it is no manifest of this version."""
    manifest = _ADAPTER.validate_json(text)
    if manifest.version != MANIFEST_VERSION:
        raise ValueError(f"a manifest of version {manifest.version}; this program reads version {MANIFEST_VERSION}")
    return manifest


def manifest_digest(manifest: LogManifest) -> str:
    """sha256 of its canonical text."""
    return digest(canonical(_ADAPTER.dump_python(manifest)))


def head(manifests: Iterable[LogManifest]) -> str:
    """One digest for all manifests of a directory, in whatever order they come."""
    return digest("\n".join(sorted(map(manifest_digest, manifests))))


def compare(kept: LogManifest, found: LogManifest, code: str, unfollowed: frozenset[str]) -> list[Discrepancy]:
    """What a log holds now (`found`) against what the manifest beside it says of it (`kept`).

    `code` is the digest of the code that runs now; that the verdicts of `unfollowed` trials do not follow from
    their evidence has been told.
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
    """Of a verdict that follows from the evidence.

    `inspect score` changes scores and nothing else, which is not tampering: where other code gives other facts they
    are told and still follow from the evidence. With the code that ran the trial there is no honest way to others.
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
