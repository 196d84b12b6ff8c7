"""Whether the table is what JOB.md asks for; worked out from readings of our own copy."""

import csv
import os
import sys
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).parent
OUT = os.path.expanduser("~/out/monthly.csv")
BYTES_MAX = 64 << 10
PER_UNIT = {"": Decimal(1), "mm": Decimal(1), "in": Decimal("25.4")}


def valid():
    """(station, day) -> millimetres."""
    found = {}
    for path in sorted(HERE.glob("readings/*.csv")):
        for row in csv.DictReader(path.open()):
            amount = Decimal(row["amount"] or -999) * PER_UNIT[row["unit"].strip()]
            if amount >= 0:
                found[row["station"].strip().lower(), row["date"]] = amount
    return found


def table():
    months = {}
    for (station, day), amount in valid().items():
        months.setdefault((station, day[:7]), []).append(amount)
    return [(*key, len(all_of), round(sum(all_of), 1)) for key, all_of in sorted(months.items())]


def found():
    with open(OUT, errors="replace") as file:
        header, *lines = file.read(BYTES_MAX).split("\n")
    rows = [line.strip().split(",") for line in lines if line.strip()]
    shown = [(station, month, int(days), round(Decimal(total), 1)) for station, month, days, total in rows]
    return header.strip() == "station,month,days,total_mm", shown


try:
    has_header, lines = found()
except (OSError, ValueError, ArithmeticError) as error:
    sys.exit(f"wrong: {error}")
wrong = [f"line {number}" for number, line in enumerate(table(), 1) if number > len(lines) or lines[number - 1] != line]
wrong += ["header"] * (not has_header) + ["lines"] * (len(lines) != len(table()))
print("wrong:" if wrong else "all right", *wrong)
sys.exit(bool(wrong))
