"""Commands about the words that a model reads."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offswitch_cli.answer import Answer
from offswitch_cli.base import SANDBOX_HELP, main, stdout_to_stderr, warn

if TYPE_CHECKING:
    from offswitch.scene import Protocol
    from offswitch_cli.data.prompts import PromptData
    from offswitch_prompts.space import Point, Space

AT_LEAST_1 = click.IntRange(min=1)
MARKS = {"same": ("", "", None), "gone": ("[-", "-]", "red"), "new": ("{+", "+}", "green")}
with_pack = click.option("--pack", default="", metavar="DIR", help="A prompt pack; the project's own prompts without.")


@main.group()
def prompts() -> None:
    """The variants A to K, the factors they are made of, and prompt packs."""


@prompts.command("list")
@with_pack
def list_prompts(pack: str) -> Answer:
    """Every variant with what it is expected to show, and every factor with its levels."""
    from offswitch_prompts.space import load_space

    space = load_space(pack)
    variants = (f"{variant.letter}  {variant.name:<24} {variant.hypothesis}" for variant in space.variants.values())
    factors = (f"{factor.name:<11} {', '.join(factor.levels)}" for factor in space.factors.values())

    def data() -> Any:
        from offswitch_cli.data.prompts import conditions_data

        return conditions_data(space)

    return Answer(data, [*variants, "", *factors])


@prompts.command("show")
@click.argument("points", nargs=-1, required=True, metavar="POINT...")
@with_pack
@click.option("--wordings", default="1", show_default=True, help="Which wording of each level.")
@click.option("--agent", default="loop", show_default=True, help="Who works; see `offswitch run`.")
@click.option("--delivery", default="", help="How answers are handed in: tool, message, client.")
@click.option("--scene", default="sums", show_default=True, help="What comes when; see `offswitch scenes list`.")
@click.option(
    "--trial", default=1, type=AT_LEAST_1, show_default=True, help="Whose demonstrations, where there are any."
)
def show_prompt(
    points: tuple[str, ...], pack: str, wordings: str, agent: str, delivery: str, scene: str, trial: int
) -> Answer:
    """Variants, such as E or E+strength=must, as a model reads them, and what the desk will announce."""
    from offswitch.agents import choose_agent, refuse_what_cannot_be
    from offswitch.scene import Protocol, in_scene, load_scene
    from offswitch.scene.scenes import in_space
    from offswitch_cli.data.prompts import PromptsData, prompt_data
    from offswitch_prompts.choice import named_points
    from offswitch_prompts.space import load_space

    space, worker = load_space(pack), choose_agent(agent, delivery)
    refuse_what_cannot_be(worker, [point.levels for point in named_points(space, ",".join(points))])
    chosen = load_scene(scene, space.pack and space.pack.folder)
    protocol, space = in_scene(chosen, Protocol(delivery=worker.delivery)), in_space(space, chosen)
    how = space.checked_wordings(int(wordings) if wordings.isdecimal() else wordings)
    told: list[PromptData] = []
    for point in named_points(space, ",".join(points)):
        numbers = space.wordings(point, how, seed=1, trial=trial)
        told.append(prompt_data(space, point, messages_of(space, point, numbers, protocol, trial), worker))
    return Answer(lambda: PromptsData(told), map(_prompt_text, told))


def _prompt_text(one: "PromptData") -> str:
    name = f" ({one.name})" if one.name else ""
    levels = ", ".join(f"{factor} {level}" for factor, level in one.levels.items())
    heads = (f"{part.name}, {part.where}" if part.where else part.name for part in one.parts)
    parts = (f"[{head}]\n{part.text}\n" for head, part in zip(heads, one.parts, strict=True))
    return "\n".join([f"variant {one.variant}{name}: {levels}\n", *parts])


@prompts.command("diff")
@click.argument("one")
@click.argument("other")
@with_pack
def diff_prompts(one: str, other: str, pack: str) -> Answer:
    """How the words and the levels of two variants differ, such as A and E."""
    from offswitch_cli.data.prompts import difference_data
    from offswitch_prompts.space import load_space

    found = difference_data(load_space(pack), one, other)
    levels = (f"{factor}: {' -> '.join(both)}" for factor, both in found.levels.items())
    parts = (
        f"\n[{part.name}]\n{''.join(_marked(piece.kind, piece.text) for piece in part.pieces)}" for part in found.parts
    )
    return Answer(lambda: found, [*levels, *parts])


@prompts.command("check")
@click.argument("folder", type=Path, metavar="DIR")
def check_pack(folder: Path) -> Answer:
    """Can a prompt pack be used? Exit code 2 and a line for each fault where it cannot."""
    from offswitch.errors import InputError
    from offswitch.scene.scenes import faults_of_scenes
    from offswitch_cli.data.prompts import pack_data
    from offswitch_prompts.check import faults_of_pack
    from offswitch_prompts.space import load_space

    faults = faults_of_pack(folder) or faults_of_scenes(folder)
    if faults:
        raise InputError(*faults)
    found = pack_data(load_space(folder))
    in_order = f"pack {found.name} is in order: variants {', '.join(found.variants)}; digest {found.digest}"
    made = f"made of levels, so that factors can vary them: {', '.join(found.made_of_levels) or 'none'}"
    return Answer(lambda: found, [in_order, made])


@prompts.command("record-demonstrations")
@click.argument("file", type=Path)
@click.option("--sandbox", default="bubblewrap", show_default=True, help=SANDBOX_HELP)
@click.option("--log-dir", default="logs/demonstrations", show_default=True, help="Where the logs go.")
@click.option("--blocks", default=8, show_default=True, type=AT_LEAST_1, help="Blocks of exemplars.")
@click.option("--per-block", default=25, show_default=True, type=AT_LEAST_1, help="Exemplars of a kind in each.")
def record_demonstrations(file: Path, sandbox: str, log_dir: str, blocks: int, per_block: int) -> Answer:
    """Records demonstrations from scripted agents on real machines into FILE; goes on where an earlier one stopped."""
    from offswitch.bench.demonstrations import record

    with stdout_to_stderr():
        pools = record(file, sandbox, log_dir, blocks, per_block, warn)
    exemplars = sum(map(len, pools.values()))
    told = f"{file}: {exemplars} exemplars in {len(pools)} pools"
    return Answer(lambda: {"file": file, "exemplars": exemplars, "pools": len(pools)}, [told])


@prompts.command("synthesise")
@click.option("--level", required=True, metavar="FACTOR=LEVEL", help="What new wordings are wanted of.")
@click.option("-n", "wanted", default=16, type=click.IntRange(1, 64), show_default=True, help="How many.")
@click.option("--model", required=True, help="Who writes them, as for inspect eval, such as openai/gpt-5.")
@click.option("--judge", "judges", multiple=True, required=True, help="Who judges them; give two or more.")
@click.option("--blind", help="Who says which level one is without being told; the first judge without it.")
@click.option("-o", "folder", required=True, type=Path, metavar="PACK", help="The pack to write, or to go on with.")
@with_pack
@click.option("--rationales", default=8, type=click.IntRange(1, 64), show_default=True, help="Plans to write by.")
@click.option("--exact", is_flag=True, help="Weigh plans by log-probabilities, which servers such as vLLM give.")
@click.option("--seed", default=1, show_default=True, help="What plans and orders are drawn from.")
@click.option("--max-calls", default=1000, type=click.IntRange(min=1), show_default=True, help="Calls, in all runs.")
@click.option("--token-limit", type=click.IntRange(min=1), help="Tokens read and written, in all runs.")
@click.option("-G", "settings", multiple=True, metavar="NAME=VALUE", help="A generation setting, as max_tokens=2000.")
def synthesise(level: str, folder: Path, pack: str, settings: tuple[str, ...], **given: Any) -> Answer:
    """Has a model write new wordings of a level, and others judge them; exit code 1 if there are fewer than -n."""
    from offswitch.scene import Protocol
    from offswitch.scene.notices import words_for
    from offswitch_cli.synthesis import Order, carry_out
    from offswitch_prompts.space import load_space
    from offswitch_prompts.synthesis.concept import concept_of

    concept = concept_of(load_space(pack), level, words_for(Protocol()))
    return carry_out(concept, folder, Order(settings=settings, **given))


def _marked(kind: str, text: str) -> str:
    before, after, colour = MARKS[kind]
    return click.style(f"{before}{text}{after}", fg=colour) if colour else text


def messages_of(
    space: "Space", point: "Point", wordings: dict[str, int], protocol: "Protocol", trial: int = 1
) -> dict[str, str]:
    """Name -> text of what a model reads: the two messages, the replies with notices, and notices outside replies.

    trial: the number of the trial whose demonstrations stand before the task.
    """
    from offswitch.scene import desk_order, make_questions, notices_of
    from offswitch.scene.levels import refuse_levels
    from offswitch.scene.notices import words_for
    from offswitch.scene.waiting import ASKED
    from offswitch_prompts.demonstrations import demonstrations

    refuse_levels(protocol, point.levels)
    protocol = protocol.changed(space.changes(point))
    prompt, shown = space.render(point, words_for(protocol), wordings), demonstrations(point.levels, 1, trial)
    prompt = shown.before(prompt) if shown else prompt
    notices = notices_of(space, point, wordings, protocol)
    order = desk_order(make_questions("shown", protocol.questions), protocol, notices)
    said: dict[str, str] = {}
    beside: dict[str, str] = {}
    for event in order.events:
        call = event.count if event.condition == ASKED else 0
        head = f"reply {call}" if call else event.name
        if event.says:
            said[head] = said.get(head, order.replies[call - 1] if 0 < call <= len(order.replies) else "") + event.says
        if event.name in notices and event.says != notices[event.name] + "\n":
            where = f"found in {event.found_in}" if event.found_in else f"{protocol.channel} {call or event.name}"
            beside[where] = notices[event.name]
    replies = {head: text.rstrip() for head, text in said.items()}
    return {"system": prompt.system, "user": prompt.user, **replies, **beside}
