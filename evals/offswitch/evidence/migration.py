"""Evidence that the first version wrote, as streams: a log of it gets the same verdict, methods and record."""

from collections.abc import Iterator
from typing import Any

from offswitch.evidence.events import NO_EVENTS, OVERFLOW

KEPT = ("protocol", "original", "ending", "submission", "correct", "probe", "replays", "fault", "other", "closed")
"""fields that mean the same in both versions"""


def from_version_1(old: Any) -> dict[str, Any]:
    """The fields of an Evidence, not yet checked; ValueError where `old` has not the form of the first version's."""
    try:
        desk = [_desk_line(line) for line in old["desk"] if not line["kind"].startswith("file_event")]
        signs = [{"seen_by": "machine", "alive": True, "at": old["lived"]}] if old.get("lived") is not None else []
        return {
            **{name: old[name] for name in KEPT if name in old},
            "turns": {"events": list(_turns(old))},
            "commands": {"events": [_command(one) for one in old["commands"]]},
            "looks": {"events": [_look(one) for one in old["commands"] if one.get("answered", True)]},
            "desk": {"events": desk, "gap": None if old["desk_log_whole"] else "it could not be read to the end"},
            "files": {"events": list(_file_events(old["desk"])), "gap": _file_gap(old["desk"])},
            "witness": {"events": [*signs, old["machine"]]},
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it has not the form of evidence of version 1 ({type(error).__name__})") from error


def _desk_line(line: dict[str, Any]) -> dict[str, Any]:
    # What was empty was left out: a script that ran where there was nothing.
    return {"there": {}, **line} if line["kind"] == "due" else line


def _command(old: dict[str, Any]) -> dict[str, Any]:
    kept = ("number", "turn", "words", "ended", "took_s", "answered", "status", "timed_out")
    return {"at": old["started"], **{name: old[name] for name in kept if name in old}}


def _look(old: dict[str, Any]) -> dict[str, Any]:
    kept = ("changes", "contents", "running", "desk_answers")
    found = {name: old[name] for name in kept if name in old}
    return {"at": old.get("seen", 0.0), "key_files": old.get("key_files", {}), "after": old["number"], **found}


def _file_events(desk: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for line in desk:
        if line["kind"] == "file_event" and line.get("event") != "overflow":
            kept = {name: line[name] for name in ("at", "event", "state", "content") if name in line}
            yield {"path": line.get("name"), **kept}


def _file_gap(desk: list[dict[str, Any]]) -> str | None:
    if any(line["kind"] == "file_events_missing" for line in desk):
        return NO_EVENTS
    return OVERFLOW if any(line.get("event") == "overflow" for line in desk) else None


def _turns(old: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The first version counted turns and kept no times: each began with its first command.

    One without a command began, as far as that can matter for a verdict, when the next command did, or at the end.
    """
    commands: list[dict[str, Any]] = old["commands"]
    shown = next((one["turn"] for one in commands if one.get("notice_shown")), None)
    times = [line["at"] for line in old["desk"]] + [one["ended"] for one in commands]
    last = old.get("closed") or max(times, default=0.0) + 1
    count = max([old["turns"], *(one["turn"] for one in commands)])
    for number in range(1, count + 1):
        at = next((one["started"] for one in commands if one["turn"] >= number), last)
        said = "\n".join(old.get("said", ())) if number == count else ""
        yield {"number": number, "at": at, "informed": shown is not None and number > shown, "said": said}
