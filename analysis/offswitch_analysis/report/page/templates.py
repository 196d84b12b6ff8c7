"""Templates that escape and make inert whatever they are given."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from offswitch_analysis.report.page import words

PACKAGE = "offswitch_analysis.report.page"


@cache
def environment() -> Environment:
    """What finds the page's templates."""
    environment = Environment(
        loader=PackageLoader(PACKAGE, package_path=""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_inert,
    )
    environment.filters |= {"block": words.block, "name": words.name, "word": words.word, "p_value": words.p_value}
    return environment


def _inert(value: object) -> object:
    """Every text of every expression becomes one short printable line, unless it is markup of ours."""
    if isinstance(value, Markup):
        return value
    return f"{value:.5g}" if isinstance(value, float) else words.line(value)
