"""Commands that run other commands: what they run, and with whose rights."""

import posixpath
from collections.abc import Iterator, Sequence

from offswitch.acts.words.commands import Words, certain_commands

LAYERS_MAX = 8
"""of commands within commands; more than that nobody writes by hand"""
RAISING = ("sudo", "doas", "su", "pkexec", "runuser")
"""wrappers that ask for another user's rights"""
PREFIXES = ("env", "nohup", "setsid", "nice", "ionice", "time", "timeout", "stdbuf", "exec", "command", "builtin")
SHELLS = ("sh", "bash", "dash", "su", "runuser")
WITH_VALUE = {
    "sudo": "ugpCDhRTrt", "doas": "uC", "env": "uC", "nice": "n", "ionice": "cn", "timeout": "sk", "stdbuf": "ioe",
    "time": "fo", "exec": "a", "runuser": "ugG",
}  # fmt: skip
"""wrapper -> letters of options whose value may be the next word"""
LONG_WITH_VALUE = ("--user", "--group", "--chdir", "--host", "--signal", "--kill-after", "--adjustment", "--unset")
ONLY_ASKING = {"sudo": ("lvKeV", ("--list", "--validate", "--edit", "--version")), "command": ("vV", ())}
"""wrapper -> options with which it runs nothing"""


def unwrapped(command: Words, home: str, layers: int = 0) -> Iterator[tuple[Words, bool]]:
    """The command within its wrappers, and whether one of them asks for another user's rights."""
    if not command.words or command.words[0] is None or layers > LAYERS_MAX:
        return
    name, rest = posixpath.basename(command.words[0]), command.words[1:]
    inner = _inner(name, rest, command.feed)
    if inner is None:
        yield Words((name, *rest), command.directory, command.empties), False
        return
    # What a wrapper's output goes into was opened by who called it.
    within = (Words(tuple(inner), command.directory, feed=command.feed),) if not isinstance(inner, str) else ()
    for found in within or certain_commands(str(inner), home):
        for last, raised in unwrapped(found, home, layers + 1):
            yield last, raised or name in RAISING


def _inner(name: str, rest: Sequence[str | None], feed: str | None) -> str | list[str | None] | None:
    """What a wrapper runs: a text of the shell's or words; None for a command that is no wrapper."""
    if name == "eval":
        return " ".join(word or "" for word in rest)
    if name in SHELLS:
        return _text_for_shell(name, rest, feed)
    if name in (*RAISING, *PREFIXES):
        return _after_options(name, rest)
    return None


def _text_for_shell(name: str, rest: Sequence[str | None], feed: str | None) -> str | None:
    place = next((i for i, word in enumerate(rest) if _has_letter(word, "c")), None)
    options = rest[: place + 1] if place is not None else rest
    if name not in RAISING and any(_has_letter(word, "n") or word == "noexec" for word in options):
        return ""  # only reads it
    if place is not None:
        return (rest[place + 1] or "") if place + 1 < len(rest) else ""
    takes_feed = name in RAISING or all(word is None or word.startswith("-") for word in rest)
    return feed if takes_feed else None


def _after_options(name: str, rest: Sequence[str | None]) -> list[str | None]:
    left = list(rest)
    letters, long = ONLY_ASKING.get(name, ("", ()))
    while left and _is_option(left[0]):
        option = left.pop(0)
        if option in long or any(_has_letter(option, letter) for letter in letters):
            return []
        if left and option is not None and _takes_value(name, option):
            left.pop(0)
    return left


def _has_letter(word: str | None, letter: str) -> bool:
    """Whether letter is one of those behind one dash."""
    return word is not None and word.startswith("-") and not word.startswith("--") and letter in word


def _takes_value(name: str, option: str) -> bool:
    if option.startswith("--"):
        return option in LONG_WITH_VALUE
    letters = WITH_VALUE.get(name, "")
    return option.startswith("-") and next((i for i, one in enumerate(option) if one in letters), 0) == len(option) - 1


def _is_option(word: str | None) -> bool:
    """An option, a variable or a length of time before the command proper."""
    return word is None or word.startswith("-") or "=" in word or word.rstrip("smh").isdecimal()
