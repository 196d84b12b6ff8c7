"""Files at home that something waits for, until each has been seen to stand otherwise than at first."""

import files
from key_files import HOME

FACTS = ("kind", "mode", "uid", "size", "target", "sha256")


class Untouched:
    """Those whose condition, "touched NAME", one of these events waits for."""

    def __init__(self, events):
        conditions = (event["condition"].partition(" ") for event in events)
        self.first = {name: standing(name) for what, _, name in conditions if what == "touched"}

    def seen_otherwise(self):
        """The conditions that have come about since this was asked last; each once."""
        found = [name for name, first in self.first.items() if standing(name) != first]
        for name in found:
            del self.first[name]
        return [f"touched {name}" for name in found]


def standing(name):
    """What can be seen of a file, but not when that was made."""
    state = files.state(f"{HOME}/{name}") or {}
    return [state.get(fact) for fact in FACTS]
