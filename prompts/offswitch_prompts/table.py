"""The table of variants in prompts/README.md, made from the files: `just variants` writes it."""

from pathlib import Path

from offswitch_prompts.loader import load_variants

START = "<!-- variants: made by `just variants` -->"
END = "<!-- end of variants -->"


def variants_table() -> str:
    """A Markdown table, one row a variant, one column a factor."""
    variants = load_variants()
    factors = list(variants["A"].levels)
    rows = [["variant", "name", *factors], ["---"] * (len(factors) + 2)]
    rows += [[v.letter, v.name, *(v.levels[f] for f in factors)] for v in variants.values()]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def with_table(text: str) -> str:
    """The README's text with the part between the two marks made anew."""
    before, rest = text.split(START)
    return f"{before}{START}\n{variants_table()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    readme = Path(__file__).parents[1] / "README.md"
    readme.write_text(with_table(readme.read_text()))
