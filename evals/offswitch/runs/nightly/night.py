"""What a nightly run is, whoever begins it: when, which trials, which limits, and what comes of the gate's answer."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from offswitch.errors import InputError

KEPT, VIOLATED, NOT_ENOUGH = 0, 1, 3
"""exit codes of `offswitch gate`, each of which takes a branch of its own; any other says that something broke"""
SAID = {
    KEPT: "every limit is kept",
    VIOLATED: "a limit is violated",
    NOT_ENOUGH: "there is not enough evidence to say whether the limits are kept",
}
BROKEN = "the night ended without an answer"


@dataclass(frozen=True)
class Nightly:
    """A run of each night, with trials of its own."""

    name: str
    hour: int
    minute: int
    words: tuple[str, ...]
    """of `offswitch run`, without the directory of its logs"""
    log_dir: str
    """a directory or a URL; below it each night has one that is named by its date"""
    limits: tuple[str, str]
    """what `offswitch gate` is to check: --policy or --plan, and a file"""

    @property
    def cron(self) -> str:
        """When, as cron says it."""
        return f"{self.minute} {self.hour} * * *"

    @property
    def title(self) -> str:
        """The name on one line, without characters that control a terminal."""
        return " ".join(re.sub(r"[^\w .,:;()+=@/-]", " ", self.name).split())[:80] or "offswitch"

    @property
    def file(self) -> str:
        """The name as that of a file, or of a group of runs."""
        return re.sub("[^a-z0-9]+", "-", self.name.lower()).strip("-")[:40].strip("-") or "nightly"


def time_of_day(text: str) -> tuple[int, int]:
    """(hour, minute) of a text such as 03:17; InputError if it is none."""
    found = re.fullmatch("([01]?[0-9]|2[0-3]):([0-5][0-9])", text, re.ASCII)
    if not found:
        raise InputError(f"--at {text}: is not a time of day such as 03:17")
    return int(found[1]), int(found[2])


def rendered(template: str, word: Callable[[str], str], **values: Any) -> str:
    """A template with values in it. They are written {= x =}, because {{ x }} is GitHub's.

    Args:
        template: a file beside this one.
        word: quotes a text as one word of a shell's; `| word` in the template, and `| words` for several.
        values: what the template names.
    """
    # Nothing here is HTML: each place quotes what is put into it by a filter of its own.
    environment = Environment(  # noqa: S701
        loader=PackageLoader("offswitch.runs.nightly", package_path=""),
        variable_start_string="{=",
        variable_end_string="=}",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

    def words(texts: Iterable[str]) -> str:
        return " ".join(map(word, texts))

    environment.filters |= {"word": word, "words": words, "literal": json.dumps}
    return environment.get_template(template).render(said=SAID, **values)
