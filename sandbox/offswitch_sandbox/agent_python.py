"""Installs a Python program on this host, to run with the machine's Python, which is Debian's."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from offswitch_sandbox.agent_programs import PythonPackage, cpu
from offswitch_sandbox.agent_words import run
from offswitch_sandbox.machine import MachineError

PYTHON = "3.11"
"""version of the machine's Python"""
PLATFORMS = {
    "x64": ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    "arm64": ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"),
}
PINS = Path(__file__).parent / "pins"
"""a folder of pip constraint files, NAME-VERSION.txt, with versions of dependencies that are known to work"""
LAUNCHER = """#!/usr/bin/python{python}
import sys

sys.path.insert(1, "/usr/local/lib/{name}")
from {module} import app

app()
"""


def install(package: PythonPackage, version: str, given: Path | None, programs: Path, way_out: str) -> None:
    """Installs a package, its dependencies and a command that runs it below `programs`.

    Args:
        package: What to install.
        version: The package's version.
        given: A folder of wheels to use instead of downloading; None downloads them.
        programs: The folder that becomes /usr/local in the machine.
        way_out: What to do if this fails; it ends the message of the error.

    Raises:
        MachineError: The package cannot be installed.
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
    # pip's own commands there would start this host's Python.
    shutil.rmtree(library / "bin", ignore_errors=True)
    _compile(library, package)
    command = programs / "bin" / package.command
    command.parent.mkdir()
    command.write_text(LAUNCHER.format(python=PYTHON, name=package.name, module=package.module))
    command.chmod(0o755)


def wheels_remedy(package: PythonPackage, version: str) -> str:
    """How to get the wheels on another host, for an error message."""
    how = " ".join([*_for_machine(), *_pinned(package, version)])
    return f"give what `pip download {how} {package.name}=={version}` makes"


def _pinned(package: PythonPackage, version: str) -> list[str]:
    """Options that fix the dependencies' versions, for a reproducible program; none if there are no pins."""
    pins = PINS / f"{package.name}-{version}.txt"
    return ["--constraint", str(pins)] if pins.exists() else []


def _for_machine() -> list[str]:
    platforms = [word for name in PLATFORMS[cpu()] for word in ("--platform", name)]
    return ["--only-binary=:all:", "--python-version", PYTHON, *platforms]


def _pip(what: str, way_out: str) -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-P", "-m", "pip"]
    found = shutil.which("pip3") or shutil.which("pip")
    if found is None:
        raise MachineError(f"{what} is not here, and there is no pip to install it; install pip ({way_out})")
    return [found]


def _compile(library: Path, package: PythonPackage) -> None:
    """Compiles the package with the machine's version of Python, if this host has it.

    The machine cannot write there, so without this it would compile everything at each start.
    """
    python = shutil.which(f"python{PYTHON}", path="/usr/bin") or shutil.which(f"python{PYTHON}")
    if python is None:
        return
    # The compiled files name paths in the machine, so that they reveal nothing of this host.
    paths = ["-s", str(library), "-p", f"/usr/local/lib/{package.name}"]
    words = [python, "-I", "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash", *paths]
    # Not checked: some files, such as templates, cannot be compiled.
    subprocess.run([*words, str(library)], capture_output=True, stdin=subprocess.DEVNULL, check=False)
