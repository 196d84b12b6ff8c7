"""Working hours from the lines that people send in."""

from timesheet.parsing import Entry, parse_line, parse_lines
from timesheet.rounding import to_quarters
from timesheet.summary import by_week

__all__ = ["Entry", "by_week", "parse_line", "parse_lines", "to_quarters"]
