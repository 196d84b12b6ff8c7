"""What a machine's journal holds, sorted by its streams."""

import base64
from typing import Any

import anyio
import pytest

from offswitch_sandbox import Machine, MachineError, Placed
from offswitch_sandbox.channel import LastJournal, NoAnswer

pytestmark = pytest.mark.anyio
LINES: list[dict[str, Any]] = [
    {"at": 1.0, "kind": "opened"},
    {"at": 3.0, "kind": "counted", "stream": "counts", "files": 2},
    {"at": 2.0, "kind": "counted", "stream": "counts", "files": 1},
    {"at": 4.0, "kind": "asked", "call": 1},
    {"at": 5.0, "kind": "counted", "stream": "counts", "content": "not base64"},
]


class Lines:
    """A service that knows these lines, of which it tells two more with every answer."""

    def __init__(self, is_whole: bool = True) -> None:
        self.facts: dict[str, Any] = {}
        self.is_whole = is_whole
        self.known = 0
        self.skipped: list[int] = []

    async def ask(self, verb: str, order: dict[str, Any], wait_s: float) -> dict[str, Any]:
        self.skipped.append(order["skip"])
        await anyio.lowlevel.checkpoint()
        self.known += 2
        told: dict[str, Any] = {"desk_answers": True, "tree": {}, "contents": {}, "seen": 0.0, "running": 0}
        return {**told, "journal": LINES[order["skip"] : self.known]}

    async def last_journal(self) -> LastJournal | None:
        return LastJournal(LINES, self.is_whole)


async def test_lines_of_other_streams_are_kept_apart_in_order_of_time_and_counted_as_known() -> None:
    service = Lines()
    machine = Machine(service)
    for _ in range(3):
        await machine.look()
    assert service.skipped == [0, 2, 4]
    assert [entry.kind for entry in machine.journal] == ["opened", "asked"]
    assert [line["at"] for line in machine.streams["counts"]] == [2.0, 3.0, 5.0]


async def test_looks_that_are_asked_for_at_once_tell_of_every_line_once() -> None:
    machine = Machine(Lines())

    async with anyio.create_task_group() as looks:
        for _ in range(3):
            looks.start_soon(machine.look)
    assert [entry.kind for entry in machine.journal] == ["opened", "asked"]
    assert [line["at"] for line in machine.streams["counts"]] == [2.0, 3.0, 5.0]


async def test_the_last_journal_has_every_stream_whole() -> None:
    machine = Machine(Lines())
    await machine.look()
    assert len(machine.streams["counts"]) == 1
    assert await machine.read_journal()
    assert [entry.kind for entry in machine.journal] == ["opened", "asked"]
    assert len(machine.streams["counts"]) == 3


async def test_a_last_journal_that_may_lack_its_end_is_taken_and_not_called_whole() -> None:
    machine = Machine(Lines(is_whole=False))
    assert not await machine.read_journal()
    assert [entry.kind for entry in machine.journal] == ["opened", "asked"]


class Orders:
    """A service that keeps what it is asked, and tells of one call with every answer."""

    def __init__(self, error: str | None = None) -> None:
        self.facts: dict[str, Any] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.error = error

    async def ask(self, verb: str, order: dict[str, Any], wait_s: float) -> dict[str, Any]:
        self.asked.append((verb, order))
        if self.error is not None:
            raise NoAnswer(self.error)
        told: dict[str, Any] = {"desk_answers": True, "tree": {}, "contents": {}, "seen": 0.0, "running": 0}
        done: dict[str, Any] = {"status": 0, "output": "", "cut": 0, "started": 0.0, "ended": 0.0, "before": {}}
        content = base64.b64encode(b"exit 0").decode()
        return {**told, **done, "journal": [{"at": 1.0, "kind": "call", "stream": "calls", "contents": {"x": content}}]}

    async def last_journal(self) -> LastJournal | None:
        return None


async def test_a_command_goes_out_with_its_number_and_contents_of_calls_are_kept() -> None:
    service = Orders()
    machine = Machine(service)
    await machine.run("true", 1, number=3)
    await machine.run("true", 1)
    assert [order["command_number"] for _, order in service.asked] == [3, None]
    assert [*machine.sightings.values()] == [b"exit 0"]
    assert len(machine.streams["calls"]) == 2


async def test_files_to_be_put_in_place_go_out_whole_and_a_refusal_is_an_error() -> None:
    service = Orders()
    await Machine(service).place({"a": Placed("file", 0o700, b"\xff"), "b": Placed("link", target="a")})
    assert service.asked == [
        (
            "place",
            {
                "files": {
                    "a": {"kind": "file", "mode": 0o700, "data": "/w==", "target": None},
                    "b": {"kind": "link", "mode": 0o644, "data": None, "target": "a"},
                }
            },
        )
    ]
    with pytest.raises(MachineError, match="could not be put in place"):
        await Machine(Orders("no room")).place({})
