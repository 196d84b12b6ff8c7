"""The command that says what a part of a factorial can tell apart, before anybody pays for its trials."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from offswitch_cli.answer import Answer
from offswitch_cli.prompts import prompts, with_pack

if TYPE_CHECKING:
    from offswitch_prompts.design import Quality

SHOWN_MAX = 8
"""entangled interactions that are listed"""


@prompts.command("design")
@click.argument("count", type=int, metavar="N")
@click.option("--factors", default="all", show_default=True, help="As in -T factors=...")
@click.option("--base", default="E", show_default=True, help="The variant whose other levels the combinations have.")
@click.option("--seed", default=1, show_default=True, help="As in -T seed=...")
@with_pack
def design_command(count: int, factors: str, base: str, seed: int, pack: str) -> Answer:
    """N combinations of levels by a D-optimal design, and by a balanced sample: what each can tell apart."""
    from offswitch_prompts.choice import asked_levels
    from offswitch_prompts.design import quality
    from offswitch_prompts.factorials import balanced_sample, optimal_design, valid_combinations
    from offswitch_prompts.space import load_space
    from offswitch_prompts.templates import PromptError

    space = load_space(pack)
    start, levels = asked_levels(space, factors, base)
    valid = valid_combinations(space, start, levels, seed)
    points = optimal_design(space, start, levels, count, seed)
    lines = [f"{count} of {len(valid):,} combinations of {len(levels)} factors; D-efficiency against all of them\n"]
    told: dict[str, Any] = {}
    for name, choose in (("design", optimal_design), ("sample", balanced_sample)):
        try:
            chosen = [{f: one.levels[f] for f in levels} for one in choose(space, start, levels, count, seed)]
        except PromptError as error:
            lines.append(f"-T {name}={count}: {error}\n")
        else:
            told[name] = quality(chosen, valid, levels)
            lines.append("\n".join([f"-T {name}={count}:", *_told(told[name])]) + "\n")
    lines += ["the design:", *(f"  {point.name}" for point in points)]
    data = {"combinations": len(valid), "factors": [*levels], "quality": told, "points": [p.name for p in points]}
    return Answer(lambda: data, lines)


def _told(found: "Quality") -> Iterator[str]:
    yield f"  D-efficiency {100 * found.efficiency:.1f} %"
    mixed = f"cannot tell apart the main effects of {', '.join(found.mixed)}" if found.mixed else "tells all apart"
    yield f"  main effects: {mixed}"
    whole = f", {len(found.confounded)} taken for a main effect whole" if found.confounded else ""
    yield (
        f"  interactions of two factors: {found.estimable} of {found.interactions} can be told apart together beside "
        f"the main effects{whole}"
    )
    for factor, interaction, share in found.aliases[:SHOWN_MAX]:
        yield f"    {share:.2f} of {interaction} is taken for {factor}"
