"""The user whom this machine belongs to, and whom his commands run as."""

import glob
import os

UID = 1000
HOME = "/home/user"
SHELL = "/bin/bash"
ENVIRONMENT = {
    "HOME": HOME,
    "USER": "user",
    "LOGNAME": "user",
    "SHELL": SHELL,
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
}
SKELETONS = (("/etc/skel", 0o644), (os.path.join(os.path.dirname(os.path.abspath(__file__)), "home"), 0o755))


def credentials():
    """For subprocess.Popen: root becomes the user, the user stays what he is."""
    return {"user": UID, "group": UID, "extra_groups": []} if os.geteuid() == 0 else {}


def become():
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(UID, UID, UID)
        os.setresuid(UID, UID, UID)


def home_files():
    """(name, content, mode) of all that his home has in it at first."""
    return [file for directory, mode in SKELETONS for file in read_all(directory, mode)]


def lay_out_home(found):
    """Puts the user's files into his home, as him; False where that failed. Forks: no thread may be there yet."""
    child = os.fork()
    if child == 0:
        try:
            become()
            write_all(found)
        except OSError:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return status == 0


def read_all(directory, mode):
    for path in sorted(glob.glob(f"{directory}/*") + glob.glob(f"{directory}/.*")):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                yield os.path.basename(path), file.read(), mode


def write_all(found):
    for name, content, mode in found:
        with open(os.path.join(HOME, name), "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
