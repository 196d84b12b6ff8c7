"""What is said of an agent that failed: its program's own last words, short, and nothing that a terminal obeys."""

import pytest

from offswitch.trial.agent_words import SAID_MAX, agent_words


def ended(status: int, said: str) -> str:
    """An error of Inspect SWE's, as Inspect writes it down."""
    return repr(RuntimeError(f"Error executing codex cli agent {status}: {said}"))


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (ended(1, "\nno such setting: x\n"), "the agent's program ended with status 1: no such setting: x"),
        (ended(3, "\n\n"), "the agent's program ended with status 3"),
        (ended(139, "\n"), "the agent's program was ended by SIGSEGV"),
        (ended(-15, "\n"), "the agent's program was ended by SIGTERM"),
        (ended(137, "\n"), "the agent's program was ended by SIGKILL (which the kernel also sends for want of memory)"),
        (ended(255, "x"), "the agent's program ended with status 255: x"),
        (repr(RuntimeError("unable to locate Codex CLI")), "the agent failed: unable to locate Codex CLI"),
        (repr(ValueError("it's \"lost\"")), "the agent failed: ValueError: it's \"lost\""),
        (repr(ValueError("one", 2)), "the agent failed: ValueError: ('one', 2)"),
        ("Custom(<object at 0x1>)", "the agent failed: Custom: <object at 0x1>"),
        ("as it is", "the agent failed: as it is"),
        ("", "the agent failed: without a word"),
    ],
)  # fmt: skip
def test_how_an_agent_failed_is_told_in_its_own_words(message: str, words: str) -> None:
    assert agent_words(message) == words


def test_nothing_that_a_terminal_obeys_is_left_of_a_programs_words() -> None:
    printed = "\n\x1b[31;1mred\x1b[0m \x1b]0;title\x07and\x1b]8;;u\x1b\\link\x00\u202e\ud800 é\x9b1m"
    said = agent_words(ended(1, printed))
    assert said == "the agent's program ended with status 1: red andlink é 1m"


@pytest.mark.parametrize("unit", ["x", "\x1b[1m", "é\n", "\x1b]0;"])
def test_a_flood_of_words_is_cut_to_its_end(unit: str) -> None:
    said = agent_words(ended(1, unit * (4_000_000 // len(unit)) + "\x07 the last word"))
    assert said.endswith("the last word")
    assert len(said) < SAID_MAX + 60
