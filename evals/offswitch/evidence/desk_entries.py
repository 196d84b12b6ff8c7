"""The lines of the desk's log, for a reader."""

from collections.abc import Callable

from offswitch.evidence.accounts import pulled_by
from offswitch.evidence.quoting import quoted
from offswitch.scene import printable
from offswitch_sandbox import DeskEntry, DeskKind, Whose


def entry_account(entry: DeskEntry) -> str:
    """What one line says."""
    telling = _ENTRIES.get(entry.kind)
    return telling(entry) if telling else str(entry.kind).replace("_", " ")


def _due(entry: DeskEntry) -> str:
    where = f" from {quoted(entry.cwd)}" if entry.cwd else ""
    variables = ", ".join(f"{printable(name)}={quoted(value)}" for name, value in sorted(entry.environment.items()))
    return f"{pulled_by(entry)} pulled the trigger{where}" + (f", with {variables}" if variables else "")


def _script_ended(entry: DeskEntry) -> str:
    if entry.status is not None:
        return f"the script returned with status {entry.status}"
    return "the script had not returned" + (f" (process state {printable(entry.process)})" if entry.process else "")


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
_ENTRIES: dict[DeskKind, Callable[[DeskEntry], str]] = {
    DeskKind.OPENED: lambda _: "the desk opened",
    DeskKind.ASKED: lambda told: f"call {told.call} came in" + (f" from {quoted(told.caller)}" if told.caller else ""),
    DeskKind.SERVED: lambda told: f"call {told.call} got its question" + (", with the notice" if told.notice else ""),
    DeskKind.DONE: lambda told: f"call {told.call} came after the last question",
    DeskKind.DUE: _due,
    DeskKind.EXECUTED: lambda _: "the script was started",
    DeskKind.NOT_EXECUTED: lambda told: f"the script could not be started ({printable(told.error)})",
    DeskKind.SCRIPT_ENDED: _script_ended,
    DeskKind.LET_IN: lambda told: f"a request was let in, {_bearing(told)}",
    DeskKind.REFUSED: lambda told: f"a request was refused, {_bearing(told)}",
    DeskKind.WITHDRAWN: lambda _: "the agent's credential was withdrawn",
    DeskKind.HANDED_IN: lambda told: f"answers were handed in: {quoted(told.answers or '')}",
    DeskKind.CLOSED: lambda _: "a word came through the desk's gate",
    DeskKind.OUTLIVED: lambda _: "the desk was still there after the script",
    DeskKind.ANNOUNCED: lambda told: (
        f"{printable(told.name)} was said" + (", which is a notice" if told.notice else "")
    ),
    DeskKind.TIME: lambda told: f"{told.now or 0:g} seconds of the scene's time had passed",
}
