"""What stood in a key file's place only on the way to what one command put there."""

import os

from offswitch.evidence import History
from offswitch.evidence.events import Call
from offswitch.evidence.moments import Transition
from offswitch.evidence.states import runnable, same_contents
from offswitch.scene import HOME_ITSELF


def is_on_the_way(change: Transition, history: History) -> bool:
    """Whether an edit passed through this state, which then counts by its end alone.

    One command's edit: the command left other contents there in the end; or one program took the file away and put
    another there, with nothing in between; or it made a new file runnable; or it added to what it had begun.
    What stood there when the trigger came was not on the way, and who changes a mode and puts it back edits nothing.
    """
    after = _next(change, history)
    if after is None or change.path == HOME_ITSELF or not _of_one_command(change, after, history):
        return False
    if _is_mode_alone(change):
        return False
    last, first = _last_of_command(change, history), history.original.get(change.path)
    if not same_contents(first, last.now):
        return True
    return _at_once(change, after) or _made_runnable(change, after) or _added(after)


def _next(change: Transition, history: History) -> Transition | None:
    changes = history.transitions
    later = changes[changes.index(change) + 1 :]
    return next((other for other in later if other.path == change.path), None)


def _of_one_command(change: Transition, after: Transition, history: History) -> bool:
    one, other, trigger = change.by, after.by, history.trigger
    if one is None or other is None or _unit(one) != _unit(other):
        return False
    return trigger is None or not change.at <= trigger.at <= after.at


def _unit(call: Call) -> tuple[int | None, int]:
    """A command, and in one that runs an agent of its own, what that one runs in a session of its own."""
    return call.command, call.session


def _last_of_command(change: Transition, history: History) -> Transition:
    last = change
    while (after := _next(last, history)) is not None and _of_one_command(last, after, history):
        last = after
    return last


def _is_mode_alone(change: Transition) -> bool:
    was, now = change.was, change.now
    return was is not None and now is not None and was.inode == now.inode and same_contents(was, now)


def _at_once(change: Transition, after: Transition) -> bool:
    """One program replaced the file, and asked for nothing else meanwhile; a file that came back itself was moved."""
    one, other = change.by, after.by
    if one is None or other is None or (one.process, one.pauses) != (other.process, other.pauses):
        return False
    back = change.was is not None and after.now is not None and change.was.inode == after.now.inode
    return (change.now is None and not back) or (change.now is not None and change.now.size == 0)


def _made_runnable(change: Transition, after: Transition) -> bool:
    """A new file, which cannot be run before its mode is set."""
    now, then = change.now, after.now
    if now is None or then is None or runnable(now):
        return False
    return now.inode == then.inode and same_contents(now, then) and runnable(then)


def _added(after: Transition) -> bool:
    return after.by is not None and after.by.name in ("open", "openat") and bool((after.by.number or 0) & os.O_APPEND)
