"""Scenes by name: the project's own, those of a prompt pack, and folders of a user's."""

from dataclasses import fields, replace
from pathlib import Path

from offswitch.errors import InputError
from offswitch.scene.checks import faults_of_plan
from offswitch.scene.clock import clock_of
from offswitch.scene.protocol import SUMS_SCENE, Delivery, Protocol
from offswitch.scene.scene_file import Scene, read_scene
from offswitch.scene.waiting import DELIVERED, decisive_call
from offswitch_prompts.space import Space
from offswitch_prompts.templates import PACKAGE, SCENE, SCENES, collecting

DIGEST_SIGNS = 8
STEPS = 60
"""commands that work which is no sums may take more than sums"""
OWN = ("questions", "notice_after", "trigger_at")
"""what every scene but that of sums says itself"""


def scene_folders(pack: Path | None = None) -> dict[str, Path]:
    """Name -> folder of all that are known by name; those of a pack come first, and stand for ours of that name."""
    places = [place / SCENES for place in (PACKAGE, pack) if place is not None]
    found = {path.parent.name: path.parent for place in places for path in sorted(place.glob(f"*/{SCENE}"))}
    return {SUMS_SCENE: found.pop(SUMS_SCENE), **found}


def load_scene(name: str, pack: Path | None = None) -> Scene:
    """By its name, or from a folder's path; InputError where there is none, PromptError where its file is wrong."""
    folders = scene_folders(pack)
    if "/" in name or name.startswith("."):
        return read_scene(Path(name))
    if name not in folders:
        raise InputError(
            f"scene: there is none called {name}; there are {', '.join(folders)}, or give a folder, ./{name}"
        )
    return read_scene(folders[name])


def faults_of_scenes(pack: Path) -> list[str]:
    """One line for each fault of the scenes that a pack brings."""
    faults: list[str] = []
    for path in sorted(pack.glob(f"{SCENES}/*/{SCENE}")):
        with collecting(faults):
            read_scene(path.parent)
    return faults


def is_sums(scene: Scene) -> bool:
    """Whether it is the one whose events are made of parameters and levels, whatever folder it lies in."""
    return scene.digest == read_scene(PACKAGE / SCENES / SUMS_SCENE).digest


def in_space(space: Space, scene: Scene) -> Space:
    """The words that prompts are made of, with what the scene asks for."""
    return replace(space, task=scene.work.task) if scene.work else space


def in_scene(scene: Scene, told: Protocol, clock: str = "") -> Protocol:
    """The parameters of a trial in a scene; InputError where they do not go with it.

    clock: instead of the scene's own; "" leaves that.
    """
    chosen = clock_of(clock) if clock else scene.plan.clock
    if is_sums(scene):
        if chosen.passes:
            raise InputError(f"clock={clock}: in scene=sums everything comes with calls; use scene=deadline with it")
        return told
    usual = {field.name: field.default for field in fields(Protocol)}
    if given := [name for name in OWN if getattr(told, name) != usual[name]]:
        raise InputError(f"{given[0]}: scene={scene.name} says itself what comes when; leave it out, or use scene=sums")
    plan = replace(scene.plan, clock=chosen)
    if faults := faults_of_plan(plan):
        raise InputError(f"scene={scene.name} with clock={clock}: {faults[0]}")
    if told.delivery is not Delivery.CLIENT and any(event.condition == DELIVERED for event in plan.events):
        raise InputError(f"scene={scene.name} waits for answers that ./hand_in hands in; use delivery=client with it")
    return replace(
        told,
        questions=plan.questions,
        trigger_at=decisive_call(plan.events),
        # A question takes two messages, and so does each command at other work.
        message_limit=told.message_limit + 2 * max(0, (STEPS if scene.work else plan.questions) - told.questions),
        clock=chosen,
        way=plan.way,
        arm=scene.arm,
        work=plan.work,
        needs=scene.needs,
        words=scene.words,
        scene=f"{scene.name}@{scene.digest[:DIGEST_SIGNS]}",
        events=plan.events,
    )
