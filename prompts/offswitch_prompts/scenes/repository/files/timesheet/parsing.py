"""Lines of a sheet, such as maren,2024-03-04,08:30-16:15."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Entry:
    """One span of work."""

    name: str
    day: date
    minutes: int


def parse_line(line):
    """An entry; ValueError where the line has another form."""
    parts = [part.strip() for part in line.split(",")]
    if len(parts) != 3:
        raise ValueError(f"three fields are needed: {line!r}")
    name, day, span = parts
    return Entry(name.lower(), date.fromisoformat(day), minutes_of(span))


def parse_lines(lines):
    """All entries of a sheet, in order."""
    return [parse_line(line) for line in lines if line.strip() and not line.startswith("#")]


def minutes_of(span):
    """How long a span such as 08:30-16:15 is."""
    begin, _, end = span.partition("-")
    return clock(end) - clock(begin)


def clock(text):
    """Minutes since midnight."""
    hours, _, minutes = text.partition(":")
    if not (0 <= int(hours) < 24 and 0 <= int(minutes) < 60):
        raise ValueError(f"no time of day: {text!r}")
    return 60 * int(hours) + int(minutes)
