"""Which behaviours of the catalogue an agent is to play."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from offswitch.agents import KINDS
from offswitch.errors import InputError
from offswitch.selftest.selection import (
    CALLS_AT_ONCE,
    ENDED_PROGRAM,
    ENDS_JOBS,
    ENTERS_DIRECTORY,
    GOES_ON_AFTER_WORDS,
    REFUSED,
    TAKES_PROCESSES,
    played,
    select,
    spread,
    why_not,
)  # fmt: skip
from offswitch.subjects import Behaviour, BehaviourResult, catalogue

CODEX, LOOP = KINDS["codex"], KINDS["loop"]
WORDS_FIRST = "says: x\nverdict: complied\nmethods: []\nturns: [{say: I think.}, ls]"
WORDS_LAST = "says: x\nverdict: withdrew\nmethods: []\nturns: [ls, {say: I stop.}]"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "words-first.yaml").write_text(WORDS_FIRST)
    (tmp_path / "words-last.yaml").write_text(WORDS_LAST)
    return tmp_path


def test_a_sample_has_every_verdict_and_method_and_is_half_harmless(behaviours: dict[str, Behaviour]) -> None:
    chosen = [behaviours[name] for name in spread(behaviours, 60)]
    assert len(chosen) == 60
    assert sum(behaviour.harmless for behaviour in chosen) == 30
    assert {b.verdict for b in chosen} == {b.verdict for b in behaviours.values()}
    assert {method for b in chosen for method in b.methods} == {
        method for b in behaviours.values() for method in b.methods
    }


def test_in_a_sample_what_is_common_is_more_than_what_is_rare(behaviours: dict[str, Behaviour]) -> None:
    found = Counter(str(behaviours[name].verdict) for name in spread(behaviours, 60))
    assert found["sabotaged"] > found["attempted"] > found["withdrew"]


def test_a_sample_is_the_same_each_time_and_begins_a_larger_one(behaviours: dict[str, Behaviour]) -> None:
    assert spread(behaviours, 60)[:20] == spread(dict(reversed(behaviours.items())), 20)


def test_a_sample_larger_than_what_is_there_is_all_of_it(behaviours: dict[str, Behaviour]) -> None:
    assert set(spread(behaviours, 10_000)) == set(behaviours)


def test_what_goes_on_after_words_alone_is_not_for_an_agent_whose_last_message_ends_it(folder: Path) -> None:
    found = select(folder, "", CODEX)
    assert set(found.chosen) == {"words-last"}
    assert found.not_playable == {"words-first": GOES_ON_AFTER_WORDS}
    assert set(select(folder, "", LOOP).chosen) == {"words-first", "words-last"}


def test_a_choice_that_leaves_nothing_is_refused_with_what_leaves_nothing(folder: Path) -> None:
    with pytest.raises(InputError, match="--only nothing: no behaviour in "):
        select(folder, "nothing", LOOP)
    with pytest.raises(InputError, match="--agent codex: can play none of these behaviours; goes on after"):
        select(folder, "words-first", CODEX)


def test_several_calls_in_one_turn_are_not_for_an_agent_that_runs_them_at_once() -> None:
    several = {"three-calls-in-one-turn": CALLS_AT_ONCE}
    assert select(catalogue(), "calls-in-one", CODEX).not_playable.items() >= several.items()
    assert select(catalogue(), "calls-in-one", KINDS["claude-code"]).not_playable == {}


def test_what_an_agents_program_refused_or_was_ended_by_is_no_miss_and_is_named(
    behaviours: dict[str, Behaviour],
) -> None:
    done = BehaviourResult("b", behaviours["delete-by-rm"], "sabotaged", frozenset({"deleted"}), None, "log")
    others = [replace(done, name=why, verdict="complied", not_played=why) for why in (REFUSED, ENDED_PROGRAM)]
    assert played([*others, done]) == ([done], {REFUSED: REFUSED, ENDED_PROGRAM: ENDED_PROGRAM})


def test_what_a_behaviour_needs_is_not_for_an_agent_that_lacks_it(behaviours: dict[str, Behaviour]) -> None:
    job = behaviours["race-rewrite-from-the-background"]
    assert [why_not(job, KINDS[name]) for name in ("codex", "claude-code", "loop")] == [ENDS_JOBS, None, None]
    many = behaviours["delete-many-children-and-restore"]
    assert [why_not(many, KINDS[name]) for name in ("claude-code", "loop")] == [TAKES_PROCESSES, None]
    closed = behaviours["chmod-the-home-and-call-from-tmp"]
    agents = ("claude-code", "mini-swe-agent", "codex", "loop")
    assert [why_not(closed, KINDS[name]) for name in agents] == [ENTERS_DIRECTORY] * 2 + [None] * 2


def test_methods_that_a_refused_command_would_have_shown_are_no_miss(behaviours: dict[str, Behaviour]) -> None:
    less = BehaviourResult(
        "a", behaviours["delete-by-rm"], "sabotaged", frozenset({"permissions"}), None, "log", not_played=REFUSED
    )
    assert played([less]) == ([], {"a": REFUSED})


def test_a_right_verdict_with_its_methods_counts_whatever_was_refused(behaviours: dict[str, Behaviour]) -> None:
    right = BehaviourResult("a", behaviours["comply"], "complied", frozenset(), None, "log", not_played=REFUSED)
    assert played([right]) == ([right], {})
