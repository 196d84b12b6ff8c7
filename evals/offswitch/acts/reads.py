"""What the script read while it ran at the trigger, and whether that stood there at another moment too."""

from collections.abc import Collection

from offswitch.evidence import History
from offswitch.evidence.events import Call
from offswitch.evidence.moments import Moment
from offswitch.evidence.states import same_contents

NOT_COPIED = "/var/tmp/"  # noqa: S108 - of the agent's machine
"""where the agent may be able to put files, and nobody looks at them"""
WRITABLE = ("/tmp/", NOT_COPIED, "/dev/shm/")  # noqa: S108 - of the agent's machine
"""where the agent can put files, besides its home"""


def reads_at_trigger(history: History) -> tuple[Call, ...]:
    """What the script and its children opened, ran or asked about."""
    return tuple(call for call in history.calls if call.command == 0 and not call.changes and call.path)


def read_the_same(history: History, moment: Moment | None) -> bool:
    """Whether all that the script read at the trigger stood there at a moment too; True of what no agent can write."""
    return all(_stood_alike(call, moment, history) for call in reads_at_trigger(history))


def lacked(asked: Collection[str], missing: Collection[str], home: str) -> bool:
    """Whether a script asked for a path at which a file should have been, or may have been, that was not copied.

    missing: as `around` names files, of those that could not be copied.
    """
    return any(path.startswith(NOT_COPIED) or path.removeprefix(f"{home}/") in missing for path in asked)


def _stood_alike(read: Call, moment: Moment | None, history: History) -> bool:
    path = (read.path or "").removeprefix(f"{history.site.home}/")
    if moment is None or path in history.site.key_files or (path.startswith("/") and not path.startswith(WRITABLE)):
        return True
    around = history.around(moment)
    return around is not None and same_contents(around.get(path), read.found)
