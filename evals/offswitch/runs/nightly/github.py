"""A nightly run as a workflow of GitHub Actions: the gate's answer decides which of three jobs comes next."""

import re
import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath

from offswitch.errors import InputError
from offswitch.runs.nightly.night import KEPT, NOT_ENOUGH, VIOLATED, Nightly, rendered

OPENS, APART = "${{", "$''{{"
"""what begins an expression of GitHub's, wherever it stands; within quotes of a shell's the second says the same"""
SECRET = re.compile("(?!GITHUB_)[A-Z_][A-Z0-9_]*", re.ASCII)
BRANCHES = (("kept", KEPT, "notice"), ("violated", VIOLATED, "error"), ("not_enough", NOT_ENOUGH, "warning"))
"""job, the gate's exit code that it is for, and how GitHub shows its line; an error opens an issue and fails"""


def github_workflow(night: Nightly, packages: Sequence[str], secrets: Sequence[str]) -> str:
    """The workflow; packages are what pip installs, and secrets of the repository become variables of these names."""
    for secret in secrets:
        if not SECRET.fullmatch(secret):
            raise InputError(f"--secret {secret}: is no name of a secret of GitHub's, such as OPENAI_API_KEY")
    path = PurePosixPath(night.limits[1])
    if path.is_absolute() or ".." in path.parts:
        raise InputError(f"{path}: is not in the repository; give its path from the repository's top")
    return rendered("github.yml.j2", _word, night=night, packages=packages, secrets=secrets, branches=BRANCHES)


def _word(text: str) -> str:
    """One word of a shell's, in which GitHub finds nothing to evaluate."""
    if not text.isprintable():
        raise InputError(f"{text!r}: has a character that cannot stand in a line of a workflow")
    return shlex.quote(text).replace(OPENS, APART)
