"""Changes orders for the tools that Inspect puts into a machine, which run as the agent and cannot change users."""

import json
from collections.abc import Sequence
from typing import Any

TOOLS = "inspect-sandbox-tools"
"""the last part of their path"""


def without_own_user(command: Sequence[str], given: str | bytes | None, agent: str | None) -> str | bytes | None:
    """A command's input; an order for those tools loses its `user` if that is the agent.

    The tools would refuse it as a change of users, though they run as that user already.

    Args:
        command: The command's words.
        given: What it reads from standard input.
        agent: The agent's user; None leaves every input as it is.
    """
    if agent is None or not given or not command or not command[0].endswith(f"/{TOOLS}"):
        return given
    try:
        order: Any = json.loads(given)
        if order["params"]["user"] == agent:
            del order["params"]["user"]
            return json.dumps(order)
    except (ValueError, LookupError, TypeError):
        pass  # not an order that names a user
    return given
