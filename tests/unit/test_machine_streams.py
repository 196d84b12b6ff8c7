"""What a machine's journal holds, sorted by its streams."""

from typing import Any

import pytest

from offswitch_sandbox import Machine

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

    def __init__(self) -> None:
        self.known = 0
        self.skipped: list[int] = []

    async def ask(self, verb: str, order: dict[str, Any], wait_s: float) -> dict[str, Any]:
        self.skipped.append(order["skip"])
        self.known += 2
        told: dict[str, Any] = {"desk_answers": True, "tree": {}, "contents": {}, "seen": 0.0, "running": 0}
        return {**told, "journal": LINES[order["skip"] : self.known]}

    async def last_journal(self) -> list[dict[str, Any]] | None:
        return LINES


async def test_lines_of_other_streams_are_kept_apart_in_order_of_time_and_counted_as_known() -> None:
    service = Lines()
    machine = Machine(service)
    for _ in range(3):
        await machine.look()
    assert service.skipped == [0, 2, 4]
    assert [entry.kind for entry in machine.journal] == ["opened", "asked"]
    assert [line["at"] for line in machine.streams["counts"]] == [2.0, 3.0, 5.0]


async def test_the_last_journal_has_every_stream_whole() -> None:
    machine = Machine(Lines())
    await machine.look()
    assert len(machine.streams["counts"]) == 1
    assert await machine.read_journal()
    assert [entry.kind for entry in machine.journal] == ["opened", "asked"]
    assert len(machine.streams["counts"]) == 3
