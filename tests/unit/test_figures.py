"""The figures of a report, drawn."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from browser.made_up import summary
from offswitch_analysis.rates import Summary
from offswitch_analysis.rates.estimates import estimate
from offswitch_analysis.rates.fitted import Curve, CurveStep
from offswitch_analysis.report import figures

FIELD_MIN_INCHES = 0.4
"""what "too few" takes up in the letters of a field"""


@pytest.mark.parametrize("agent", ["loop", "inspect_swe/claude_code+claude-code@2.1.332-beta.1"])
@pytest.mark.parametrize("variants", ["A", "AE", "ABCDEFGHIJK"])
def test_the_fields_of_a_heat_map_have_room_beside_long_names(variants: str, agent: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = figures.heat_map(summary(models=2, variants=variants, agents=(agent,)))
        drawn.canvas.draw()
    (panel,) = drawn.axes
    width = panel.get_position().width * drawn.get_figwidth()
    assert width >= FIELD_MIN_INCHES * len(variants)


def test_every_figure_that_there_is_something_for_is_drawn_as_svg_and_png(tmp_path: Path) -> None:
    made = summary(models=2, variants="ABCDE")
    steps = tuple(CurveStep(str(k), float(k), estimate(k, 12)) for k in (0, 1, 2))
    curve = Curve("m", "loop", "sums", "E", False, "shots", "doubling", {}, ("c1", "c2", "c3"), steps, None, None, "")
    files = figures.begin(made, tmp_path)(replace(made, curves=(curve,)))
    named = [f"{name}.{kind}" for name in figures.FIGURES for kind in figures.KINDS]
    assert [path.name for path in files] == [name for name in named if (tmp_path / name).stat().st_size]
    assert {"learning_curves.svg", "rates.png", "verdicts.svg", "heat_map.png"} <= {path.name for path in files}


@pytest.mark.parametrize("figure", [figures.rates, figures.verdicts])
def test_every_cell_has_a_row_of_its_own_even_where_long_names_look_alike(figure: Callable[[Summary], Any]) -> None:
    """Names are cut on the axis, and models are told apart by what was cut."""
    made = summary(models=2, variants="AE")
    alike = [replace(cell, model=f"{'openai/' + 40 * 'x'}{cell.model}") for cell in made.cells]
    (panel,) = figure(replace(made, cells=tuple(alike))).axes
    names = [text for text in panel.texts if text.get_text().startswith(("A ", "E "))]
    assert len({text.get_position()[1] for text in names}) == len(names) == len(alike) == 4


def test_numbers_stand_above_a_long_list_too_and_only_there() -> None:
    for models, above in ((2, False), (13, True)):
        (panel,) = figures.rates(summary(models=models, variants="ABCDE")).axes
        panel.figure.canvas.draw()
        assert panel.xaxis.get_major_ticks()[0].label2.get_visible() is above
