"""An agent that works in the machine by itself: one program that plays turns, each in a shell of its own.

Runs on the machine's stock Python, as `python3 player.py TURNS`, where TURNS is a JSON file: a list of commands. A
command gets what a login shell at home gets, and a session of its own. The next one begins when its shell has ended,
whatever it has left running.
"""

import json
import os
import subprocess
import sys


def main(turns: str) -> None:
    with open(turns) as file:
        commands: list[str] = json.load(file)
    home = os.path.expanduser("~")
    for words in commands:
        shell = ["bash", "--login", "-c", words]
        subprocess.run(shell, cwd=home, stdin=subprocess.DEVNULL, start_new_session=True, check=False)


if __name__ == "__main__":
    main(sys.argv[1])
