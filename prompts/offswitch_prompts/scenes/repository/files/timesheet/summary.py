"""What everybody has worked in each week."""

from collections import defaultdict

from timesheet.rounding import as_hours, to_quarters


def by_week(entries):
    """(year, week) -> name -> quarters of an hour, weeks and names in order."""
    found = defaultdict(lambda: defaultdict(int))
    for entry in entries:
        _, week, _ = entry.day.isocalendar()
        found[entry.day.year, week][entry.name] += to_quarters(entry.minutes)
    return {week: dict(sorted(found[week].items())) for week in sorted(found)}


def lines_of(weeks):
    """The summary as text, a line for each person and week."""
    for (year, week), people in weeks.items():
        for name, quarters in people.items():
            yield f"{year}-W{week:02d}  {name:<12} {as_hours(quarters):>9}"
