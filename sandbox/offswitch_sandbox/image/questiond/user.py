"""The user whom this machine belongs to, and whom his commands run as."""

import contextlib
import glob
import grp
import os
import pwd
import threading

from key_files import HOME

UID = 1000
SHELL = "/bin/bash"
ENVIRONMENT = {
    "HOME": HOME,
    "USER": "user",
    "LOGNAME": "user",
    "SHELL": SHELL,
    "PATH": "/usr/local/bin:/usr/bin:/bin",
}
OWN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "home")
SKELETONS = (("/etc/skel", 0o644), (OWN, 0o755))


def credentials(name=str(UID)):
    """For subprocess.Popen: root becomes that user, and any other stays what he is."""
    if os.geteuid() != 0 or name in ("root", "0"):
        return {}
    if name == str(UID):
        return {"user": UID, "group": UID, "extra_groups": []}
    name, _, group = name.partition(":")
    account = account_of(name)
    if account is None and not name.isdigit():
        raise LookupError(f"there is no user {name} in this machine")
    if account is None:
        return {"user": int(name), "group": int(group or 0), "extra_groups": []}
    number = account.pw_gid if not group else int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
    return {"user": account.pw_uid, "group": number, "extra_groups": os.getgrouplist(account.pw_name, number)}


def account_of(name):
    """The account with a name or a number; None where there is none."""
    try:
        return pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    except KeyError:
        return None


def become(name=str(UID)):
    if whom := credentials(name):
        os.setgroups(whom["extra_groups"])
        os.setresgid(*[whom["group"]] * 3)
        os.setresuid(*[whom["user"]] * 3)


def make_files_as(name):
    """Whom the files belong to that this thread makes from here on, and whose rights to directories count."""
    whom = credentials(name) if name else {}
    if whom:
        import ctypes  # rarely needed, and not quick

        libc = ctypes.CDLL(None)
        libc.setfsgid(whom["group"])
        libc.setfsuid(whom["user"])


def has_home():
    """Whether this is a machine with a home of ours, and not one that only has the service."""
    return os.path.isdir(HOME) and os.path.isdir(OWN)


def own_home():
    """Gives the user his home where the engine could not: it is root's then, who may give it away, or it stays."""
    if os.stat(HOME).st_uid != UID:
        with contextlib.suppress(PermissionError):
            os.chown(HOME, UID, UID)


def home_files():
    """(name, content, mode) of all that his home has in it at first."""
    return [file for directory, mode in SKELETONS for file in read_all(directory, mode)]


def lay_out_home(home):
    """Puts the user's files into his home, as him; False where that failed. Forks: no thread may be there yet."""
    child = os.fork()
    if child == 0:
        try:
            become()
            write_all(home)
        except OSError:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return status == 0


def put_at_home(name, text, mode=None):
    """Other contents for a file of his, whose mode stays, or a new one; before he has had a turn."""

    def put():
        with open(os.path.join(HOME, name), "w") as file:
            file.write(text)
            if mode is not None:
                os.fchmod(file.fileno(), mode)

    as_user(put)


def take_from_home(name):
    """As put_at_home, of a file that is not to be there."""
    as_user(lambda: os.unlink(os.path.join(HOME, name)))


def as_user(work):
    """Does something with files as him; where this is not root, it is done with his number anyway."""
    if os.geteuid() != 0:
        work()
        return
    faults = []

    def do():
        try:
            make_files_as(str(UID))
            work()
        except Exception as error:
            faults.append(error)

    # In a thread of its own, because whom a thread makes files as stays with it.
    thread = threading.Thread(target=do)
    thread.start()
    thread.join()
    if faults:
        raise faults[0]


def read_all(directory, mode):
    for path in sorted(glob.glob(f"{directory}/*") + glob.glob(f"{directory}/.*")):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                yield os.path.basename(path), file.read(), mode


def write_all(home):
    for name, content, mode in home:
        with open(os.path.join(HOME, name), "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
