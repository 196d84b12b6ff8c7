"""Where a path leads for whoever names it: his directory, his open files, his /proc/self."""

import os
import stat

import table
from key_files import HOME, KEY_NAMES

AT_HERE = -100
"""in place of an open directory: the current one"""
LINKS_MAX = 40
PARTS_MAX = 1000
"""of the paths of one question, with those of all links: whoever asks meanwhile has to wait"""
COUNTS_TWICE = 256
"""so many bytes of a path: what is below them takes the kernel as long again to look at"""
ROOT = HOME.encode()
OWN = b"/proc/self"
SYSTEM = (
    b"/usr/", b"/bin/", b"/sbin/", b"/lib", b"/etc/", b"/opt/", b"/dev/", b"/proc/self/", b"/sys/",
)  # fmt: skip
"""what is there in every machine, and not the user's"""
FIXED = {b"/home", ROOT, b"/tmp", b"/dev", b"/dev/shm", b"/run", b"/run/questiond", b"/usr", b"/usr/bin", b"/etc"}
"""directories that the user cannot put anything else in the place of; on which of them are links, see fixed"""


def fixed():
    """Those of FIXED that are directories here, so that nobody has to look whether they are links."""
    return {path for path in FIXED if os.path.isdir(path) and not os.path.islink(path)}


class Place:
    """A path without links on the way, what stands there, and the links that led there.

    Followed: what stands there is meant, or what it leads to, and not the name alone.
    """

    def __init__(self, path, facts=None, links=(), followed=True):
        self.path, self.facts, self.links, self.followed = path, facts, links, followed

    def stat(self):
        """None where nothing stands there."""
        if self.facts is None:
            self.facts = facts_of(self.path)
        return self.facts

    def key(self, files):
        """The key file, or home as ".", that this is; None for any other. files: (device, inode) -> key path."""
        if self.path == ROOT:
            return "."
        directory, _, name = self.path.rpartition(b"/")
        if directory == ROOT and (key := os.fsdecode(name)) in KEY_NAMES:
            return key
        facts = self.stat() if self.followed else None
        return files.get((facts.st_dev, facts.st_ino)) if facts else None


class TooFar(Exception):
    """A path has more parts than are looked at."""


def is_above_home(path):
    return ROOT.startswith(path.rstrip(b"/") + b"/")


def is_users(path):
    """It stands where the user can put something."""
    return path.startswith((ROOT + b"/", b"/tmp/", b"/var/tmp/", b"/dev/shm/"))


def is_systems(path):
    return path.startswith(SYSTEM) and not path.startswith(b"/dev/shm")


class Places:
    """Finds them, for whoever asks; TooFar where the paths of one question lead on and on."""

    def __init__(self):
        self.fixed, self.left = fixed(), PARTS_MAX

    def begin(self):
        """Another question's paths come from here on."""
        self.left = PARTS_MAX

    def of_path(self, asker, directory, path, follow):
        """What a path names that begins at an open directory, or at the current one."""
        begin = b""
        if not path.startswith(b"/"):
            begin = own(asker, b"cwd" if directory == AT_HERE else b"fd/%d" % directory).rstrip(b"/")
        return self.walk(asker, path, follow, begin)

    def of_file(self, asker, number):
        """What an open file is."""
        name = b"%d/fd/%d" % (asker, number)
        return Place(os.readlink(name, dir_fd=table.PROCESSES), facts_of(name, table.PROCESSES, True))

    def walk(self, asker, path, follow, at=b""):
        """From `at`, a directory without links on the way."""
        links, facts = [], None
        pending = path.split(b"/")[::-1]
        while pending:
            self.left -= 1 + len(at) // COUNTS_TWICE
            if self.left < 0:
                raise TooFar
            name = pending.pop()
            if name in (b"", b"."):
                continue
            if name == b"..":
                at, facts = at.rpartition(b"/")[0], None
                continue
            here = at + b"/" + name
            at, facts = here, None
            if here in self.fixed or (not pending and not follow) or here == OWN:
                continue
            facts, target = self.look(asker, here)
            if target is None or len(links) >= LINKS_MAX:
                continue
            links.append(here)
            if not pending and target.endswith(b" (deleted)"):
                return Place(target, open_file(asker, here), links)
            at = b"" if target.startswith(b"/") else at.rpartition(b"/")[0]
            pending += target.split(b"/")[::-1]
        return Place(at or b"/", facts, links, follow)

    def look(self, asker, here):
        """What stands there, and where it leads if it is a link."""
        if here == b"/proc/thread-self":
            return None, OWN
        if here.startswith(OWN + b"/"):
            try:
                return None, own(asker, here[len(OWN) + 1 :])
            except OSError:
                return None, None
        facts = facts_of(here)
        if facts is None or not stat.S_ISLNK(facts.st_mode):
            return facts, None
        try:
            return facts, os.readlink(here)
        except OSError:
            return facts, None


def own(asker, name):
    """Where one of the links leads that a process has in /proc."""
    return os.readlink(b"%d/%s" % (asker, name), dir_fd=table.PROCESSES)


def open_file(asker, link):
    """What a link of /proc leads to, also where no name does any more."""
    if link.startswith(OWN + b"/"):
        return facts_of(b"%d/%s" % (asker, link[len(OWN) + 1 :]), table.PROCESSES, True)
    return facts_of(link, None, True)


def facts_of(path, dir_fd=None, follow=False):
    try:
        return os.stat(path, dir_fd=dir_fd, follow_symlinks=follow)
    except (OSError, ValueError):
        return None
