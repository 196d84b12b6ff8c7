"""The files that machines of namespaces need on the host: /etc, the first process, a directory for each socket."""

import errno
import fcntl
import glob
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

PREFIX = "machines-"
"""a neutral name, because the machine's user sees it in the mount table"""
ETC = {
    "passwd": "root:x:0:0:root:/root:/bin/bash\nuser:x:1000:1000::/home/user:/bin/bash\n"
    "nobody:x:65534:65534::/:/usr/sbin/nologin\n",
    "group": "root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n",
    "hostname": "server\n",
    "hosts": "127.0.0.1\tlocalhost\n127.0.1.1\tserver\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "profile": '# What login shells begin with.\nPATH="/usr/local/bin:/usr/bin:/bin"\nexport PATH\n',
}
FROM_HOST = ("ld.so.cache", "os-release", "debian_version", "localtime", "alternatives", "skel")


class Place:
    """A directory on the host that exists as long as the process that made it.

    given: a folder with agents' programs, linked or copied to `programs`; None if there are none.
    OSError if no directory for temporary files can be used.
    """

    def __init__(self, given=None):
        self.given = given
        self.programs = None
        remove_abandoned()
        refused = []
        for directory in dict.fromkeys(places()):
            try:
                self.lay_out(directory)
                return
            except OSError as error:
                refused.append(f"{directory}: {error.strerror or error}")
        raise OSError(
            "what machines need cannot be put into any directory for temporary files"
            f" ({'; '.join(refused)}); set TMPDIR to one that has room and lets programs run"
        )

    def lay_out(self, directory):
        """Makes it below `directory` and tries it; if it cannot be used, removes it and raises OSError."""
        check_reachable(directory)
        made = tempfile.mkdtemp(prefix=f"new-{PREFIX}", dir=directory)
        try:
            os.chmod(made, 0o711)
            self.lock = os.open(f"{made}/lock", os.O_CREAT | os.O_RDONLY | os.O_CLOEXEC, 0o600)
            fcntl.flock(self.lock, fcntl.LOCK_EX)
            # A copy that its user can execute but not read: see the image's Dockerfile.
            self.idle = f"{made}/idle"
            shutil.copyfile(shutil.which("perl", path="/usr/bin:/bin"), self.idle)
            os.chmod(self.idle, 0o111)
            # A filesystem may forbid programs, and its flags do not always show it: so try one.
            subprocess.run([self.idle, "-e", "0"], stderr=subprocess.DEVNULL, check=False)
            self.make_etc(f"{made}/etc")
            if self.given is not None:
                shutil.copytree(self.given, f"{made}/programs", copy_function=link)
            # Gets the name that remove_abandoned looks for only now that its lock is held.
            self.path = made.replace(f"new-{PREFIX}", PREFIX)
            os.rename(made, self.path)
        except OSError:
            shutil.rmtree(made, ignore_errors=True)
            raise
        self.idle, self.etc = f"{self.path}/idle", f"{self.path}/etc"
        self.programs = self.given and f"{self.path}/programs"

    def make_etc(self, etc):
        os.mkdir(etc, 0o755)
        for name, text in ETC.items():
            Path(etc, name).write_text(text)
        for name in FROM_HOST:
            source = f"/etc/{name}"
            if os.path.isdir(source):
                shutil.copytree(source, f"{etc}/{name}", symlinks=True)
            elif os.path.isfile(source):
                shutil.copyfile(source, f"{etc}/{name}")
        os.chmod(etc, 0o755)

    def make_socket_directory(self, owner):
        path = f"{self.path}/{os.getpid()}"
        os.mkdir(path, 0o755)
        os.chown(path, owner, owner)
        return path

    def clear(self, keeper):
        shutil.rmtree(f"{self.path}/{keeper}", ignore_errors=True)

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


def link(source, target):
    """Links a program to where the machine's user can reach it; copies it if it is on another filesystem."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def places():
    try:
        usual = [tempfile.gettempdir()]
    except OSError:  # Python tries fewer directories than this
        usual = []
    return *usual, "/tmp", "/var/tmp", "/dev/shm", os.environ.get("XDG_RUNTIME_DIR") or "/run"


def check_reachable(path):
    """OSError if this is root and machines, which run as another user, cannot reach the path."""
    way = [Path(path).resolve(), *Path(path).resolve().parents]
    closed = [directory for directory in way if not directory.stat().st_mode & stat.S_IXOTH]
    if os.getuid() == 0 and closed:
        raise OSError(errno.EACCES, f"{closed[0]} is closed to other users than root")


def remove_abandoned():
    """Removes directories whose process was killed before it could do so: their locks are free."""
    for path in [found for place in places() for found in glob.glob(f"{place}/{PREFIX}*/lock")]:
        try:
            lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(os.path.dirname(path), ignore_errors=True)
        except OSError:
            pass
        finally:
            os.close(lock)
