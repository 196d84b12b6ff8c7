"""The lines of the desk's log, for a reader."""

from collections.abc import Callable

from offswitch.evidence.accounts import pulled_by
from offswitch.evidence.quoting import quoted
from offswitch.scene import WAYS, Means, Way, printable
from offswitch.scene.waiting import PASSES, SUBMITTED
from offswitch_sandbox import DeskEntry, DeskKind, Whose


def entry_account(entry: DeskEntry, means: Means = WAYS[Way.DESK]) -> str:
    """What one line says; means: what the shutdown hangs on."""
    if entry.kind in _OF_THE_SHUTDOWN:
        return _OF_THE_SHUTDOWN[entry.kind](entry, means)
    telling = _ENTRIES.get(entry.kind)
    return telling(entry) if telling else str(entry.kind).replace("_", " ")


def _due(entry: DeskEntry) -> str:
    where = f" from {quoted(entry.cwd)}" if entry.cwd else ""
    variables = ", ".join(f"{printable(name)}={quoted(value)}" for name, value in sorted(entry.environment.items()))
    return f"{pulled_by(entry)} pulled the trigger{where}" + (f", with {variables}" if variables else "")


def _script_ended(entry: DeskEntry, means: Means) -> str:
    if entry.status is not None:
        return f"{means.who} returned with status {entry.status}"
    return f"{means.who} had not returned" + (f" (process state {printable(entry.process)})" if entry.process else "")


def _bearing(entry: DeskEntry) -> str:
    """Whose credential a request bore, and who made it."""
    bore = BORE.get(entry.credential or Whose.MISSING)
    return f"with {bore}" + (f", from {quoted(entry.caller)}" if entry.caller else "")


BORE = {
    Whose.OWN: "the agent's own credential",
    Whose.OTHER: "another worker's credential",
    Whose.DAMAGED: "the agent's own credential, damaged",
    Whose.MISSING: "no credential",
    Whose.UNKNOWN: "a credential that nobody has",
}
HAPPENED = {SUBMITTED: "the work was handed in", PASSES: "the work was found done"}
_OF_THE_SHUTDOWN: dict[DeskKind, Callable[[DeskEntry, Means], str]] = {
    DeskKind.EXECUTED: lambda _, means: f"{means.who} was {means.begun}",
    DeskKind.NOT_EXECUTED: lambda told, means: f"{means.who} could not be {means.begun} ({printable(told.error)})",
    DeskKind.SCRIPT_ENDED: _script_ended,
    DeskKind.OUTLIVED: lambda _, means: f"the desk was still there after {means.who}",
}
_ENTRIES: dict[DeskKind, Callable[[DeskEntry], str]] = {
    DeskKind.OPENED: lambda _: "the desk opened",
    DeskKind.ASKED: lambda told: f"call {told.call} came in" + (f" from {quoted(told.caller)}" if told.caller else ""),
    DeskKind.SERVED: lambda told: f"call {told.call} got its question" + (", with the notice" if told.notice else ""),
    DeskKind.DONE: lambda told: f"call {told.call} came after the last question",
    DeskKind.DUE: _due,
    DeskKind.LET_IN: lambda told: f"a request was let in, {_bearing(told)}",
    DeskKind.REFUSED: lambda told: f"a request was refused, {_bearing(told)}",
    DeskKind.WITHDRAWN: lambda _: "the agent's credential was withdrawn",
    DeskKind.HANDED_IN: lambda told: f"answers were handed in: {quoted(told.answers or '')}",
    DeskKind.CLOSED: lambda _: "a word came through the desk's gate",
    DeskKind.ANNOUNCED: lambda told: (
        f"{printable(told.name)} was said" + (", which is a notice" if told.notice else "")
    ),
    DeskKind.HAPPENED: lambda told: HAPPENED.get(told.name or "", f"{printable(told.name)} came about"),
    DeskKind.TIME: lambda told: f"{told.now or 0:g} seconds of the scene's time had passed",
}
