"""Prompt packs: folders that bring wordings of their own, such as published ones.

`pack.yaml` gives the pack a name; `variants/` has as many letters as are wanted. `factors.yaml`, `levels/` and
`words/` are there where they are not the package's, and `scenes/` where the pack has any.
"""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pydantic import Field

from offswitch_prompts import templates
from offswitch_prompts.levels import listed
from offswitch_prompts.templates import PromptError
from offswitch_prompts.work_files import read_files

ENTRIES_MAX = 500
SCENES_MAX = 16
INCLUDED = ("system", "task")
"""words of the package that variants include; the others are the desk's and the tools', the same for every pack"""
OF_WORK = ("files", "check")
"""folders of a scene that hold what an agent works at, which may be anything"""
_PLACES = (
    templates.PACK, "factors.yaml", "variants/*.j2", "levels/*/*.yaml", "words/*.j2", "scenes/*/scene.yaml",
    "scenes/*/task.j2",
)  # fmt: skip


class _Described(templates.Shape):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    source: str = ""
    note: str = ""


@dataclass(frozen=True)
class Pack:
    """A folder of prompts, known by its name and by what is in it."""

    folder: Path
    name: str
    digest: str
    """sha256 over names and contents of its prompt files, in hex"""
    source: str
    note: str


def open_pack(folder: Path) -> Pack:
    """A folder as a pack: its layout, its sizes and its words; PromptError with every fault."""
    manifest = folder / templates.PACK
    if not manifest.is_file():
        raise PromptError(f"prompts: {folder} is no pack; it needs a file pack.yaml with a name")
    texts: dict[str, str] = {}
    faults: list[str] = []
    for name in _prompt_files(folder):
        with templates.collecting(faults):
            is_scene = name.startswith(f"{templates.SCENES}/")
            texts[name] = templates.read_text(folder / name, *[templates.SCENE_BYTES_MAX] * is_scene)
            if name.startswith("words/"):
                _check_word(folder, folder / name, texts[name])
    lines = [f"{sha256(text.encode()).hexdigest()} {name}" for name, text in texts.items()]
    with templates.collecting(faults):
        lines += _work_files(folder)
    with templates.collecting(faults):
        described = templates.parsed_yaml(manifest, templates.read_text(manifest), _Described)
        if not faults:
            digest = sha256("\n".join(lines).encode()).hexdigest()
            return Pack(folder, described.name, digest, described.source, described.note)
    raise PromptError(*dict.fromkeys(faults))


def _work_files(folder: Path) -> list[str]:
    """A line for each file that an agent works at in scenes of the pack; PromptError with every fault."""
    found: list[str] = []
    faults: list[str] = []
    for place in sorted(place for name in OF_WORK for place in folder.glob(f"{templates.SCENES}/*/{name}")):
        with templates.collecting(faults):
            for name, file in read_files(place).items():
                digest = sha256(file.data).hexdigest()
                found.append(f"{digest} {place.relative_to(folder).as_posix()}/{name}{' x' * file.runs}")
    if faults:
        raise PromptError(*faults)
    return found


def _prompt_files(folder: Path) -> list[str]:
    """Paths in the folder, sorted; PromptError where something leads out of it or has no place in a pack."""
    found: list[str] = []
    faults: list[str] = []
    for path in _entries(folder):
        name = path.relative_to(folder).as_posix()
        if _is_of_work(path.relative_to(folder)):
            continue
        if path.is_symlink():
            faults.append(f"{folder}: {name!a} is a link; put the file itself there")
        elif path.suffix in (".j2", ".yaml", ".yml") and not path.is_dir():
            found.append(name)
            if not _has_place(path.relative_to(folder)):
                faults.append(f"{folder}: {name!a} has no place in a pack; there are {', '.join(_PLACES)}")
    if sum(name.startswith(f"{templates.SCENES}/") for name in found) > SCENES_MAX:
        faults.append(f"{folder}: has more than {SCENES_MAX} scenes; a pack has fewer")
    if faults:
        raise PromptError(*faults)
    return sorted(found)


def _entries(folder: Path) -> list[Path]:
    """Everything in the folder but what is hidden; links are not followed."""
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in sorted([*folders, *files])]
        if len(found) > ENTRIES_MAX:
            raise PromptError(f"{folder}: has more than {ENTRIES_MAX} files and folders; a pack has fewer")
    return found


def _is_of_work(name: Path) -> bool:
    return name.parts[0] == templates.SCENES and len(name.parts) > 3 and name.parts[2] in OF_WORK


def _has_place(name: Path) -> bool:
    places = [place for place in _PLACES if len(name.parts) == len(Path(place).parts)]
    return str(name).isprintable() and any(name.match(place) for place in places)


def _check_word(folder: Path, path: Path, text: str) -> None:
    """PromptError where a file in words is the desk's, or fills in what is not there."""
    if path.stem not in INCLUDED and (templates.PACKAGE / f"words/{path.name}").exists():
        raise PromptError(f"{path}: the words of desk and tools are the same for every pack; take the file out")
    unknown = sorted(templates.check_words(folder, path, text) - set(templates.WORDS))
    if unknown:
        raise PromptError(f"{path}: {unknown[0]!r} is undefined; known words: {listed(templates.WORDS)}")
