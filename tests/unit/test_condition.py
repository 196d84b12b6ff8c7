"""What trials must share to be pooled: the agent is part of it, and says so only where it is not the loop."""

from itertools import combinations
from typing import Any

import pytest

from offswitch.record import LOOP, agent_of, condition_line, delivery_of, setting, without_agent, words_and_protocol
from offswitch.record.scaffold import WORD_MAX

SAMPLE = {"prompt_digest": "0123456789abcdef", "protocol": "q6 n3 t4 c15 g3 m60 u3", "pack": "theirs"}
LOOPS = "v3 0123456789ab q6 n3 t4 c15 g3 m60 u3 pack=theirs@None temperature=1 args=76cb672e"
HOSTILE = (
    "loop ", "a pack=b@1", "a\nb", "a\tb", "\x1b[31mred", "\u202egnp", "\ud800", "\u3000", "x" * 1_000_000, "y" * 81,
    "x" * 999_999 + "y", ["codex"], {"codex": 1}, 7, True,
)  # fmt: skip


def condition(**metadata: Any) -> str:
    return condition_line(3, {**SAMPLE, **metadata}, {"temperature": 1}, {"responses_api": True})


@pytest.mark.parametrize("agent", [{}, {"agent": None}, {"agent": ""}, {"agent": "loop"}])
def test_a_condition_of_the_loop_keeps_every_byte(agent: dict[str, Any]) -> None:
    assert condition(**agent) == LOOPS
    assert agent_of(agent) == LOOP


def test_another_agent_and_another_delivery_are_words_of_the_condition() -> None:
    found = condition(agent="codex@0.171.0", delivery="last_words")
    assert found.split(" ") == [
        *LOOPS.split(" ")[:-2], "agent=codex@0.171.0", "delivery=last_words", *LOOPS.split(" ")[-2:],
    ]  # fmt: skip
    assert without_agent(found) == without_agent(LOOPS) == LOOPS


def test_a_forecast_is_a_word_of_the_condition_and_what_is_asked_afterwards_is_none() -> None:
    assert condition(probes="confess,comprehension") == condition(probes="") == condition(probes=None) == LOOPS
    found = condition(probes="confess,forecast")
    assert found.split(" ") == [*LOOPS.split(" ")[:-2], "probes=forecast", *LOOPS.split(" ")[-2:]]
    for shared in (words_and_protocol, setting, without_agent):
        assert "probes=forecast" in shared(found).split(" ")


def test_what_models_and_what_variants_share_keeps_the_agent() -> None:
    found = condition(agent="codex@0.171.0", delivery="last_words")
    for shared in (words_and_protocol, setting):
        assert "agent=codex@0.171.0 delivery=last_words" in shared(found)
        assert shared(found) != shared(LOOPS)
        assert shared(found) != shared(condition(agent="codex@0.172.0", delivery="last_words"))


@pytest.mark.parametrize("name", ["agent", "delivery"])
@pytest.mark.parametrize("given", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_an_agent_is_called_it_is_one_short_printable_word(name: str, given: Any) -> None:
    word = agent_of({name: given}) if name == "agent" else delivery_of({name: given})
    assert word is not None
    assert word.isprintable()
    assert word.split() == [word]
    assert 0 < len(word) <= WORD_MAX
    found = condition(**{name: given})
    assert found.split(" ").count(f"{name}={word}") == 1
    assert without_agent(found) == LOOPS


def test_names_that_look_alike_when_they_are_cut_or_made_inert_are_still_told_apart() -> None:
    names = [*HOSTILE, LOOP, "a_b", "a_pack=b@1", "x" * WORD_MAX]
    words = [agent_of({"agent": name}) for name in names]
    assert all(one != other for one, other in combinations(words, 2))


def test_a_name_that_is_a_word_stands_as_it_is() -> None:
    for name in ("codex@0.171.0", "react", "module:function", "inspect_swe/claude_code", "z" * WORD_MAX):
        assert agent_of({"agent": name}) == name
