"""What Inspect's tools in a machine are told of the user as whom they run."""

import json
from typing import Any

import pytest

from offswitch_sandbox.own_user import without_own_user

TOOLS = ["/var/tmp/.x/inspect-sandbox-tools", "exec"]


def order(**params: Any) -> str:
    return json.dumps({"method": "exec_remote_start", "params": {"command": "id", **params}, "id": 1})


def test_an_order_to_become_who_they_are_already_is_one_without_a_user() -> None:
    assert without_own_user(TOOLS, order(user="1000"), "1000") == order()
    assert without_own_user(TOOLS, order(user="1000").encode(), "1000") == order()


@pytest.mark.parametrize("given", [None, "", order(), order(user="root"), "[1]", '{"params": 3}', b"\xff", "{"])
def test_any_other_order_stays_as_it_is(given: str | bytes | None) -> None:
    assert without_own_user(TOOLS, given, "1000") == given


def test_what_other_commands_read_and_machines_without_an_agent_are_left_alone() -> None:
    assert without_own_user(["cat"], order(user="1000"), "1000") == order(user="1000")
    assert without_own_user(TOOLS, order(user="1000"), None) == order(user="1000")
