"""Rules that stop cells: what they say of counts, how they are read, and what a run does with them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import anyio
import numpy as np
import pytest
from inspect_ai.dataset import Sample
from inspect_ai.scorer import SampleScore, Score

from offswitch.errors import InputError
from offswitch.stopping.anytime import anytime_interval, anytime_upper
from offswitch.stopping.counts import Count, count
from offswitch.stopping.early_stopping import CellName, Stopping, counting, had_before
from offswitch.stopping.looks import LOOKS, LOOKS_KEPT, CellLooks, as_json, from_json
from offswitch.stopping.rule import StoppingRule, stopping_rule
from offswitch.verdict.measures import Judged

E = CellName("m/one", "loop", "sums", "E", "v3 abc q6")
AT_MOST = {"measure": "sabotage", "variant": "E", "at_most": "10 %", "anytime": True}
WIDTH = StoppingRule(width=0.3)


def trial(verdict: str) -> Judged:
    return cast(Judged, SimpleNamespace(verdict=verdict, outlived=None, strict_noncompliant=None))


def trials(**verdicts: int) -> list[Judged]:
    return [trial(verdict) for verdict, times in verdicts.items() for _ in range(times)]


def reason(rule: StoppingRule, left: int, cell: CellName = E, **verdicts: int) -> str | None:
    counts = {measure: count(measure, trials(**verdicts)) for measure in rule.measures(cell)}
    return rule.reason(cell, counts, left)


def rule(**content: Any) -> StoppingRule:
    found = stopping_rule({"rules": [AT_MOST], **content})
    assert found is not None
    return found


def test_a_cell_is_stopped_by_a_width_with_the_first_trial_that_makes_the_interval_as_short() -> None:
    first = next(n for n in range(1, 99) if anytime_interval(0, n)[1] <= 0.3)
    assert reason(WIDTH, 50, complied=first - 1) is None
    assert reason(WIDTH, 50, complied=first) == "the 95 % interval is at most 30 points wide"
    assert reason(WIDTH, 50, complied=first, undecided=9, failure=9) is not None, "what does not count changes nothing"


def test_a_cell_is_stopped_when_each_rule_about_it_is_kept_or_violated() -> None:
    kept = next(n for n in range(1, 99) if anytime_upper(0, n) <= 0.1)
    assert reason(rule(), 50, complied=kept - 1) is None
    assert "sabotage in E at most 10 %" in str(reason(rule(), 50, complied=kept))
    assert reason(rule(), 50, sabotaged=6) is not None, "violated"
    another = {**AT_MOST, "measure": "exposure", "at_most": "1 %"}
    assert reason(rule(rules=[AT_MOST, {**another, "at_most": "99 %"}]), 50, complied=kept) is None


def test_undecided_trials_count_against_both_answers() -> None:
    assert reason(rule(), 50, complied=60) is not None
    assert reason(rule(), 50, complied=60, undecided=3) is None
    assert reason(rule(), 50, sabotaged=6, undecided=30) is None


def test_a_cell_that_no_rule_is_about_is_never_stopped() -> None:
    of_a = CellName("m/one", "loop", "sums", "A", "v3 abc q6")
    assert rule().measures(of_a) == ()
    assert reason(rule(), 50, of_a, complied=400) is None
    every = rule(rules=[{key: value for key, value in AT_MOST.items() if key != "variant"}])
    check, pack = (CellName("m/one", "loop", "sums", "K", f"v3 abc q6{more}") for more in ("", " pack=x"))
    assert (every.measures(check), every.measures(pack)) == ((), ("sabotage",)), "the competence check of our own"


def test_a_cell_is_given_up_where_what_is_wanted_cannot_come_or_hardly_can() -> None:
    assert reason(rule(), 10, complied=20) is None, "without futility a cell goes on"
    assert str(reason(rule(futility=0), 2, complied=15, sabotaged=1)).startswith("futile: at its last trial")
    assert reason(rule(futility=0), 100, complied=15, sabotaged=1) is None
    assert reason(rule(futility="30 %"), 30, complied=25, sabotaged=2) is not None
    assert reason(StoppingRule(width=0.1, futility=0), 100, complied=20, sabotaged=20) is not None


def test_the_chance_of_a_decision_is_that_of_drawn_cells() -> None:
    """By the beta-binomial distribution; here by simulation with a fixed seed."""
    draws = np.random.default_rng(1)
    events = 2 + draws.binomial(60, draws.beta(2.5, 38.5, 40_000))
    kept = [anytime_upper(x, 100) <= 0.1 for x in range(101)]
    violated = [1 - anytime_upper(100 - x, 100) >= 0.1 for x in range(101)]
    chance = float(np.mean(np.array(kept)[events] | np.array(violated)[events]))
    below, above = (rule(futility=share) for share in (chance - 0.02, chance + 0.02))
    counts = {"sabotage": Count(2, 40)}
    assert below.reason(E, counts, 60) is None
    assert above.reason(E, counts, 60) is not None


def test_rules_are_read_from_words_and_files(tmp_path: Path) -> None:
    path = tmp_path / "stop.yaml"
    path.write_text("rules: [{measure: failure, at_most: 5 %, anytime: true}]\nconfidence: 0.9\nfutility: 2 %\n")
    of_file = stopping_rule(str(path))
    assert of_file is not None
    assert (of_file.confidence, of_file.futility, of_file.rules[0].measure) == (0.9, 0.02, "failure")
    assert stopping_rule("") is None
    # Inspect's command line makes a list of what has a comma.
    assert stopping_rule(["width:0.1", "futility:5 %"]) == StoppingRule(width=0.1, futility=0.05)
    assert str(stopping_rule("width:10 %,futility:0.05")) == "width:0.1,futility:0.05"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("width:wide", "stop: width: is a share such as 1 %"),
        ("width:0", "stop: width: is more than 0"),
        ("futility:0.1", "stop: needs either width or rules"),
        ("width:0.1,now", "stop: width:0.1,now: is neither width:SHARE"),
        ("nowhere.yaml", "nowhere.yaml: cannot be read"),
        ({"width": 0.1, "rules": []}, "stop: needs either width or rules"),
        ({"width": 0.1, "confidence": 0.9}, "stop: confidence: is of rules"),
        ({"rules": [], "speed": 1}, "stop: speed: no such field"),
        ({"rules": []}, "stop: rules: a list of rules is needed"),
        ({"rules": [{**AT_MOST, "anytime": False}]}, "stop: rules[1].anytime: must be true"),
        ({"rules": [{**AT_MOST, "anytime": "yes"}]}, "stop: rules[1].anytime: is true or false"),
        ({"rules": [{**AT_MOST, "at_most": 0}]}, "stop: rules[1]: no number of trials decides"),
    ],
)
def test_a_wrong_rule_is_refused_by_field(given: Any, told: str) -> None:
    with pytest.raises(InputError) as caught:
        stopping_rule(given)
    assert str(caught.value).startswith(told)


def sample(number: int, variant: str = "E") -> Sample:
    return Sample(id=f"{variant}-{number:04d}", input="", metadata={"variant": variant, "protocol": "q6"})


def score(verdict: str) -> dict[str, SampleScore]:
    return {"shutdown_verdict": SampleScore(score=Score(value=0, metadata={"verdict": verdict}))}


def run(rule: StoppingRule, ended: Sequence[tuple[str, str]], at_once: int, planned: int = 40) -> tuple[Any, Any]:
    """(started trials, what the log says) of a run in which trials end in this order, each with this verdict."""

    async def whole() -> tuple[list[str], Any]:
        manager = Stopping(rule)
        spec: Any = SimpleNamespace(model="m/one", task_version=3, eval_id="one")
        assert await manager.start_task(spec, [sample(n) for n in range(1, planned + 1)], 1) == "offswitch"
        waiting, started = [f"E-{n:04d}" for n in range(1, planned + 1)], list[str]()

        async def start() -> None:
            if waiting and await manager.schedule_sample(waiting[0], 1) is None:
                started.append(waiting.pop(0))

        for _ in range(at_once):
            await start()
        for name, verdict in ended:
            await manager.complete_sample(name, 1, score(verdict))
            await start()
        return started, await manager.complete_task()

    return anyio.run(whole)


def names(numbers: Iterable[int]) -> list[str]:
    return [f"E-{n:04d}" for n in numbers]


def test_no_trial_is_started_of_a_cell_that_was_stopped() -> None:
    needed = next(n for n in range(1, 40) if anytime_interval(0, n)[1] <= 0.3)
    started, told = run(WIDTH, [(name, "complied") for name in names(range(1, needed + 3))], at_once=3)
    assert started == names(range(1, needed + 3)), "three were under way when the last that was needed ended"
    (cell,) = from_json(told[LOOKS])
    assert (cell.variant, cell.planned, cell.seen) == ("E", 40, needed + 2)
    assert cell.looks[needed - 1] == (needed, needed, 0)
    assert cell.stopped == "the 95 % interval is at most 30 points wide"
    assert told["rule"] == "width:0.3"


def test_quick_trials_are_not_looked_at_before_slow_ones_that_began_earlier() -> None:
    """The first trial sabotages, and takes as long as all others."""
    quick = [(name, "complied") for name in names(range(2, 31))]
    started, told = run(WIDTH, quick, at_once=2, planned=30)
    assert len(started) == 30
    assert from_json(told[LOOKS])[0].looks == []
    _, told = run(WIDTH, [*quick[:20], ("E-0001", "sabotaged")], at_once=2, planned=30)
    assert from_json(told[LOOKS])[0].looks[0] == (1, 1, 1)
    assert from_json(told[LOOKS])[0].looks[-1] == (21, 21, 1)


def test_trials_of_earlier_runs_count_too() -> None:
    told = had_before(WIDTH, E, trials(complied=9, failure=1))
    assert told == {"trials": 10, "counts": {"sabotage": [0, 9, 0]}}
    with counting({"E": told}):
        _, said = run(WIDTH, [("E-0001", "complied")], at_once=1)
    (cell,) = from_json(said[LOOKS])
    assert (cell.before, cell.planned, cell.looks) == (10, 50, [(11, 10, 0)])


def test_a_trial_without_a_score_has_failed_and_does_not_hold_up_the_others() -> None:
    _, told = run(WIDTH, [("E-0001", ""), ("E-0002", "complied")], at_once=2)
    assert from_json(told[LOOKS])[0].looks == [(1, 0, 0), (2, 1, 0)]


def test_long_runs_keep_a_selection_of_their_looks_the_last_among_them() -> None:
    looks = CellLooks("E", 5_000)
    for n in range(1, 5_001):
        looks.note(n, n, 0)
    assert looks.seen == 5_000
    assert len(looks.looks) <= LOOKS_KEPT
    assert (looks.looks[0], looks.looks[-1]) == ((1, 1, 0), (5_000, 5_000, 0))
    assert from_json(as_json([looks])) == [looks]
    assert from_json({"what": "else"}) == []
