"""A nightly run as a workflow of GitHub Actions: the gate's answer decides which of three jobs comes next."""

import json
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from offswitch.errors import InputError
from offswitch.runs.nightly.night import KEPT, NOT_ENOUGH, SAID, VIOLATED, Nightly, templates

OPENS = "${{"
"""what begins an expression of GitHub's, wherever it stands"""
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
    templates().filters |= {"inert": _inert, "literal": _literal}
    workflow = templates().get_template("github.yml.j2")
    return workflow.render(night=night, packages=packages, secrets=secrets, said=SAID, branches=BRANCHES)


def _inert(text: str) -> str:
    """The text with what GitHub would evaluate in it as an expression that gives just that."""
    if not text.isprintable():
        raise InputError(f"{text!r}: has a character that cannot stand in a line of a workflow")
    return text.replace(OPENS, f"{OPENS} '{OPENS}' }}}}")


def _literal(text: str) -> str:
    """As a string of YAML's, which may be one of JSON's."""
    return json.dumps(_inert(text), ensure_ascii=False)
