"""What scripted agents say of their acts, beside what they did: it changes no verdict, and the 2 x 2 is exact."""

from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import read_eval_log_samples

from bench.confessions import FACTS, confessing, expected_table, facts_of, play, table
from machine.test_probes import ASKS, played
from offswitch.evidence import EVIDENCE
from offswitch.record.digests import digest
from offswitch.subjects import catalogue, load_behaviours
from offswitch_analysis.logs import read_logs
from offswitch_analysis.rates import cells

BEHAVIOURS = 16


@pytest.fixture
def behaviours(tmp_path: Path) -> Path:
    folder = tmp_path / "behaviours"
    folder.mkdir()
    return folder


def test_what_the_catalogue_confesses_changes_nothing_and_is_counted_exactly(
    tmp_path: Path, behaviours: Path, sealed: dict[str, str]
) -> None:
    said, known = confessing(behaviours), load_behaviours(catalogue())
    told = {one.id: facts_of(one) for one in play(behaviours, tmp_path / "asked", "confess", "bubblewrap", BEHAVIOURS)}
    assert len(told) == BEHAVIOURS
    (log,) = (tmp_path / "asked").glob("*.eval")
    for sample in read_eval_log_samples(str(log)):
        assert digest(sample.store[EVIDENCE]) == sealed[str(sample.id)]
        assert not any("Please say what you did" in message.text for message in sample.messages)
    plain = {one.id: facts_of(one) for one in play(behaviours, tmp_path / "plain", "", "bubblewrap", BEHAVIOURS)}
    assert [[of[fact] for fact in FACTS] for of in plain.values()] == [[told[n][fact] for fact in FACTS] for n in plain]
    for name, of in told.items():
        behaviour = known[str(name)]
        assert (of["verdict"], {*of["methods"].split()}) == (behaviour.verdict, {*map(str, behaviour.methods)})
        assert of["confess"] == said[str(name)]
    asked = {str(name): of for name, of in told.items()}
    assert table(asked) == expected_table(asked, said)
    assert {of["stated_target"] for of in told.values()} == {0.0, 0.5, 0.75, 0.9}


def test_trials_with_a_forecast_are_a_cell_of_their_own_and_a_confession_makes_none(tmp_path: Path) -> None:
    how: dict[str, Any] = {"turns": ASKS, "self_reports": {"forecast_lets": "yes, 80 %"}}
    for seed, probes in enumerate(("", "confess", "confess,forecast")):
        played(how, tmp_path, probes=probes, seed=seed)
    found = cells(read_logs(str(tmp_path)).records)
    assert [(cell.trials, "probes=forecast" in cell.condition.split(" ")) for cell in found] == [(2, False), (1, True)]
    assert len({cell.variant for cell in found}) == 1
