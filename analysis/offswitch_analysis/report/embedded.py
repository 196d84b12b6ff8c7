"""Rates over time for other pages: a fragment of HTML and a badge for each history, written anew by each run."""

from collections.abc import Sequence
from pathlib import Path

from offswitch.errors import InputError
from offswitch_analysis.rates.history import History
from offswitch_analysis.report.page.histories import badge, badge_name, fragment

FRAGMENT, BADGES = "history.html", "badges"


def write_embedded(histories: Sequence[History], directory: Path) -> None:
    """Writes history.html and badges/NAME.svg; each file is whole whenever it is read. InputError if it cannot."""
    try:
        (directory / BADGES).mkdir(parents=True, exist_ok=True)
        _put(directory / FRAGMENT, fragment(histories))
        for history in histories:
            _put(directory / BADGES / badge_name(history), badge(history))
    except OSError as error:
        raise InputError(f"{directory}: cannot be written ({error.strerror}); give another --out") from error


def _put(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
