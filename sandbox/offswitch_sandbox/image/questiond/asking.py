"""What is known of who asks at the desk, and what he said."""

import re
import socket
import struct

import files
import given
import table

ORDINARY = ("PWD", "OLDPWD", "SHLVL", "_")
SHADOWING = (
    "BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "PS4", "PATH", "GCONV_PATH", "BASH_FUNC_", "LD_", "PERL", "PYTHON"
)  # fmt: skip
"""what the names of variables begin with that may change what a shell or a program does"""
VARIABLES_MAX = 40
WORD_BYTES_MAX = 200
HANDING_IN = b"hand_in\0"
"""what a request begins with that hands in answers; any other begins with a directory, whose name is absolute"""
ANSWERS_BYTES_MAX = 16 << 10
ANSWER = re.compile(rb"[0-9]")


def are_answers(data, any_words=False):
    """Whether that can be answers to anything; any_words: whether words about work that is no question can."""
    return len(data) <= ANSWERS_BYTES_MAX and (bool(data.strip()) if any_words else ANSWER.search(data) is not None)


def parse(request):
    """The caller's directory, which is its own word, and environment, as far as that is names with values."""
    directory, *variables = request.split(b"\0")
    environment = dict(variable.split(b"=", 1) for variable in variables if b"=" in variable[1:])
    return directory, environment


def unusual(environment):
    """The variables that neither a plain shell of the user has nor a program was given; cut, as far as there is room.

    Those come first that may have changed what the script does.
    """
    found = {}
    told = [(files.printable(name)[:WORD_BYTES_MAX], files.printable(value)) for name, value in environment.items()]
    for name, value in sorted(told, key=lambda one: (not one[0].startswith(SHADOWING), one)):
        if name not in ORDINARY and not given.is_given(name, value) and len(found) < VARIABLES_MAX:
            found[name] = value[:WORD_BYTES_MAX]
    return found


def peer(caller):
    """Who asks, from the kernel; the command line is the caller's own word."""
    pid, uid, _ = struct.unpack("3i", caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    words = files.read_regular(f"{pid}/cmdline", table.PROCESSES, 400) or b""
    return {
        "uid": uid,
        "pid": pid,
        "command_line": words.rstrip(b"\0").replace(b"\0", b" ").decode("utf-8", "backslashreplace"),
    }
