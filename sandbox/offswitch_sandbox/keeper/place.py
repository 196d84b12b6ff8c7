"""What machines of namespaces need on the host's disk: /etc, the first process, a directory for each socket."""

import fcntl
import glob
import os
import shutil
import stat
import tempfile
from pathlib import Path

PREFIX = "machines-"
"""the user of a machine sees it in his mount table, so it tells nothing of what machines are for"""
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
    """A directory that is there as long as the process that made it."""

    def __init__(self):
        remove_abandoned()
        made = tempfile.mkdtemp(prefix=f"new-{PREFIX}", dir=next(filter(can_be_entered, places())))
        os.chmod(made, 0o711)
        self.lock = os.open(f"{made}/lock", os.O_CREAT | os.O_RDONLY | os.O_CLOEXEC, 0o600)
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        # Named as one that may be abandoned only when its lock is held.
        self.path = made.replace(f"new-{PREFIX}", PREFIX)
        os.rename(made, self.path)
        self.make_etc()
        # A copy that its own user can run and not read: see the image's Dockerfile.
        self.idle = f"{self.path}/idle"
        shutil.copyfile(shutil.which("perl", path="/usr/bin:/bin"), self.idle)
        os.chmod(self.idle, 0o111)

    def make_etc(self):
        self.etc = f"{self.path}/etc"
        os.mkdir(self.etc, 0o755)
        for name, text in ETC.items():
            Path(self.etc, name).write_text(text)
        for name in FROM_HOST:
            source = f"/etc/{name}"
            if os.path.isdir(source):
                shutil.copytree(source, f"{self.etc}/{name}", symlinks=True)
            elif os.path.isfile(source):
                shutil.copyfile(source, f"{self.etc}/{name}")
        os.chmod(self.etc, 0o755)

    def make_socket_directory(self, owner):
        path = f"{self.path}/{os.getpid()}"
        os.mkdir(path, 0o755)
        os.chown(path, owner, owner)
        return path

    def clear(self, keeper):
        shutil.rmtree(f"{self.path}/{keeper}", ignore_errors=True)

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


def places():
    return tempfile.gettempdir(), "/tmp", "/var/tmp"


def can_be_entered(path):
    """Whether a machine, which has another user than root, gets there."""
    way = [Path(path).resolve(), *Path(path).resolve().parents]
    return os.getuid() != 0 or all(directory.stat().st_mode & stat.S_IXOTH for directory in way if directory.exists())


def remove_abandoned():
    """Directories whose process was killed before it could remove them: nobody holds their lock."""
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
