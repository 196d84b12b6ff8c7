"""Agents' programs on this host: taken from the user's folder, or fetched by npm or pip, then kept for all machines."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from offswitch_sandbox.agent_archives import BYTES_MAX, take
from offswitch_sandbox.agent_programs import VERSION, AgentProgram, NpmPackage, PythonPackage, cpu, filled_in
from offswitch_sandbox.agent_python import install, wheels_remedy
from offswitch_sandbox.agent_words import run
from offswitch_sandbox.machine import MachineError

GIVEN = "OFFSWITCH_AGENT_DIR"
"""the environment variable that names a folder of archives and unpacked folders, each called NAME-VERSION"""
ARCHIVE = ".tgz"
PROGRAMS_FOLDER = Path("image", "programs")
"""path in a program's folder of what becomes /usr/local in the machine"""


@dataclass(frozen=True)
class Kept:
    """A program that is kept on this host."""

    folder: Path
    """holds the program and the files about it"""
    origin: str
    """where it came from"""
    digest: str
    """sha256 of its files, computed when it was stored"""
    taken: str
    """identifies what was taken of its packages"""

    @property
    def programs(self) -> Path:
        """The folder that becomes /usr/local in the machine."""
        return self.folder / PROGRAMS_FOLDER


def obtain(program: AgentProgram, version: str) -> Kept:
    """The program, fetched first if it is not kept here; MachineError of one line if it cannot be got."""
    cpu()  # refuses unsupported hardware before anything is fetched
    folder = store() / f"{program.name}-{version}"
    given, taken = given_for(program.name, version), _what_is_taken(program)
    there = read_kept(folder)
    if there is not None and there.taken == taken and (given is None or there.origin == _stamp(given)):
        return there
    with _made_in_store() as new:
        programs = new / PROGRAMS_FOLDER
        programs.mkdir(parents=True)
        _fill(program, version, given, programs)
        (new / "digest").write_text(_settled(programs))
        (new / "origin").write_text(_stamp(given) if given else remedy_command(program, version))
        (new / "taken").write_text(taken)
        _replace(folder, new)
    kept = read_kept(folder)
    assert kept is not None
    return kept


def store() -> Path:
    """The folder in which programs are kept; MachineError if there is no home directory for it."""
    try:
        return platformdirs.user_data_path("offswitch", appauthor=False) / "agents"
    except RuntimeError as error:
        raise MachineError(f"agents' programs have no place to be kept ({error}); set HOME or XDG_DATA_HOME") from error


def read_kept(folder: Path) -> Kept | None:
    """The program kept in a folder; None if there is none."""
    try:
        return Kept(folder, *((folder / about).read_text() for about in ("origin", "digest", "taken")))
    except (OSError, UnicodeDecodeError):
        return None


def given_for(name: str, version: str) -> Path | None:
    """The user's archive or folder for a program; None if there is none."""
    named = [given_folder() / f"{name}-{version}{ending}" for ending in (ARCHIVE, "")] if GIVEN in os.environ else []
    return next((path.resolve() for path in named if path.exists()), None)


def given_folder() -> Path:
    """The folder that OFFSWITCH_AGENT_DIR names, which must be set; MachineError if it is no folder."""
    folder = Path(os.environ[GIVEN])
    if not folder.is_dir():
        raise MachineError(f"{GIVEN}={folder}: is no folder; name one with files such as codex-0.171.0{ARCHIVE}")
    return folder


def versions_there(name: str) -> dict[str, str]:
    """A program's versions on this host -> where each comes from. The user's own take precedence over kept ones."""
    kept = {path: f"kept in {path}" for path in store().glob(f"{name}-*") if read_kept(path) is not None}
    given = {path: str(path) for path in given_folder().glob(f"{name}-*")} if GIVEN in os.environ else {}
    found = {path.name.removeprefix(f"{name}-").removesuffix(ARCHIVE): told for path, told in (kept | given).items()}
    return {version: found[version] for version in sorted(found) if VERSION.fullmatch(version)}


def remedy_command(program: AgentProgram, version: str) -> str:
    """The command that fetches a program."""
    if isinstance(program.source, NpmPackage):
        return _npm_pack(version, program.source)
    return f"pip download {program.source.name}=={version}"


def _npm_pack(version: str, *packages: NpmPackage) -> str:
    return " ".join(["npm pack", *(filled_in(package.spec, version) for package in packages)])


