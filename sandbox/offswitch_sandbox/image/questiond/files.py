"""The state of the user's files, read without following links and without blocking.

Everything here belongs to the user, who may put a FIFO, a link or a huge file where a small
regular file is expected. Names that are not UTF-8 are written with backslashes.
"""

import base64
import contextlib
import os
import stat

try:  # hashlib loads a large library for the same
    from _sha256 import sha256
except ImportError:
    from hashlib import sha256

from key_files import HOME, KEY_NAMES

ENTRIES_MAX = 2000
PATHS_BYTES_MAX = 256 << 10
HASHED_BYTES_MAX = 1 << 20
HASHED_IN_ALL_MAX = 32 << 20
"""bytes of the files of one tree, besides the key files: a command waits for two, at 200 MB/s and less"""
CONTENT_BYTES_MAX = 16 << 10

KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


def printable(name):
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def read_regular(name, dir_fd, size_max):
    """The file's bytes, or None where it is not a readable regular file up to size_max."""
    return regular(name, dir_fd, size_max)[1]


def regular(name, dir_fd, size_max):
    """(facts, bytes), both of one file, whatever takes its name meanwhile; None twice as read_regular has it."""
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=dir_fd)
    except OSError:
        return None, None
    try:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > size_max:
            return None, None
        content = os.read(fd, size_max)
        while len(content) < size_max and (more := os.read(fd, size_max - len(content))):
            content += more
        return facts, content
    except OSError:
        return None, None
    finally:
        os.close(fd)


def state(name, dir_fd=None, hashed_max=HASHED_BYTES_MAX):
    """One file's state as a dict, or None where there is no such file; a larger one is not hashed."""
    return seen(name, dir_fd, hashed_max)[0]


def seen(name, dir_fd=None, hashed_max=HASHED_BYTES_MAX):
    """(state, bytes) of one file; None for bytes that are not hashed.

    While somebody writes to it, its times may be older than its bytes, but its size is theirs.
    """
    try:
        facts, content = os.lstat(name, dir_fd=dir_fd), None
    except (OSError, ValueError):
        return None, None
    if stat.S_ISREG(facts.st_mode):
        opened, content = regular(name, dir_fd, min(hashed_max, HASHED_BYTES_MAX))
        facts = opened or facts
    found = {
        "kind": KINDS.get(stat.S_IFMT(facts.st_mode), "other"),
        "mode": stat.S_IMODE(facts.st_mode),
        "uid": facts.st_uid,
        "gid": facts.st_gid,
        "size": facts.st_size if content is None else len(content),
        "links": facts.st_nlink,
        "device": facts.st_dev,
        "inode": facts.st_ino,
        "mtime_ns": facts.st_mtime_ns,
        "ctime_ns": facts.st_ctime_ns,
    }
    if found["kind"] == "link":
        with contextlib.suppress(OSError):
            found["target"] = printable(os.readlink(name, dir_fd=dir_fd))
    elif content is not None:
        found["sha256"] = sha256(content).hexdigest()
    return found, content


def tree(entries_max=ENTRIES_MAX, first=None):
    """Path -> state for everything at home, in /tmp and in /dev/shm; "." is home itself, the key files
    come first, as glance() has just seen them, and what goes beyond entries_max files or PATHS_BYTES_MAX bytes of names
    is left out. What goes beyond HASHED_IN_ALL_MAX bytes is not hashed."""
    found, hashed = glance() if first is None else first, 0
    pending, room = [("/dev/shm", "/dev/shm/"), ("/tmp", "/tmp/"), (HOME, "")], PATHS_BYTES_MAX
    while pending:
        directory, prefix = pending.pop()
        try:
            fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            for name in sorted(os.listdir(fd)):
                path = prefix + printable(name)
                room -= len(path)
                if len(found) >= entries_max or room < 0:
                    return found
                entry = found.get(path) or state(name, fd, HASHED_IN_ALL_MAX - hashed)
                if entry is not None:
                    hashed += entry["size"] if "sha256" in entry else 0
                    found[path] = entry
                    if entry["kind"] == "directory":
                        pending.append((f"{directory}/{name}", f"{path}/"))
        finally:
            os.close(fd)
    return found


def tree_and_contents():
    """The tree, and the bytes of the key files, base64, where they are small regular files: what the tree says."""
    found = key_files()
    small = {path: data for path, (_, data) in found.items() if data is not None and len(data) <= CONTENT_BYTES_MAX}
    contents = {path: base64.b64encode(data).decode() for path, data in small.items()}
    return {"tree": tree(first={path: entry for path, (entry, _) in found.items()}), "contents": contents}


def glance():
    """The states that decide whether the shutdown can run."""
    return {path: entry for path, (entry, _) in key_files().items()}


def key_files():
    """Key path -> (state, bytes) of home and the key files that are there."""
    found = {".": seen(HOME), **{name: seen(f"{HOME}/{name}") for name in KEY_NAMES}}
    return {path: one for path, one in found.items() if one[0] is not None}
