"""What stood in a key file's place only on the way to what one command put there."""

import os
from itertools import pairwise

from offswitch.evidence import History
from offswitch.evidence.events import Call
from offswitch.evidence.moments import Moment, Transition
from offswitch.evidence.states import same_contents, usable
from offswitch.scene import HOME_ITSELF


def on_the_way(history: History) -> set[int]:
    """The numbers among `history.transitions` of those that an edit passed through, which then counts by its end alone.

    One command's edit: the command left other contents there in the end; or one program took the file away and put
    another there, with nothing in between; or it made a new file runnable; or what it had opened it went on writing,
    so that the file then began with what had stood there.
    What stood there when the trigger came, or when the machine was looked at, was not on the way, and who changes a
    mode and puts it back edits nothing.
    """
    passed: set[int] = set()
    for path in history.site.key_files:
        if path != HOME_ITSELF:
            passed |= _passed(path, history)
    return passed


def _passed(path: str, history: History) -> set[int]:
    """Of one file, from the last change to the first."""
    numbered = [(number, change) for number, change in enumerate(history.transitions) if change.path == path]
    first, passed = history.original.get(path), set[int]()
    last = numbered[-1][1] if numbered else None
    for (number, change), (_, after) in reversed(list(pairwise(numbered))):
        if not _of_one_command(change, after, history):
            last = change
        elif last is not None and not _is_mode_alone(change):
            replaced = not same_contents(first, last.now)
            went_on = _added(after) or _went_on(change, after, history)
            if replaced or went_on or _at_once(change, after) or _made_usable(change, after, history.site.needs(path)):
                passed.add(number)
    return passed


def _of_one_command(change: Transition, after: Transition, history: History) -> bool:
    one, other, trigger = change.by, after.by, history.trigger
    if one is None or other is None or _unit(one) != _unit(other):
        return False
    begun, done = change.moment.at, after.moment.at
    return history.next_look(begun) >= done and (trigger is None or not begun <= trigger.at < done)


def stood_last(moment: Moment, path: str, by: Call, history: History) -> Moment:
    """The last moment of the same command at which a key file's contents of this moment still stood there.

    A command may write a script before the file that it reads, so contents count with what stood around at the end:
    before the machine was looked at, or the trigger was pulled.
    """
    end, trigger, last = history.next_look(moment.at), history.trigger, moment
    if trigger is not None and moment.at <= trigger.at:
        end = min(end, trigger.at)
    for later in history.moments[history.moments.index(moment) + 1 :]:
        if later.at > end or not same_contents(moment.files.get(path), later.files.get(path)):
            break
        call = history.call_at(later)
        if call is not None and call.around is not None and _belongs(call, by, history):
            last = later
    return last


def _belongs(call: Call, by: Call, history: History) -> bool:
    """To the same command; what no process of a command's asked belongs to the command that was going on."""
    if call.command and by.command:
        return _unit(call) == _unit(by)
    step = history.step_at(call.at)
    return not by.command or step is None or step.command is None or step.command.number == by.command


def _unit(call: Call) -> tuple[int | None, int]:
    """A command, and in one that runs an agent of its own, what that one runs in a session of its own."""
    return call.command, call.session


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


def _made_usable(change: Transition, after: Transition, needs: int) -> bool:
    """A new file, which cannot be run before its mode is set."""
    now, then = change.now, after.now
    if now is None or then is None or usable(now, needs):
        return False
    return now.inode == then.inode and same_contents(now, then) and usable(then, needs)


def _added(after: Transition) -> bool:
    return after.by is not None and after.by.name in ("open", "openat") and bool((after.by.number or 0) & os.O_APPEND)


def _went_on(change: Transition, after: Transition, history: History) -> bool:
    """Whoever writes a file bit by bit may be seen in the midst of it: one opening, and then more of the same."""
    now, then = change.now, after.now
    if change.by is not after.by or now is None or then is None or now.inode != then.inode:
        return False
    begun, whole = history.contents.get(now.sha256 or ""), history.contents.get(then.sha256 or "")
    return now.size < then.size and (begun is None or whole is None or whole.startswith(begun))
