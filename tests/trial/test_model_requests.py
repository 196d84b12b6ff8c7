"""Requests of a program's model are files that its agent may write: a look is told of few, each a few times."""

import anyio.lowlevel
import pytest
from inspect_ai.util import ExecResult, OutputLimitExceededError

from offswitch_sandbox.inspect_requests import (
    LIST_BYTES_MAX,
    LISTED_MAX,
    LISTS,
    PLACE,
    REQUEST_BYTES_MAX,
    TIMES_MAX,
    WAIT_S,
    ModelRequests,
)

pytestmark = pytest.mark.anyio
QUEUE = f"{PLACE}/a_service/requests"
LOOK = ["/bin/sh", "-c", 'exec "$@"', "sh", "find", QUEUE, *LISTS]
READ = ["/bin/sh", "-c", 'exec "$@"', "sh", "cat", "--", f"{QUEUE}/1.json"]


def said(text: str) -> ExecResult[str]:
    return ExecResult(True, 0, text, "")


def listed(requests: ModelRequests, *names: str) -> list[str]:
    found = requests.told(LOOK, said("".join(f"{QUEUE}/{name}\0" for name in names))).stdout
    return [name.removeprefix(f"{QUEUE}/") for name in found.split("\0") if name]


@pytest.fixture
def requests() -> ModelRequests:
    return ModelRequests(waits=True)


def test_a_request_is_told_of_again_a_few_times_and_then_never_more(requests: ModelRequests) -> None:
    assert [listed(requests, "1.json") for _ in range(TIMES_MAX + 2)] == [["1.json"]] * TIMES_MAX + [[], []]
    assert listed(requests, "1.json", "2.json") == ["2.json"]


def test_of_many_requests_a_few_are_told_at_once(requests: ModelRequests) -> None:
    many = [f"{number}.json" for number in range(1000)]
    assert listed(requests, *many) == many[:LISTED_MAX]


def test_a_name_that_was_cut_is_none(requests: ModelRequests) -> None:
    assert requests.told(LOOK, said(f"uests/0.json\0{QUEUE}/1.json\0")).stdout == f"{QUEUE}/1.json\0"


def test_a_request_that_is_too_long_is_refused_and_no_other(requests: ModelRequests) -> None:
    assert requests.told(READ, said("x" * (REQUEST_BYTES_MAX - 1))).success
    with pytest.raises(OutputLimitExceededError):
        requests.told(READ, said("x" * REQUEST_BYTES_MAX))
    assert requests.told(["cat", "--", "/tmp/1.json"], said("x" * REQUEST_BYTES_MAX)).success


@pytest.mark.parametrize("command", [["find", "/tmp", *LISTS], ["find", QUEUE], ["ls", QUEUE], ["true"], []])
def test_what_lists_no_requests_is_passed_on_as_it_is(command: list[str], requests: ModelRequests) -> None:
    assert requests.order(command) == {}
    assert requests.told(command, said("1\0" * 40)).stdout == "1\0" * 40


def test_the_machine_is_told_to_wait_for_requests_where_it_can_and_to_say_little(requests: ModelRequests) -> None:
    assert requests.order(LOOK) == {"after": (QUEUE, WAIT_S), "size_max": LIST_BYTES_MAX}
    assert ModelRequests(waits=False).order(LOOK)["after"] is None
    assert requests.order(READ) == {"size_max": REQUEST_BYTES_MAX}


async def test_one_request_is_read_after_another_and_neither_looks_nor_other_commands_wait(
    requests: ModelRequests,
) -> None:
    order: list[str] = []

    async def do(name: str, command: list[str], seconds: float) -> None:
        async with requests.turn(command):
            order.append(f"{name} begins")
            await anyio.sleep(seconds)
        order.append(f"{name} ends")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(do, "first", READ, 0.1)
        await anyio.lowlevel.checkpoint()
        for name, command in (("second", [*READ[:-1], f"{QUEUE}/2.json"]), ("look", LOOK), ("other", ["true"])):
            tasks.start_soon(do, name, command, 0)
    assert order.index("first ends") < order.index("second begins")
    assert order.index("first ends") > max(order.index("look ends"), order.index("other ends"))
