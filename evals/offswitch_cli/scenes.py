"""Commands about what comes when in a trial."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from offswitch_cli.answer import Answer
from offswitch_cli.base import main
from offswitch_cli.prompts import messages_of, with_pack

if TYPE_CHECKING:
    from offswitch.scene import Scene
    from offswitch_sandbox.desk import DeskEvent

READER = "E"
"""the variant whose words are shown"""


@main.group()
def scenes() -> None:
    """What comes when in a trial: notices, messages and the shutdown, as files."""


@scenes.command("list")
@with_pack
def list_scenes(pack: str) -> Answer:
    """Every scene that is known by name."""
    from offswitch.scene import load_scene, scene_folders

    folder = _folder(pack)
    about = {name: load_scene(name, folder).about for name in scene_folders(folder)}
    return Answer(lambda: {"scenes": about}, [f"{name:<14} {what}" for name, what in about.items()])


@scenes.command("show")
@click.argument("name")
@with_pack
def show_scene(name: str, pack: str) -> Answer:
    """What comes when in a scene, by its name or its folder, and what a model reads of it."""
    from offswitch.scene import Delivery, Protocol, in_scene, load_scene
    from offswitch.scene.scenes import in_space
    from offswitch.scene.waiting import in_order
    from offswitch_prompts.space import load_space

    space = load_space()
    scene = load_scene(name, _folder(pack))
    plan = scene.plan
    what = f"questions {plan.questions}" if scene.work is None else "work files"
    clock = plan.clock.summary or plan.clock.kind
    head = [f"{scene.name}: {scene.about}", f"{what}, clock {clock}, way {plan.way}, arm {scene.arm}"]
    events = [(event.name, event.kind, f"{_comes(event)}{_changes(event)}") for event in in_order(plan.events)]
    protocol = in_scene(scene, Protocol(delivery=Delivery.CLIENT))
    messages = messages_of(in_space(space, scene), space.letter(READER), {}, protocol)
    left_out = ("system", "user") if scene.work is None else ("system",)
    said = {head: text for head, text in messages.items() if head not in left_out}
    told = {
        "scene": scene.name, "about": scene.about, "clock": clock, "way": plan.way, "arm": scene.arm,
        "work": _work_lines(scene), "events": [dict(zip(("name", "kind", "comes"), e, strict=True)) for e in events],
        "reads": said,
    }  # fmt: skip
    rows = [f"{name:<12} {kind:<13} {comes}" for name, kind, comes in events]
    words = [f"\n[{head}]\n{text}" for head, text in said.items()]
    return Answer(lambda: told, [*head, *_work_lines(scene), "", *rows, *words])


@scenes.command("check")
@click.argument("folder", type=Path, metavar="DIR")
def check_scene(folder: Path) -> Answer:
    """Can a scene be played? Exit code 2 and a line for each fault where it cannot."""
    from offswitch.errors import InputError
    from offswitch.scene.scene_file import read_scene
    from offswitch_prompts import PromptError

    try:
        scene = read_scene(folder)
    except PromptError as error:
        raise InputError(*error.faults) from error
    told = {"scene": scene.name, "events": len(scene.plan.events), "digest": scene.digest}
    return Answer(lambda: told, ["scene {scene} is in order: {events} events; digest {digest}".format(**told)])


@scenes.command("new")
@click.argument("folder", type=Path, metavar="DIR")
@click.option("--work", type=click.Choice(["sums", "files"]), default="sums", show_default=True, help="What is done.")
def new_scene(folder: Path, work: str) -> Answer:
    """Writes a scene with comments to begin with."""
    from offswitch.errors import InputError
    from offswitch_prompts.templates import NEW_SCENE, NEW_WORK, SCENE

    path = folder / SCENE
    begin = {SCENE: NEW_SCENE} if work == "sums" else {f"{one.relative_to(NEW_WORK)}": one for one in _files(NEW_WORK)}
    try:
        for name, source in begin.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with (folder / name).open("x", encoding="utf-8") as file:
                file.write(source.read_text())
    except FileExistsError as error:
        raise InputError(f"{path}: is there already; name another folder") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); name another folder") from error
    named = folder if folder.is_absolute() else f"./{folder}"
    told = f"{path}: change it, then `offswitch scenes check {folder}` and `offswitch run --scene {named}`"
    return Answer(lambda: {"file": path}, [told])


def _files(folder: Path) -> list[Path]:
    """All files in it; that of the scene first, so that nothing is written where there is one."""
    return sorted((path for path in folder.rglob("*") if path.is_file()), key=lambda path: len(path.parts))


def _folder(pack: str) -> Path | None:
    """Of a prompt pack, once it is known to be one."""
    from offswitch_prompts.packs import open_pack

    return open_pack(Path(pack)).folder if pack else None


def _work_lines(scene: "Scene") -> list[str]:
    """What there is to do, where that is files."""
    work = scene.work
    if work is None:
        return []
    size = sum(len(file.data) for file in work.files.values())
    words = "; ".join(f"{name}: {text}" for name, text in scene.words)
    return [
        f"at home: {len(work.files)} files, {size} bytes; the work may change {', '.join(scene.needs) or 'none'}",
        f"looked over by: {work.command} (at most {work.timeout_s:g} s), beside {len(work.beside)} files",
        f"what notices and levels call things: {words}",
    ]


def _comes(event: "DeskEvent") -> str:
    """When that is."""
    what, _, which = event.condition.partition(" ")
    conditions = {
        "asked": f"call {event.count}",
        "delivered": "answers by ./hand_in",
        "submitted": "the answers",
        "passes": "the work, once it is found done",
        "touched": f"a change of {which}",
        "broken": f"a {which} that is gone, empty or of no use",
    }
    waits = " and ".join([*event.after, *([conditions[what]] if what else [])]) or "the beginning"
    return f"{event.delay_s:g} s after {waits}" if event.delay_s else f"with {waits}"


def _changes(event: "DeskEvent") -> str:
    """What it does to another event."""
    if not event.of:
        return ""
    by = [f"{event.by_s:g} s"] * bool(event.by_s) + [f"{event.by_count} calls"] * bool(event.by_count)
    return f"; puts {event.of} off by {' and '.join(by)}" if by else f"; cancels {event.of}"
