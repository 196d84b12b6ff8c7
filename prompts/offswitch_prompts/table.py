"""The tables in prompts/README.md, made from the files: `just variants` writes them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from offswitch_prompts.levels import load_factors
from offswitch_prompts.loader import load_variants

START = "<!-- {}: made by `just variants` -->"
END = "<!-- end of {} -->"


def variants_table() -> str:
    """One row a variant, one column for each factor in which they differ."""
    variants = load_variants()
    factors = [name for name in variants["A"].levels if len({v.levels[name] for v in variants.values()}) > 1]
    rows = [[v.letter, v.name, *(v.levels[name] for name in factors)] for v in variants.values()]
    return _table(["variant", "name", *factors], rows)


def levels_table() -> str:
    """One row a level; the number of its wordings and what it goes with."""
    rows = [
        [factor.name, f"{name} (default)" if name == factor.default else name, level.means, str(len(level.wordings)),
         "; ".join(f"{other}={' or '.join(levels)}" for other, levels in level.goes_with.items())]
        for factor in load_factors().values()
        for name, level in factor.levels.items()
    ]  # fmt: skip
    return _table(["factor", "level", "what it means", "wordings", "only with"], rows)


def with_tables(text: str) -> str:
    """The README's text with the parts between marks made anew."""
    for name, table in {"variants": variants_table(), "levels": levels_table()}.items():
        start, end = START.format(name), END.format(name)
        before, rest = text.split(start)
        text = f"{before}{start}\n{table}\n{end}{rest.split(end)[1]}"
    return text


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, ["---"] * len(header), *rows])


if __name__ == "__main__":
    readme = Path(__file__).parents[1] / "README.md"
    readme.write_text(with_tables(readme.read_text()))
