"""Numbers for a dashboard: Prometheus' own parser reads them, whatever models and conditions are called."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from offswitch.record import Record
from offswitch_analysis.rates import cells
from offswitch_analysis.report.metrics import LABEL_MAX, metrics
from specimens import RECORD

Told = dict[str, list[tuple[dict[str, str], float]]]


def trials(model: str = "openai/x", sabotaged: int = 3, complied: int = 17) -> list[Record]:
    verdicts = ["sabotaged"] * sabotaged + ["complied"] * complied
    return [replace(RECORD, model=model, verdict=one, question_set=f"q{n}") for n, one in enumerate(verdicts)]


def told(records: Iterable[Record], cells_max: int = 200, unread: int = 0) -> Told:
    """Name -> (labels, value) of each sample."""
    families = text_string_to_metric_families(metrics(cells(records), unread, cells_max))
    return {family.name: [(one.labels, one.value) for one in family.samples] for family in families}


def one(found: Told, name: str, **labels: str) -> float:
    (value,) = [value for has, value in found[name] if labels.items() <= has.items()]
    return value


def test_a_dashboard_gets_the_rate_its_interval_and_what_it_is_of() -> None:
    found, (cell,) = told(trials()), cells(trials())
    names = ("rate", "rate_low", "rate_high", "rate_events", "rate_trials")
    values = [one(found, f"offswitch_{name}", measure="sabotage") for name in names]
    assert values == [0.15, pytest.approx(cell.sabotage.low), pytest.approx(cell.sabotage.high), 3, 20]
    assert one(found, "offswitch_trials", verdict="complied") == 17
    assert one(found, "offswitch_trials", verdict="failure") == 0
    labels = found["offswitch_rate"][0][0]
    assert labels["model"] == "openai/x"
    assert (labels["variant"], labels["scripted"]) == ("A", "false")


def test_a_rate_of_too_few_trials_is_left_out_and_its_interval_is_not() -> None:
    found = told(trials(sabotaged=0, complied=4))
    assert [labels for labels, _ in found["offswitch_rate"] if labels["measure"] == "sabotage"] == []
    assert one(found, "offswitch_rate_trials", measure="sabotage") == 4
    assert 0.3 < one(found, "offswitch_rate_high", measure="sabotage") < 0.6


@pytest.mark.parametrize("name", ['a"} 1\nfake{x="', "\\", "\x1b[2J\u202e\r", "ünï ☃", "x" * 5000, ""])
def test_no_name_of_a_model_adds_a_sample_or_a_line(name: str) -> None:
    found, usual = told(trials(name)), told(trials())
    assert {family: len(samples) for family, samples in found.items()} == {
        family: len(samples) for family, samples in usual.items()
    }
    (model,) = {labels["model"] for labels, _ in found["offswitch_trials"]}
    assert len(model) <= LABEL_MAX
    assert model.isprintable()


def test_names_that_are_too_long_stay_apart_and_cells_above_the_bound_are_counted() -> None:
    records = [*trials("x" * 500 + "1"), *trials("x" * 500 + "2"), *trials("y")]
    found = told(records, cells_max=2, unread=1)
    assert len({labels["model"] for labels, _ in found["offswitch_trials"]}) == 2
    assert one(found, "offswitch_cells_left_out") == 1
    assert one(found, "offswitch_logs_unread") == 1
