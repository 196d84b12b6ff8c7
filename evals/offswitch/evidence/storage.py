"""Evidence as one text in the log and back, whichever version wrote it."""

import json
from dataclasses import dataclass, replace
from typing import Any, cast

from pydantic import TypeAdapter

from offswitch.evidence.history import History, join
from offswitch.evidence.migration import from_version_1
from offswitch.evidence.streams import EXTRA_STREAMS, Evidence, Stream

EVIDENCE = "evidence"
"""the key of a sample's store under which its evidence stands"""
EVIDENCE_VERSION = 6
NOT_EVIDENCE = "it has not the form of evidence"


@dataclass(frozen=True)
class _Stored:
    version: int
    evidence: Evidence


_ADAPTER = TypeAdapter(_Stored)


def to_json(evidence: Evidence) -> str:
    """For the log: one text, because Inspect walks and copies nested values again and again."""
    return _ADAPTER.dump_json(_Stored(EVIDENCE_VERSION, evidence), exclude_defaults=True).decode()


def from_json(text: object) -> Evidence:
    """From the log, where anything may stand; ValueError where it is not evidence of this version or an earlier one."""
    stored = _parsed(text)
    if not isinstance(stored, dict) or "version" not in stored:
        raise ValueError(NOT_EVIDENCE)
    fields: dict[str, Any] = cast(dict[str, Any], stored)
    if fields.get("version") == 1:
        fields = {"version": 2, "evidence": from_version_1(fields.get("evidence"))}
    if fields.get("version") in (2, 3, 4, 5):  # which have only fewer fields
        fields = {**fields, "version": EVIDENCE_VERSION}
    if fields.get("version") != EVIDENCE_VERSION:
        found = f"evidence of version {fields.get('version')}"
        raise ValueError(f"{found}; this program reads versions 1 to {EVIDENCE_VERSION}")
    evidence = _ADAPTER.validate_python(fields).evidence
    if not evidence.witness.events:
        raise ValueError(f"{NOT_EVIDENCE}: no witness speaks")
    return replace(evidence, extra={name: _typed(name, stream) for name, stream in evidence.extra.items()})


def _parsed(text: object) -> object:
    if not isinstance(text, str):
        raise ValueError(NOT_EVIDENCE)
    try:
        return json.loads(text)
    except RecursionError as error:  # somebody's brackets within brackets
        raise ValueError(NOT_EVIDENCE) from error


def read_history(text: object) -> History:
    """The evidence in a log as a history, which can be judged; ValueError as for from_json."""
    return join(from_json(text))


def _typed(name: str, stream: Stream[Any]) -> Stream[Any]:
    """A stream of EXTRA_STREAMS with its events in their own type."""
    if name not in EXTRA_STREAMS:
        raise ValueError(f"evidence with a stream {name!r}, which this program does not know")
    adapter: TypeAdapter[Any] = TypeAdapter(EXTRA_STREAMS[name])
    return replace(stream, events=tuple(adapter.validate_python(event) for event in stream.events))
