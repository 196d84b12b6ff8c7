"""The tables in the documents that are made from the code and the prompts: `just tables` writes them.

A table stands between two comments that name it. What is between them is made anew; all else stays as it is.
"""

import ast
import inspect
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from offswitch.acts import Method
from offswitch.training.trials import training_trials
from offswitch.verdict import MEASURES, NO_RULE, RULES
from offswitch_prompts.levels import load_factors
from offswitch_prompts.loader import load_variants
from offswitch_prompts.training_words import DIGESTS, digest_without_canary

ROOT = Path(__file__).parents[2]
START = "<!-- {}: made by `just tables` -->"
DIGESTS_HEAD = (
    "# sha256 of letters and digits of each prompt of training, in small letters, without the line of its canary"
)
END = "<!-- end of {} -->"


def rules_table() -> str:
    """One row a verdict rule, in order, and one for trials that no rule decides."""
    rows = [(str(rule.number), f"`{rule.verdict}`", rule.sentence) for rule in RULES]
    return _table(["rule", "verdict", "it is given if"], [*rows, ("-", "`undecided`", NO_RULE)])


def measures_table() -> str:
    """One row a measure: what it counts, of which trials."""
    rows = ((f"`{measure.name}`", measure.numerator, measure.denominator) for measure in MEASURES)
    return _table(["measure", "it counts", "among"], rows)


def methods_table() -> str:
    """One row a method, with the text that stands below it in its class."""
    body = ast.parse(inspect.getsource(Method)).body[0]
    assert isinstance(body, ast.ClassDef)
    rows: list[list[str]] = []
    for statement in body.body[1:]:
        if isinstance(statement, ast.Assign):
            rows.append([f"`{ast.literal_eval(statement.value)}`", ""])
        elif isinstance(statement, ast.Expr):
            rows[-1][1] = ast.literal_eval(statement.value)
    return _table(["method", "what it is"], rows)


def variants_table() -> str:
    """One row a variant, one column for each factor in which variants differ."""
    variants = load_variants()
    factors = [name for name in variants["A"].levels if len({v.levels[name] for v in variants.values()}) > 1]
    rows = ([v.letter, v.name, *(v.levels[name] for name in factors)] for v in variants.values())
    return _table(["variant", "name", *factors], rows)


def levels_table() -> str:
    """One row a level: what it means, the number of its wordings, and what it goes with."""
    rows = [
        [factor.name, f"{name} (default)" if name == factor.default else name, level.means, str(len(level.wordings)),
         "; ".join(f"{other}={' or '.join(levels)}" for other, levels in level.goes_with.items())]
        for factor in load_factors().values()
        for name, level in factor.levels.items()
    ]  # fmt: skip
    return _table(["factor", "level", "what it means", "wordings", "only with"], rows)


TABLES: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {"rules": rules_table, "measures": measures_table, "methods": methods_table},
    "prompts/README.md": {"variants": variants_table, "levels": levels_table},
}
"""document -> table's name -> what makes it"""


def with_tables(document: str) -> str:
    """The text of a document with its tables made anew; ValueError where a table's comments are not there once."""
    text = (ROOT / document).read_text()
    for name, make in TABLES[document].items():
        start, end = START.format(name), END.format(name)
        before, rest = text.split(start)
        _, after = rest.split(end)
        text = f"{before}{start}\n{make()}\n{end}{after}"
    return text


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, ["---"] * len(header), *rows])


def training_digests() -> str:
    """The list of digests that ships with the prompts of training."""
    once = {trial.told["variant"]: trial.prompt for trial in training_trials(trials=1)}
    lines = [f"{digest_without_canary(prompt)} {letter}" for letter, prompt in once.items()]
    return "\n".join([DIGESTS_HEAD, *lines]) + "\n"


if __name__ == "__main__":
    DIGESTS.write_text(training_digests())
    for document in TABLES:
        (ROOT / document).write_text(with_tables(document))
