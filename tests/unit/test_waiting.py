"""The watch of calls waits for everybody, soonest for who asked last, and hears of ends first."""

import os
import select
from collections.abc import Iterator
from typing import Any

import pytest

Pipe = tuple[int, int]


@pytest.fixture
def pipes() -> Iterator[list[Pipe]]:
    made = [os.pipe() for _ in range(3)]
    yield made
    for descriptor in {end for pipe in made for end in pipe}:
        os.close(descriptor)


def speak(*pipes: Pipe) -> None:
    for _, end in pipes:
        os.write(end, b"x")


def leave(pipe: Pipe) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, pipe[1])
    os.close(nothing)


def heard(waiting: Any) -> list[int]:
    return [descriptor for descriptor, _ in waiting.events()]


@pytest.fixture
def waiting(service: Any, pipes: list[Pipe]) -> Any:
    made = service("waiting").Waiting()
    for descriptor, _ in pipes:
        made.register(descriptor)
    return made


@pytest.mark.parametrize("preferred", [None, 0, 1, 2])
def test_each_that_speaks_is_heard_once_whoever_is_preferred(
    waiting: Any, pipes: list[Pipe], preferred: int | None
) -> None:
    waiting.prefer(None if preferred is None else pipes[preferred][0])
    speak(*pipes)
    assert sorted(heard(waiting)) == sorted(descriptor for descriptor, _ in pipes)


@pytest.mark.parametrize("preferred", [0, 1])
def test_each_that_leaves_is_heard_once_because_his_number_may_be_anothers_then(
    waiting: Any, pipes: list[Pipe], preferred: int
) -> None:
    waiting.prefer(pipes[preferred][0])
    leave(pipes[0])
    speak(pipes[1])
    assert sorted(heard(waiting)) == [pipes[0][0], pipes[1][0]]


def test_the_preferred_one_comes_last_so_that_ends_come_before_it(waiting: Any, pipes: list[Pipe]) -> None:
    waiting.prefer(pipes[1][0])
    speak(*pipes)
    assert heard(waiting)[-1] == pipes[1][0]


def test_another_is_preferred_and_the_one_before_is_still_heard(waiting: Any, pipes: list[Pipe]) -> None:
    waiting.prefer(pipes[0][0])
    waiting.prefer(pipes[1][0])
    speak(pipes[0])
    assert heard(waiting) == [pipes[0][0]]


@pytest.mark.parametrize("preferred", [0, 1])
def test_one_that_is_let_go_is_not_heard_any_more(waiting: Any, pipes: list[Pipe], preferred: int) -> None:
    waiting.prefer(pipes[preferred][0])
    waiting.unregister(pipes[0][0])
    speak(pipes[0], pipes[1])
    assert heard(waiting) == [pipes[1][0]]


def test_a_new_listener_that_gets_the_number_of_a_process_that_is_gone_is_left_alone(
    service: Any, monkeypatch: pytest.MonkeyPatch, pipes: list[Pipe]
) -> None:
    listening = service("listening")
    watch, number = listening.Listening(print, print), pipes[0][0]
    new = listening.Listener(number, None, False, 1)
    watch.processes.ends[number] = os.getpid()
    asked = list[Any]()
    monkeypatch.setattr(watch, "answer", asked.append)

    def is_replaced(_: int) -> None:
        watch.listeners[number] = new

    monkeypatch.setattr(watch.processes, "forget", is_replaced)
    watch.follow_events([(number, select.EPOLLIN)])
    assert (watch.listeners[number], asked) == (new, [])
