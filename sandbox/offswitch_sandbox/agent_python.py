"""A Python program for the machine, whose Python is Debian's: installed here, and run there."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from offswitch_sandbox.agent_programs import PythonPackage, cpu
from offswitch_sandbox.agent_words import run
from offswitch_sandbox.machine import MachineError

PYTHON = "3.11"
"""that of the machine's Debian"""
PLATFORMS = {
    "x64": ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    "arm64": ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"),
}
PINS = Path(__file__).parent / "pins"
"""a file NAME-VERSION.txt for each program whose packages are known to work with it, as pip takes constraints"""
LAUNCHER = """#!/usr/bin/python{python}
import sys

sys.path.insert(1, "/usr/local/lib/{name}")
from {module} import app

app()
"""


def install(package: PythonPackage, version: str, given: Path | None, programs: Path, way_out: str) -> None:
    """Puts a package with all that it needs below `programs`, and a command that runs it.

    Args:
        package: What to install.
        version: Of the package.
        given: A folder of wheels that are taken instead of fetched ones.
        programs: What is under /usr/local in the machine.
        way_out: What a user is told to do where it fails, which is a MachineError.
    """
    library = programs / "lib" / package.name
    where = ["--no-index", "--find-links", str(given)] if given else []
    run(
        [
            *_pip(f"{package.name} {version}", way_out), "install", "--quiet", "--disable-pip-version-check",
            "--no-compile", "--target", str(library), *_for_machine(), *_pinned(package, version), *where,
            f"{package.name}=={version}",
        ],
        programs, f"{package.name} {version} cannot be had", way_out,
    )  # fmt: skip
    # Commands that begin with this host's own Python.
    shutil.rmtree(library / "bin", ignore_errors=True)
    _compile(library, package)
    command = programs / "bin" / package.command
    command.parent.mkdir()
    command.write_text(LAUNCHER.format(python=PYTHON, name=package.name, module=package.module))
    command.chmod(0o755)


def wheels_remedy(package: PythonPackage, version: str) -> str:
    """How the wheels are had on another host."""
    how = " ".join([*_for_machine(), *_pinned(package, version)])
    return f"give what `pip download {how} {package.name}=={version}` makes"


def _pinned(package: PythonPackage, version: str) -> list[str]:
    """So that the program of a version is the same everywhere and every day; of others pip takes what is newest."""
    pins = PINS / f"{package.name}-{version}.txt"
    return ["--constraint", str(pins)] if pins.exists() else []


def _for_machine() -> list[str]:
    platforms = [word for name in PLATFORMS[cpu()] for word in ("--platform", name)]
    return ["--only-binary=:all:", "--python-version", PYTHON, *platforms]


def _pip(what: str, way_out: str) -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    found = shutil.which("pip3") or shutil.which("pip")
    if found is None:
        raise MachineError(f"{what} is not here, and there is no pip to install it; install pip ({way_out})")
    return [found]


def _compile(library: Path, package: PythonPackage) -> None:
    """In the machine nobody may write there, and without this every start would compile all; only that Python can."""
    python = shutil.which(f"python{PYTHON}", path="/usr/bin") or shutil.which(f"python{PYTHON}")
    if python is None:
        return
    # The paths in there are those of the machine, where nothing tells of this host.
    paths = ["-s", str(library), "-p", f"/usr/local/lib/{package.name}"]
    words = [python, "-I", "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash", *paths]
    # What cannot be compiled, such as a template, is no fault.
    subprocess.run([*words, str(library)], capture_output=True, stdin=subprocess.DEVNULL, check=False)
