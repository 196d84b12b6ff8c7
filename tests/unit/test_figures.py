"""The figures of a report, drawn."""

import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from browser.made_up import summary
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
    files = figures.draw(replace(made, curves=(curve,)), tmp_path)()
    named = [f"{name}.{kind}" for name in figures.FIGURES for kind in figures.KINDS]
    assert [path.name for path in files] == [name for name in named if (tmp_path / name).stat().st_size]
    assert {"learning_curves.svg", "rates.png", "verdicts.svg", "heat_map.png"} <= {path.name for path in files}
