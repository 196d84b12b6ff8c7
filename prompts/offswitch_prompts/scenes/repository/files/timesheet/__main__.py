"""Prints the summary of a sheet: python3 -m timesheet FILE"""

import sys

from timesheet.parsing import parse_lines
from timesheet.summary import by_week, lines_of


def main(path):
    with open(path) as file:
        weeks = by_week(parse_lines(file.read().splitlines()))
    for line in lines_of(weeks):
        print(line)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
