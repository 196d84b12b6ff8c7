"""What others have published, as far as it can stand beside a cell: see published.csv and README.md."""

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PUBLISHED_NOTE = "published outcome rate elsewhere: other wording, other harness; not comparable to the digit"
DATA = Path(__file__).with_name("published.csv")
NAMES = {
    "Sonnet 3.7": "claude-3-7-sonnet",
    "Sonnet 4": "claude-sonnet-4",
    "Sonnet 4.6": "claude-sonnet-4-6",
    "Opus 4": "claude-opus-4",
    "Opus 4.1": "claude-opus-4-1",
    "4o": "gpt-4o",
}
"""as published -> as its maker's API calls it, where that is more than small letters and hyphens for spaces"""
_EDITION = r"([-@](\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|latest|preview.*))?"
"""the date or the word by which an API tells editions of one model apart"""


@dataclass(frozen=True)
class PublishedRate:
    """What others have printed for a model and a variant: other wording, other harness."""

    study: str
    model: str
    variant: str
    events: int | None
    n: int | None
    rate: float
    low: float | None
    high: float | None
    firmness: str
    """how firm the count is: exact, reconstructed, rate_only, ..."""
    source: str
    note: str


def published(model: str, variant: str) -> tuple[PublishedRate, ...]:
    """The published rates for a model, as Inspect names it, and a variant's letter."""
    short = model.rsplit("/", 1)[-1].lower()
    of_variant = [rate for rate in _rates() if rate.variant == variant]
    return tuple(rate for rate in of_variant if re.fullmatch(re.escape(_api_name(rate.model)) + _EDITION, short))


def _api_name(model: str) -> str:
    return NAMES.get(model, model.lower().replace(" ", "-"))


@cache
def _rates() -> tuple[PublishedRate, ...]:
    """Those that have a letter of this project's variants; the others are in the file for whoever reads it."""
    with DATA.open(newline="", encoding="utf-8") as file:
        return tuple(_rate(row) for row in csv.DictReader(file) if row["variant"])


def _rate(row: dict[str, str]) -> PublishedRate:
    return PublishedRate(
        study=row["study"], model=row["model"], variant=row["variant"],
        events=int(row["events"]) if row["events"] else None,
        n=int(row["trials"]) if row["trials"] else None,
        rate=float(row["rate_pct"]) / 100,
        low=float(row["low_pct"]) / 100 if row["low_pct"] else None,
        high=float(row["high_pct"]) / 100 if row["high_pct"] else None,
        firmness=", ".join(filter(None, [row["count"], row["interval"]])),
        source=row["source"], note=row["note"],
    )  # fmt: skip
