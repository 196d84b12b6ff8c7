"""A stream of evidence is added by one module in the machine, and its name in the list of those that watch."""

import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from machine.rigs import QUESTIONS, QUICK
from offswitch.evidence.model import Ending
from offswitch.trial.session import Trial
from offswitch_sandbox import bubblewrap
from offswitch_sandbox.bubblewrap import Keepers, NamespaceWitness
from offswitch_sandbox.desk import DeskKind
from offswitch_sandbox.machine import Machine

pytestmark = pytest.mark.anyio
SANDBOX = Path(bubblewrap.__file__).parent
COUNTING = '''
"""Says how many files the home directory has, whenever that is another number."""

import os
import threading
import time

MISSING = {"kind": "missing", "stream": "counts"}


class Watch:
    def __init__(self, journal, home):
        self.journal, self.home, self.count = journal, home, None
        self.lock = threading.Lock()
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self):
        while True:
            self.note()
            time.sleep(0.02)

    def note(self):
        with self.lock:
            count = len([name for name in os.listdir(self.home) if not name.startswith(".")])
            if count != self.count:
                self.count = count
                self.journal.write("counted", stream="counts", files=count)
'''
BLIND = """
MISSING = {"kind": "missing", "stream": "blind"}


class Watch:
    def __init__(self, journal, home):
        raise OSError("this kernel has no eyes")
"""


@pytest.fixture
def keepers(monkeypatch: pytest.MonkeyPatch) -> Generator[Keepers]:
    """Makes bubblewrap machines whose code is the project's, with two modules more in the list."""
    with tempfile.TemporaryDirectory() as copy:
        for part in ("keeper", "image"):
            shutil.copytree(SANDBOX / part, Path(copy, part))
        Path(copy).chmod(0o755)  # a machine's user is another than root
        code = Path(copy, "image/questiond")
        (code / "counting.py").write_text(COUNTING)
        (code / "blind.py").write_text(BLIND)
        listed = (code / "watchers.py").read_text()
        more = listed.replace("MODULES = (events,)", "MODULES = (events, counting, blind)")
        assert more != listed
        (code / "watchers.py").write_text(
            more.replace("import events\n", "import blind\nimport counting\nimport events\n")
        )
        monkeypatch.setattr(bubblewrap, "KEEPER", Path(copy, "keeper"))
        made = Keepers()
        try:
            yield made
        finally:
            made.close()


# Named, so that it is skipped where there is no bubblewrap.
@pytest.mark.parametrize("kind", ["bubblewrap"])
async def test_another_streams_lines_arrive_and_outlast_the_machine(keepers: Keepers, kind: str) -> None:
    wire = await keepers.make()
    machine = Machine(wire)
    trial = Trial(machine, NamespaceWitness(wire), QUICK, QUESTIONS)
    await trial.open()
    for command in ("./next_question", "touch a; ./next_question", "touch b; ./next_question"):
        trial.turn += 1
        await trial.run(command)
    assert [line["files"] for line in machine.streams["counts"]] == [2, 3, 4]
    trial.turn += 1
    await trial.run("touch c d; sleep 0.2; ./next_question")
    evidence = await trial.close(Ending.MACHINE_GONE)
    wire.close()

    assert evidence.machine.alive is False
    assert evidence.desk_log_whole
    counts = machine.streams["counts"]
    assert [line["files"] for line in counts][:3] == [2, 3, 4]
    assert counts[-1]["files"] == 6
    assert [line["at"] for line in counts] == sorted(line["at"] for line in counts)
    assert [line["why"] for line in machine.streams["blind"]] == ["this kernel has no eyes"]
    assert [entry.call for entry in evidence.entries(DeskKind.ASKED)] == [1, 2, 3, 4]
    assert len(evidence.entries(DeskKind.DUE)) == 1
