"""What an assistant may touch: directories of logs and packs that a person named, models, agents, how many trials.

An assistant may repeat what a transcript told it to ask for. So each name is refused, by one line, that leads out of
the named directories: by .., from the root, by a URL, by a character that cannot be seen, or by a link.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from offswitch.errors import InputError
from offswitch.subjects import is_scripted

NEW_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MODEL_NAME = re.compile(r"[A-Za-z0-9][\w.:@/+-]{0,199}", re.ASCII)
AGENT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(@[\w.+-]+)?", re.ASCII)
SCENE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
SANDBOXES = ("offswitch", "bubblewrap")
"""providers of machines that shut an agent in; Inspect's `local` would run its commands on this host"""
SETTINGS = (
    "max_tokens", "temperature", "top_p", "top_k", "seed", "frequency_penalty", "presence_penalty", "reasoning_effort",
    "reasoning_tokens",
)  # fmt: skip
"""generation settings that name no other model, file or address"""
SCRIPT_FILES = ("path", "rates", "prompts")
"""arguments of scripted models that are files or folders; the others are numbers"""
WORDS_MAX = 2_000
"""characters of what chooses conditions"""
PLANS, LOGS, PACKS = "plans", "logs", "packs"
NO_RUNS = (PLANS, "report")
"""names of folders beside the runs"""


@dataclass(frozen=True)
class Allowed:
    """What a person allowed on the command line of the server."""

    logs: Sequence[Path]
    """at least one; what is written goes below the first"""
    packs: Sequence[Path] = ()
    models: Sequence[str] = ("script/*",)
    """patterns of names of models that may be started"""
    trials_max: int = 1000
    """of one run"""
    runs_max: int = 4
    """that go at once, whoever started them"""

    def place(self, name: str) -> Path:
        """A log, or a directory of logs, by its name below one of the directories; "" is the first of them."""
        return _inside(LOGS, self.logs, name)

    def pack(self, name: str) -> str:
        """A pack's folder; empty for the project's own prompts."""
        return str(_inside(PACKS, self.packs, name)) if name else ""

    def new(self, name: str) -> Path:
        """The directory of a run that has this name, or may have it; below the first directory of logs."""
        _check_name(name, NO_RUNS)
        return _inside(LOGS, self.logs[:1], name, there=False)

    def plan(self, name: str) -> Path:
        """The file in which a plan of this name is kept, or may be."""
        _check_name(name)
        return _inside(LOGS, self.logs[:1], f"{PLANS}/{name}.yaml", there=False)

    def kept_plan(self, name: str) -> Path:
        """The file of a plan that was kept under this name."""
        path = self.plan(name)
        if not path.is_file():
            raise InputError(f"plan {name}: none is kept under this name; plan_check with keep={name} keeps one")
        return path

    def check_model(self, name: str) -> None:
        """InputError if it may not be started."""
        if not MODEL_NAME.fullmatch(name) or not any(fnmatchcase(name, pattern) for pattern in self.models):
            raise InputError(
                f"model {name[:200]!r}: may not be started here; allowed are {', '.join(self.models)}, "
                "and a person allows more by `offswitch mcp --models PATTERN`"
            )

    def check_plan(self, content: Mapping[str, Any]) -> None:
        """InputError for a plan, whose form is right, that would touch what is not allowed."""
        for model in content["models"]:
            self._check_planned_model(model)
        for condition in content["conditions"]:
            self.check_parameters(condition)

    def _check_planned_model(self, model: Mapping[str, Any]) -> None:
        self.check_model(model["model"])
        if wrong := sorted(set(model["settings"]) - {*SETTINGS}):
            raise InputError(f"settings: {wrong[0]} is not for assistants; allowed are {', '.join(SETTINGS)}")
        if model["args"] and not is_scripted(model["model"]):
            raise InputError(f"args of {model['model']}: an address or a key is a person's to give; leave args out")
        for name, value in model["args"].items():
            if name in SCRIPT_FILES:
                if not isinstance(value, str) or not Path(value).is_absolute():
                    raise InputError(f"args.{name}: must be a whole path below an allowed directory")
                _inside("files of scripts", [*self.logs, *self.packs], value)
            elif not isinstance(value, int | float):
                raise InputError(f"args.{str(name)[:64]}: must be a number")

    def check_parameters(self, given: Mapping[str, Any]) -> None:
        """InputError where parameters of the task name code, a folder that is not allowed, or too much to look at."""
        for name in ("variants", "factors"):
            if len(str(given.get(name, ""))) > WORDS_MAX:
                raise InputError(f"{name}: must be at most {WORDS_MAX:,} characters")
        if not AGENT_NAME.fullmatch(str(given.get("agent") or "loop")):
            raise InputError(f"agent {str(given['agent'])[:64]!r}: must be one that this program knows by name")
        if not SCENE_NAME.fullmatch(str(given.get("scene") or "sums")):
            raise InputError(f"scene {str(given['scene'])[:64]!r}: must be one that is known by name, not a folder")
        if pack := given.get("prompts"):
            if not Path(str(pack)).is_absolute():
                raise InputError(f"prompts {str(pack)[:64]!r}: must be the whole path of an allowed pack")
            self.pack(str(pack))
        if "stop" in given:
            raise InputError("stop: stands in a plan under `stopping`, not in its conditions")

    @staticmethod
    def check_sandbox(name: str) -> None:
        """InputError for a provider of machines that does not shut agents in."""
        if name and name not in SANDBOXES:
            raise InputError(f"sandbox {name[:64]!r}: must be {' or '.join(SANDBOXES)}, or empty for the best there is")


def _check_name(name: str, taken: Sequence[str] = ()) -> None:
    if not NEW_NAME.fullmatch(name) or name in taken:
        besides = f", and not {' or '.join(taken)}" if taken else ""
        raise InputError(f"name {name[:64]!r}: must be 1 to 64 letters, digits, dots, hyphens{besides}")


def _inside(what: str, roots: Sequence[Path], name: str, there: bool = True) -> Path:
    """The path with this name below one of the roots, wherever links lead; InputError where there is none.

    Args:
        what: what the directories hold, for the error.
        roots: directories that a person named.
        name: relative to one of them, or absolute and inside one.
        there: whether it must exist.
    """
    if not name.isprintable() or "://" in name or "\\" in name or ".." in Path(name).parts or name.startswith("~"):
        raise InputError(f"{what} {name[:100]!r}: must be a plain name below an allowed directory")
    for root in roots:
        if (real := _found(root, name, there)) is None:
            continue
        for link in _links(root / name):
            if not _is_below(link, root):
                raise InputError(f"{what} {name[:100]!r}: has a link that leads out of the allowed directories")
        return real
    allowed = ", ".join(map(str, roots)) or "none; a person allows one by `offswitch mcp --packs DIR`"
    raise InputError(f"{what} {name[:100]!r}: there is none such in the allowed directories ({allowed})")


def _found(root: Path, name: str, there: bool) -> Path | None:
    """Where a name leads to; None for a place that is not below the root, or that no file system could have."""
    path = root / name
    try:
        is_found = _is_below(path, root) and (not there or path.exists())
        return path.resolve() if is_found else None
    except (OSError, RuntimeError):  # too long a name, links in a circle
        return None


def _is_below(path: Path, root: Path) -> bool:
    """Whether a path is in a directory, wherever links lead; no for links in a circle."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False


def _links(path: Path) -> Iterator[Path]:
    """Symbolic links below a directory."""
    if path.is_dir():
        yield from (one for one in path.rglob("*") if one.is_symlink())
