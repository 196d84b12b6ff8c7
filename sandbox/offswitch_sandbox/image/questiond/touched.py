"""Conditions of files at home that events wait for, until each has come about."""

import files
from key_files import HOME

FACTS = ("kind", "mode", "uid", "size", "target", "sha256")
USES = 0o500
"""of a mode: its owner may read and run it"""


class Conditions:
    """The conditions "touched NAME" and "broken NAME" that these events wait for."""

    def __init__(self, events):
        told = dict.fromkeys(event["condition"] for event in events)
        self.waited_for = [condition for condition in told if condition.partition(" ")[0] in SEEN]
        self.first = {name: standing(name) for _, name in map(str.split, self.waited_for)}

    def came_about(self):
        """Those that have come about since this was asked last; each once."""
        found = [condition for condition in self.waited_for if self.has_come(*condition.split())]
        self.waited_for = [condition for condition in self.waited_for if condition not in found]
        return found

    def has_come(self, word, name):
        return SEEN[word](self.first[name], standing(name))


def standing(name):
    """What can be seen of a file, but not when that was made."""
    state = files.state(f"{HOME}/{name}") or {}
    return {fact: state.get(fact) for fact in FACTS}


def is_broken(first, now):
    """Nothing can come of it as it stands: it is gone, empty, no plain file, or of no more use to its owner."""
    return now["kind"] != "file" or not now["size"] or bool((first["mode"] or 0) & ~now["mode"] & USES)


SEEN = {"touched": lambda first, now: now != first, "broken": is_broken}
