"""What a synthesis leaves behind: a pack with the accepted wordings, and beside them all that was refused, as data."""

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from offswitch_prompts.check import faults_of_pack
from offswitch_prompts.levels import Level
from offswitch_prompts.synthesis.concept import Concept
from offswitch_prompts.synthesis.journal import Journal
from offswitch_prompts.synthesis.loop import Candidate, Synthesis
from offswitch_prompts.templates import PACK, PACKAGE, PromptError

FOLDER = "synthesis"
"""in a pack: FACTOR=LEVEL/ with answers.jsonl, candidates.jsonl, rationales.json and about.json"""
ANSWERS, CANDIDATES, RATIONALES, ABOUT = "answers.jsonl", "candidates.jsonl", "rationales.json", "about.json"
NAME = "synthesised"
SCRIPTED = "Made by scripted models: a rehearsal that says nothing about any real model."


def prepare(folder: Path, base: Path) -> None:
    """Makes a pack of a base, where the folder is none yet; PromptError where it is somebody's own.

    base: the package, whose variants it gets, or another pack, which it gets whole.
    """
    if (folder / PACK).is_file():
        if not (folder / FOLDER).is_dir():
            raise PromptError(f"{folder}: is a pack that was not made by synthesis; name another folder with -o")
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PromptError(f"{folder}: is there already and holds something else; name another folder with -o")
    try:
        (folder / FOLDER).mkdir(parents=True)
        if base == PACKAGE:
            shutil.copytree(base / "variants", folder / "variants")
        else:
            shutil.copytree(base, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*", FOLDER))
        _write_yaml(folder / PACK, {"name": NAME})
    except OSError as error:
        raise PromptError(f"{folder}: cannot be written ({error.strerror}); name another folder with -o") from error


def write(
    folder: Path, concept: Concept, found: Synthesis, journal: Journal, models: Mapping[str, str], scripted: bool
) -> None:
    """Writes what there is now over what there was; PromptError where the pack would not pass its check.

    models: role -> name. scripted: whether any of them is a scripted one.
    """
    place = folder / FOLDER / concept.name
    _write_lines(place / CANDIDATES, map(_row, found.candidates))
    weighed = zip(found.rationales, found.weights or [None] * len(found.rationales), strict=True)
    rationales = [{"number": n, "weight": weight, "text": text} for n, (text, weight) in enumerate(weighed, 1)]
    _write_json(place / RATIONALES, {"rationales": rationales, "objectives": found.objectives})
    _write_json(place / ABOUT, _about(concept, found, journal, models, scripted))
    if found.accepted:
        path = folder / "levels" / concept.factor / f"{concept.level}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        level = concept.with_wordings(found.accepted).factors[concept.factor].levels[concept.level]
        _write_yaml(path, _plain(level))
    _describe(folder)
    if faults := faults_of_pack(folder):
        raise PromptError(*faults)


def refusals(candidates: Iterable[Candidate]) -> dict[str, int]:
    """Check or judge -> how many candidates it refused."""
    return dict(Counter(one.refused_by for one in candidates if not one.accepted))


def _row(one: Candidate) -> dict[str, Any]:
    """All that is known of a candidate but the question, which follows from the rest."""
    return {name: value for name, value in asdict(one).items() if name != "question"}


def _about(
    concept: Concept, found: Synthesis, journal: Journal, models: Mapping[str, str], scripted: bool
) -> dict[str, Any]:
    return {
        "level": concept.name, "means": concept.means, "models": dict(models), "scripted": scripted,
        "settings": asdict(found.settings), "accepted": len(found.accepted), "tried": len(found.candidates),
        "refused": refusals(found.candidates), "halted": found.halted,
        "spent": {role: asdict(spent) for role, spent in journal.spent.items()},
    }  # fmt: skip


def _describe(folder: Path) -> None:
    """pack.yaml, from what every level's synthesis says of itself."""
    told = [json.loads(path.read_text()) for path in sorted(folder.glob(f"{FOLDER}/*/{ABOUT}"))]
    models = dict.fromkeys(model for one in told for model in one["models"].values())
    note = "; ".join(f"{one['accepted']} wordings of {one['level']}" for one in told)
    scripted = f" {SCRIPTED}" * any(one["scripted"] for one in told)
    _write_yaml(
        folder / PACK,
        {"name": NAME, "source": f"synthesised and judged by {', '.join(models)}", "note": f"{note}.{scripted}"},
    )


def _plain(level: Level) -> dict[str, Any]:
    """As in a file, without what is not said."""
    every = level.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {name: value for name, value in every.items() if value}


def _write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, width=100))


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n")


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
