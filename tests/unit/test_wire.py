"""The connection to a machine's service."""

import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from offswitch_sandbox import wire as wire_module
from offswitch_sandbox.channel import NoAnswer
from offswitch_sandbox.wire import Frames, Wire

pytestmark = pytest.mark.anyio


def serving(answer: Callable[[dict[str, Any]], list[dict[str, Any]]]) -> Wire:
    """A wire whose other end tells these messages for each order."""
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with theirs, theirs.makefile("rb") as orders:
            for line in orders:
                for message in answer(json.loads(line)):
                    theirs.sendall(json.dumps(message).encode() + b"\n")

    threading.Thread(target=serve, daemon=True).start()
    return Wire(ours)


def echo(order: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"id": order["id"], "answer": {"verb": order["verb"], **order["order"]}}]


async def test_an_order_is_answered() -> None:
    assert await serving(echo).ask("look", {"x": 1}, 5) == {"verb": "look", "x": 1}


async def test_each_of_many_that_ask_at_once_gets_its_own_answer() -> None:
    held: list[dict[str, Any]] = []

    def backwards(order: dict[str, Any]) -> list[dict[str, Any]]:
        held.append(order)
        return [message for one in reversed(held) for message in echo(one)] if len(held) == 20 else []

    wire, got = serving(backwards), dict[int, Any]()

    async def ask(number: int) -> None:
        got[number] = await wire.ask("run", {"number": number}, 5)

    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(ask, number)
    assert {number: answer["number"] for number, answer in got.items()} == {n: n for n in range(20)}


async def test_an_answer_waits_for_no_other_one() -> None:
    """However many wait for longer, and in whatever order they were asked."""

    def never_to_others(order: dict[str, Any]) -> list[dict[str, Any]]:
        return echo(order) if order["verb"] == "quick" else []

    wire = serving(never_to_others)
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(wire.ask, "slow", dict[str, Any](), 60)
        await anyio.sleep(0.1)
        for number in range(3):
            assert (await wire.ask("quick", {"number": number}, 5))["number"] == number
        tasks.cancel_scope.cancel()


async def test_who_reads_for_all_may_be_broken_off() -> None:
    def after_a_while(order: dict[str, Any]) -> list[dict[str, Any]]:
        time.sleep(0.3)
        return echo(order)

    wire = serving(after_a_while)
    with anyio.move_on_after(30):
        async with anyio.create_task_group() as tasks:
            reading = anyio.CancelScope()

            async def read() -> None:
                with reading:
                    await wire.ask("first", {}, 60)

            tasks.start_soon(read)
            await anyio.sleep(0.1)
            tasks.start_soon(anyio.sleep, 0)
            with anyio.move_on_after(0.05):
                await wire.ask("second", {}, 60)
            reading.cancel()
            assert (await wire.ask("third", {"x": 3}, 10))["x"] == 3


async def test_an_answer_of_many_megabytes_comes_whole() -> None:
    text = "x" * (8 << 20)
    wire = serving(lambda order: [{"id": order["id"], "answer": {"text": text}}])
    assert (await wire.ask("read", {}, 20))["text"] == text


async def test_what_is_not_answered_in_time_is_no_answer() -> None:
    began = time.monotonic()
    with pytest.raises(NoAnswer, match=r"no answer within 0\.2 seconds"):
        await serving(lambda _: []).ask("look", {}, 0.2)
    assert time.monotonic() - began < 10


async def test_an_error_of_the_service_is_told_with_its_kind() -> None:
    wire = serving(lambda order: [{"id": order["id"], "error": "no such file", "kind": "FileNotFoundError"}])
    with pytest.raises(NoAnswer, match="no such file") as raised:
        await wire.ask("read", {}, 5)
    assert raised.value.kind == "FileNotFoundError"


async def test_a_connection_that_ends_in_mid_answer_is_no_answer_and_the_journal_is_kept() -> None:
    ours, theirs = socket.socketpair()
    wire = Wire(ours)
    theirs.sendall(b'{"journal": {"kind": "due"}}\n{"id": 1, "answer": {"half"')
    theirs.close()
    with pytest.raises(NoAnswer):
        await wire.ask("run", {}, 5)
    assert await wire.last_journal() == ([{"kind": "due"}], True)


async def test_a_connection_that_outlives_its_machine_is_given_up_once_nothing_more_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wire_module, "SILENCE_S", 0.5)
    ours, theirs = socket.socketpair()
    wire = Wire(ours, has_ended=lambda: True)

    async def say_late() -> None:
        for number in range(4):
            await anyio.sleep(0.2)
            theirs.sendall(b'{"journal": %d}\n' % number)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(say_late)
        with pytest.raises(NoAnswer, match="has ended"):
            await wire.ask("look", {}, 60)
    assert await wire.last_journal() == ([0, 1, 2, 3], False)  # nobody has said that this is all


async def test_an_order_too_long_to_be_taken_is_given_up_with_its_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_module, "SILENCE_S", 0.2)
    monkeypatch.setattr(wire_module, "LOOK_AGAIN_S", 0.05)
    ours, theirs = socket.socketpair()
    wire = Wire(ours, has_ended=lambda: True)
    with theirs, anyio.fail_after(60), pytest.raises(NoAnswer, match="has ended"):
        await wire.ask("write", {"data": "x" * (8 << 20)}, float("inf"))


async def test_silence_after_a_machines_end_adds_up_however_short_each_wait_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_module, "SILENCE_S", 0.5)
    ours, theirs = socket.socketpair()
    wire = Wire(ours, has_ended=lambda: True)
    with theirs, anyio.fail_after(60):
        while not await wire.until_closed(time.time() + 0.05):
            pass
    assert await wire.last_journal() == ([], False)


async def test_the_connection_to_a_machine_that_is_not_said_to_have_ended_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wire_module, "SILENCE_S", 0.05)

    def after_a_while(order: dict[str, Any]) -> list[dict[str, Any]]:
        time.sleep(0.5)
        return echo(order)

    assert (await serving(after_a_while).ask("look", {"x": 1}, 60))["x"] == 1


async def test_what_serves_from_outside_and_is_gone_without_a_word_has_no_journal() -> None:
    ours, theirs = socket.socketpair()
    wire = Wire(ours)
    theirs.sendall(b'{"made": {"first": 7}}\n')
    theirs.close()
    assert await wire.last_journal() is None


async def test_whoever_waits_learns_that_the_connection_was_closed() -> None:
    wire = serving(lambda _: [])

    async def close() -> None:
        await anyio.sleep(0.1)
        wire.close()

    began = time.monotonic()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(close)
        with pytest.raises(NoAnswer):
            await wire.ask("exec", {}, 30)
    assert time.monotonic() - began < 25


async def test_an_open_connection_has_no_last_journal() -> None:
    assert await serving(echo).last_journal() is None


async def test_what_the_service_says_of_itself_is_a_fact() -> None:
    wire = serving(lambda order: [{"made": {"first": 7}}, *echo(order)])
    assert await wire.fact("made", time.time() + 0.1) is None
    await wire.ask("look", {}, 5)
    assert await wire.fact("made", time.time()) == {"first": 7}


@pytest.mark.parametrize("cut", range(1, 24))
def test_frames_are_taken_off_wherever_they_are_cut(cut: int) -> None:
    sent = b"".join(bytes([1, 0, 0, 0]) + len(data).to_bytes(4, "big") + data for data in (b"abc", b"", b"defg\n"))
    frames = Frames()
    assert frames(sent[:cut]) + frames(sent[cut:]) == b"abcdefg\n"
