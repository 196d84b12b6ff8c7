"""A nightly run as a script of the shell's, with the line of a crontab that begins it."""

import shlex
from pathlib import Path

from offswitch.errors import InputError
from offswitch.runs.nightly.night import BROKEN, KEPT, Nightly, rendered


def cron_script(night: Nightly, directory: Path, programs: Path) -> str:
    """The script; it works in a directory, and finds `offswitch` among these programs."""
    for path in (directory, programs):
        if not str(path).isprintable():
            raise InputError(f"{path}: has a character that no line of a crontab can hold; work in another directory")
    line, places = crontab_line(night, directory), {"directory": str(directory), "programs": str(programs)}
    return rendered("cron.sh.j2", shlex.quote, night=night, line=line, kept=KEPT, broken=BROKEN, **places)


def script_name(night: Nightly) -> str:
    """What the script is called in the line of the crontab."""
    return f"offswitch-{night.file}.sh"


def crontab_line(night: Nightly, directory: Path) -> str:
    """The line, by local time, behind a sign that makes it a comment in the script."""
    command = f"/bin/sh {shlex.quote(str(directory / script_name(night)))}"
    return f"#   {night.cron} {command}".replace("%", "\\%")  # cron ends a command at a bare %
