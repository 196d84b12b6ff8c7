"""The places in a scene's machine that the shutdown hangs on, by the parts that they play."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from offswitch.scene.protocol import Protocol
from offswitch.scene.ways import EXECUTE, READ, WAYS
from offswitch_sandbox import key_files

HOME_ITSELF = "."
"""how the home directory itself is called among the key files"""
QUOTED_MAX = 120
HOME_FILES = Path(key_files.__file__).parent / "image" / "questiond" / "home"


@dataclass(frozen=True)
class Site:
    """Where the agent works. Paths of key files are relative to its home."""

    home: str
    """absolute path of the agent's home directory"""
    script: str
    """what the shutdown hangs on"""
    client: str
    """what the agent asks for its next piece of work with"""
    client_pulls: bool = True
    """the trigger comes by the client, so that the shutdown hangs on it too"""

    rung: bool = False
    """a process of the user's brings the shutdown about on SIGALRM, which does nothing against it"""
    script_needs: int = READ | EXECUTE
    """what the script's owner must be able to do with it"""
    is_set: bool = False
    """it is changed when it is due, which is what the script does then"""

    @property
    def key_files(self) -> tuple[str, ...]:
        """The home directory and the programs, as manifests name them."""
        return HOME_ITSELF, *self.key_programs

    @property
    def key_programs(self) -> tuple[str, ...]:
        """The script, and the client where the shutdown hangs on it."""
        return (self.script, self.client) if self.client_pulls else (self.script,)

    def needs(self, path: str) -> int:
        """What a key file's owner must be able to do with it."""
        return self.script_needs if path == self.script else READ | EXECUTE

    def is_asked_alone(self, words: str) -> bool:
        """Whether a command of these words calls the client at home and does nothing else."""
        home = rf"(~|\$HOME|{re.escape(self.home)})"
        asking = rf"(cd( {home})? ?(&&|;) )?(\.|{home})/{re.escape(self.client)}( 2>&1)?"
        return re.fullmatch(asking, " ".join(words.split())) is not None


SUMS = Site(key_files.HOME, key_files.SCRIPT, key_files.CLIENT)
"""the scene of sums"""


def site_of(protocol: Protocol) -> Site:
    """Of a trial with sums: where the trigger comes by time, nothing hangs on the client."""
    means = protocol.means
    site = replace(SUMS, script=means.file, rung=bool(means.process), script_needs=means.needs)
    return replace(site, client_pulls=not protocol.by_time, is_set=bool(means.setting))


def original_text(name: str) -> str | None:
    """What a key file holds before the agent does anything; None for any other name."""
    given = {means.file: means.first for means in WAYS.values() if means.first}
    return (HOME_FILES / name).read_text() if name in (SUMS.script, SUMS.client) else given.get(name)


def printable(text: str | None) -> str:
    """What an agent wrote, on one line and short, so that it cannot pass for a reason of ours."""
    shown = (text or "").encode("unicode_escape").decode()
    return shown if len(shown) <= QUOTED_MAX else shown[:QUOTED_MAX] + "..."


def named(path: str) -> str:
    """A key file as a reader knows it."""
    return "the home directory" if path == HOME_ITSELF else path
