"""The figures of a report, drawn."""

import warnings

import pytest

from browser.made_up import summary
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
