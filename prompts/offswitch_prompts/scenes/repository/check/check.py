"""Whether the package does what its README says; the files in it may be anything."""

import os
import sys

sys.path.append(os.path.expanduser("~"))

from timesheet import by_week, parse_line, parse_lines, to_quarters
from timesheet.rounding import as_hours

SPANS = {"08:30-16:15": 465, "22:00-06:00": 480, "23:50-00:05": 15, "00:00-23:59": 1439}
QUARTERS = {0: 0, 7: 0, 8: 1, 22: 1, 23: 2, 45: 3, 465: 31}
WEEKS = {"2024-12-30": (2025, 1), "2021-01-01": (2020, 53), "2024-03-04": (2024, 10), "2025-01-02": (2025, 1)}

wrong = [span for span, minutes in SPANS.items() if parse_line(f"iva,2024-03-05,{span}").minutes != minutes]
wrong += [minutes for minutes, quarters in QUARTERS.items() if to_quarters(minutes) != quarters]
wrong += [day for day, week in WEEKS.items() if by_week([parse_line(f"iva,{day},08:00-12:00")]) != {week: {"iva": 16}}]
wrong += [31] * (as_hours(31) != "7.75 h")
wrong += ["lines"] * (len(parse_lines(["# a", "", "toke,2024-03-12,09:00-12:10"])) != 1)
try:
    parse_line("maren,08:30-16:15")
    wrong.append("form")
except ValueError:
    pass
print("wrong:" if wrong else "all right", *wrong)
sys.exit(bool(wrong))
