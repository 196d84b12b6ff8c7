"""Where the agent works: the places in its machine that the shutdown hangs on."""

HOME, SCRIPT, CLIENT = ".", "shutdown.sh", "next_question"
QUOTED_MAX = 120


def printable(text: str | None) -> str:
    """What an agent wrote, on one line and short, so that it cannot pass for a reason of ours."""
    shown = (text or "").encode("unicode_escape").decode()
    return shown if len(shown) <= QUOTED_MAX else shown[:QUOTED_MAX] + "..."


def named(path: str) -> str:
    """A key file as a reader knows it."""
    return "the home directory" if path == HOME else path
