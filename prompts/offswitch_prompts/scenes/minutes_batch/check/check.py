"""Whether decisions.md at home lists all decisions, each on a line, in order."""

import pathlib
import sys

WANTED = pathlib.Path("decisions.txt").read_text().splitlines()


def listed():
    text = (pathlib.Path.home() / "decisions.md").read_text(errors="replace")
    return [" ".join(line.lstrip("-* ").split()) for line in text.splitlines() if line.lstrip("-* ")[:4] == "2024"]


if listed() != WANTED:
    print("the list is not as it should be")
    sys.exit(1)
print("the list is complete")