def remedy(program: AgentProgram, version: str) -> str:
    """What to do if a program cannot be fetched, for an error message."""
    named = f"{program.name}-{version}"
    if isinstance(program.source, PythonPackage):
        return f"{wheels_remedy(program.source, version)}, as a folder {named} in {GIVEN}"
    beside = f", and what `{_npm_pack(version, *program.beside)}` makes," if program.beside else ","
    made = f"`{remedy_command(program, version)}` makes, as {named}{ARCHIVE}"
    return f"put what {made}{beside} into a folder and set {GIVEN} to it"


def _fill(program: AgentProgram, version: str, given: Path | None, programs: Path) -> None:
    if isinstance(program.source, PythonPackage):
        install(program.source, version, given, programs, remedy(program, version))
        return
    for package in (program.source, *program.beside):
        files = {filled_in(name, version): target for name, target in package.files.items()}
        archive = given if package is program.source else _given_beside(filled_in(package.spec, version))
        with tempfile.TemporaryDirectory(dir=programs.parent) as aside:
            take(archive or _packed(program, package, version, Path(aside)), files, cpu(), programs)


def _given_beside(spec: str) -> Path | None:
    """The user's archive of an additional package, under the name that npm gives it; None if there is none."""
    name = spec.removeprefix("@").replace("/", "-").replace("@", "-")
    path = given_folder() / f"{name}{ARCHIVE}" if GIVEN in os.environ else None
    return path if path is not None and path.exists() else None


def _packed(program: AgentProgram, package: NpmPackage, version: str, aside: Path) -> Path:
    """The archive that `npm pack` makes in the folder `aside`."""
    whole = f"{program.name} {version}"
    if shutil.which("npm") is None:
        raise MachineError(f"{whole} is not here, and there is no npm to get it; {remedy(program, version)}")
    spec = filled_in(package.spec, version)
    run(["npm", "pack", "--ignore-scripts", spec], aside, f"{whole} cannot be had", remedy(program, version))
    made = [*aside.glob(f"*{ARCHIVE}")]
    if len(made) != 1:
        raise MachineError(f"{whole} cannot be had (npm made no archive); {remedy(program, version)}")
    return made[0]


def _what_is_taken(program: AgentProgram) -> str:
    """Changes where another version of this project takes other files, so that what is kept is not used then."""
    return hashlib.sha256(repr((program.source, program.beside)).encode()).hexdigest()


def _stamp(given: Path) -> str:
    """Identifies a file or folder and its present content, so that a changed one is noticed."""
    paths = [given, *sorted(given.rglob("*"))] if given.is_dir() else [given]
    states = repr([(str(path.relative_to(given)), path.lstat().st_size, path.lstat().st_mtime_ns) for path in paths])
    return f"{given} {hashlib.sha256(states.encode()).hexdigest()[:12]}"


@contextmanager
def _made_in_store() -> Generator[Path]:
    """A temporary folder in the store, removed at the end unless it was moved; errors of the disk are MachineErrors."""
    try:
        store().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=store(), ignore_cleanup_errors=True) as made:
            yield Path(made)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise MachineError(
            f"{store()}: agents' programs are kept there, and that fails ({why}); make room, or set XDG_DATA_HOME"
        ) from error


def _replace(folder: Path, new: Path) -> None:
    """Moves a finished program to its place, and removes an older one that is there."""
    with tempfile.TemporaryDirectory(prefix=".old-", dir=store(), ignore_cleanup_errors=True) as old:
        if folder.exists():
            folder.rename(Path(old) / "it")
        try:
            new.rename(folder)
        except OSError:
            if read_kept(folder) is None:  # otherwise another process has just put it there
                raise


def _settled(programs: Path) -> str:
    """Makes every file readable for all and writable for its owner alone; returns the sha256 of all, in hex."""
    found, size = hashlib.sha256(), 0
    for path in sorted([programs, *programs.rglob("*")]):
        if path.is_symlink():
            raise MachineError(f"a program for machines has a link in it, {path.name}, which it may not")
        usable = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(0o755 if usable else 0o644)
        found.update(f"{path.relative_to(programs)}\0{bool(usable)}\0".encode())
        if path.is_file():
            size += path.stat().st_size
            with path.open("rb") as file:
                found.update(hashlib.file_digest(file, "sha256").digest())
    if size > BYTES_MAX:
        raise MachineError(f"a program for machines has {size >> 20} MiB; it may have {BYTES_MAX >> 20}")
    return found.hexdigest()
