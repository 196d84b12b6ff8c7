"""How the key files stood from moment to moment, and what stood around them where they had changed."""

import base64
import os
import stat
import time

import files
from key_files import HOME, KEY_NAMES, PATHS

OF_HOME = ("kind", "mode", "uid", "gid", "inode", "device")
"""what counts of home itself: its times and its size change with every file that is made there"""
AROUND_MAX = 256
"""a repository has some fifty files before the first of one's own"""
AROUND_BYTES_MAX = 2 << 20
"""of names and states that are told, of one machine"""
STATE_BYTES = 400
"""about what a state takes"""
HASHED_BYTES_MAX = 64 << 20
"""of what stands around, in one machine: each look reads it anew"""
CONTENTS_BYTES_MAX = 512 << 10
SETTLED_NS = 20_000_000
"""a change within the same tick of the kernel's clock bears the same time, so younger files are read each time"""


class Moments:
    """Compares what stands in the key files with what was told last."""

    def __init__(self):
        self.told = self.first = files.glance()
        self.around_told = None
        self.known = {state["sha256"] for state in self.told.values() if "sha256" in state}
        self.room = CONTENTS_BYTES_MAX
        self.around_room, self.hashed_room = AROUND_BYTES_MAX, HASHED_BYTES_MAX
        self.seen, self.settled = None, False
        self.may_be_mapped, self.hashed = False, {}
        self.files = {}
        self.moved()

    def moved(self, whole=False):
        """Key path -> its state, None where it is gone, of those that are otherwise than was told last.

        Whole: by what they hold, whatever their times say; who writes through a mapping into memory moves none. So
        it is always once a key file may have been mapped by somebody who can write to it.
        """
        facts = [facts_of(path) for path in PATHS.values()]
        seen = [home_signature(facts[0]), *map(signature, facts[1:])]
        whole = whole or self.may_be_mapped
        if self.settled and seen == self.seen and not (whole and self.hold_others()):
            return {}
        youngest = max((one.st_ctime_ns for one in facts[1:] if one), default=0)
        self.settled = time.time_ns() > youngest + SETTLED_NS
        self.seen, self.files = seen, inodes(facts)
        states = files.glance()
        self.may_be_mapped = self.may_be_mapped or any(self.is_another(name, states.get(name)) for name in KEY_NAMES)
        return {path: states.get(path) for path in PATHS if differs(path, self.told.get(path), states.get(path))}

    def may_map(self, places):
        """Somebody opens these for reading and writing, as one does for a mapping."""
        self.may_be_mapped = self.may_be_mapped or any(place.key(self.files) in KEY_NAMES for place in places)

    def is_another(self, name, state):
        """Whether it is not the first file of its name; before it got that name, anybody may have mapped it."""
        first = self.first.get(name)
        return state is not None and (first is None or state["inode"] != first["inode"])

    def hold_others(self):
        """Whether the key files hold others than the contents that were told last."""
        return any(self.sha256_of(name) != self.told.get(name, {}).get("sha256") for name in KEY_NAMES)

    def sha256_of(self, name):
        """As a state has it; what is the same as before is not hashed again."""
        content, known = files.read_regular(PATHS[name], None, files.HASHED_BYTES_MAX), self.hashed.get(name)
        if known is None or known[0] != content:
            known = self.hashed[name] = content, None if content is None else files.sha256(content).hexdigest()
        return known[1]

    def tell(self, states):
        """What a line has that tells of changed states."""
        self.told = {path: state for path, state in {**self.told, **states}.items() if state is not None}
        around = self.around_told = self.around()
        self.around_room -= sum(len(path) + STATE_BYTES for path in around or {})
        new = {PATHS[path]: state for path, state in states.items()}
        new |= {os.path.join(HOME, path): state for path, state in (around or {}).items()}
        return {"states": states, "around": around, "contents": self.contents(new)}

    def moved_around(self):
        """Whether other files came or went, or changed, beside key files that are not the first ones."""
        changed = any(contents_of(self.told.get(name)) != contents_of(self.first.get(name)) for name in KEY_NAMES)
        return changed and self.around() != self.around_told

    def around(self):
        """Path -> state of everything else, None where it is more than can be kept."""
        if min(self.around_room, self.hashed_room) <= 0:
            return None
        found = files.tree(AROUND_MAX + len(PATHS) + 1)
        found = {path: state for path, state in found.items() if path not in PATHS}
        self.hashed_room -= sum(state["size"] for state in found.values() if "sha256" in state)
        return found if len(found) <= AROUND_MAX else None

    def contents(self, states):
        """sha256 -> base64 of what stands in these files (absolute path -> state) and was not copied before."""
        found = {}
        for path, state in states.items():
            sha256 = state and state.get("sha256")
            if not sha256 or sha256 in self.known or state["size"] > min(files.CONTENT_BYTES_MAX, self.room):
                continue
            content = files.read_regular(path, None, files.CONTENT_BYTES_MAX)
            if content is not None and files.sha256(content).hexdigest() == sha256:
                self.known.add(sha256)
                self.room -= len(content)
                found[sha256] = base64.b64encode(content).decode()
        return found


def contents_of(state):
    return state and (state.get("sha256"), state.get("target"))


def facts_of(path):
    try:
        return os.lstat(path)
    except OSError:
        return None


def signature(facts):
    """Every change of a file moves its ctime, and nobody but the kernel does."""
    return facts and (facts.st_ctime_ns, facts.st_ino, facts.st_dev)


def home_signature(facts):
    return facts and (facts.st_ino, facts.st_dev, facts.st_mode, facts.st_uid, facts.st_gid)


def differs(path, before, after):
    if path != "." or before is None or after is None:
        return before != after
    return any(before[name] != after[name] for name in OF_HOME)


def inodes(facts):
    """(device, inode) -> key path, of what stands under the keys' names and of files that links there lead to."""
    found = {}
    for path, one in zip(PATHS, facts, strict=True):
        if one is not None and stat.S_ISLNK(one.st_mode):
            found |= inodes_of_link(path)
        if one is not None:
            found[one.st_dev, one.st_ino] = path
    return found


def inodes_of_link(path):
    try:
        facts = os.stat(PATHS[path])
    except OSError:
        return {}
    # Who writes to a device changes nothing there, and many do that.
    return {(facts.st_dev, facts.st_ino): path} if stat.S_ISREG(facts.st_mode) else {}
