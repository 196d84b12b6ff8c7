"""Orders for the tools that Inspect puts into a machine, which run there as the agent and can become nobody else."""

import json
from collections.abc import Sequence
from typing import Any

TOOLS = "inspect-sandbox-tools"
"""the last part of their path"""


def without_own_user(command: Sequence[str], given: str | bytes | None, agent: str | None) -> str | bytes | None:
    """What a command reads; of an order for those tools without the agent's number as the user to become.

    They take that for a switch and refuse it, though it is whom they are already.
    """
    if agent is None or not given or not command or not command[0].endswith(f"/{TOOLS}"):
        return given
    try:
        order: Any = json.loads(given)
        if order["params"]["user"] == agent:
            del order["params"]["user"]
            return json.dumps(order)
    except (ValueError, LookupError, TypeError):
        pass  # no order that names a user
    return given
