"""Inspect's own tools in a machine, served by the machine's service instead of by their program.

For an agent in the machine Inspect puts a program there, and each call of it starts a Python of its own, which takes
most of a second of CPU time, and asks a server that the agent's user could end or replace. What the calls say is not a
public interface. So only those are taken over that are known here, of the version of that program they were compared
with; for all others it is run as Inspect has it.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, cast

from inspect_ai.util import ExecResult

from offswitch_sandbox.channel import NoAnswer

KNOWN_VERSION = "35"
"""of Inspect's program; tests/machine/test_inspect_tools.py compares"""
METHODS: Mapping[str, tuple[str, Mapping[str, type]]] = {
    "exec_remote_start": ("job_begin", {"command": str, "input": str, "env": dict, "cwd": str}),
    "exec_remote_poll": ("job_ask", {"pid": int, "ack_seq": int}),
    "exec_remote_kill": ("job_end", {"pid": int, "ack_seq": int}),
}
"""a call's method -> the service's verb, and the parameters that it knows"""
PORT = "BRIDGE_MODEL_SERVICE_PORT"
"""the variable that names where a program is to listen; Inspect begins the agent's program at once, which asks there"""
ANSWER_WAIT_S = 60.0
SERVER_WAIT_S = 600.0
ERRORS = {"KeyError": -32099, **dict.fromkeys(("FileNotFoundError", "NotADirectoryError", "PermissionError"), -32098)}
"""an error of the service -> the code of the program's"""
LOOK_S = 0.1


class Foremost(float):
    """Seconds between two looks of Inspect's for requests. It takes its own where that is larger, so nothing is."""

    def __gt__(self, other: object) -> bool:
        return True


@cache
def program() -> str | None:
    """The path of Inspect's program in a machine; None where it is of another version than the known one."""
    try:
        from inspect_ai.util._sandbox._cli import SANDBOX_CLI

        version = (files("inspect_ai.tool._sandbox_tools_utils") / "sandbox_tools_version.txt").read_text().strip()
    except (ImportError, OSError):
        return None
    return SANDBOX_CLI if version == KNOWN_VERSION else None


def polling_interval(usual: float) -> float:
    """For a machine in which looking for requests waits for them; the usual one where it does not."""
    return Foremost(LOOK_S) if program() else usual


class InspectTools:
    """Those of one machine. `ask` gives orders to its service; NoAnswer where that refuses."""

    def __init__(self, ask: Callable[[str, dict[str, Any], float], Awaitable[dict[str, Any]]]) -> None:
        self._ask = ask
        self._jobs: set[int] = set()
        self.server_is_due = False
        """Inspect wanted the program's server, and nothing has needed it so far"""

    async def answer(self, command: list[str], given: str | bytes | None, whose: str | None) -> ExecResult[str] | None:
        """What this call of the program prints; None where it has to be run, or is none."""
        if command[:1] != [program()]:
            return None
        if command[1:] == ["start-server"]:
            self.server_is_due = True
            return ExecResult(True, 0, "", "")
        request = _request(given) if command[1:] == ["exec"] else None
        if request is None or not self._is_ours(request["method"], request["params"]):
            await self._begin_server(whose)
            return None
        told = await self._done(request["method"], request["params"], whose)
        return ExecResult(True, 0, json.dumps({"jsonrpc": "2.0", **told, "id": request["id"]}) + "\n", "")

    async def _begin_server(self, whose: str | None) -> None:
        """Its own calls need it, and would begin one that the stream of calls does not know for one."""
        if self.server_is_due:
            self.server_is_due = False
            await self._ask("exec", {"command": [program(), "start-server"], "user": whose}, SERVER_WAIT_S)

    def _is_ours(self, method: str, params: Mapping[str, Any]) -> bool:
        return method == "exec_remote_start" or params["pid"] in self._jobs

    async def _done(self, method: str, params: dict[str, Any], whose: str | None) -> dict[str, Any]:
        verb, _ = METHODS[method]
        try:
            port = str(params.get("env", {}).get(PORT, ""))
            told = {"port": int(port)} if port.isdecimal() else {}
            result = await self._ask(verb, {**params, **told, "user": whose}, ANSWER_WAIT_S)
        except NoAnswer as error:
            if not error.kind:
                raise
            if error.kind not in ERRORS:
                raise
            message = f"No job found with pid {params['pid']}" if error.kind == "KeyError" else str(error)
            return {"error": {"code": ERRORS[error.kind], "message": message}}
        if "pid" in result:
            self._jobs.add(result["pid"])
        return {"result": result}


def _request(given: str | bytes | None) -> dict[str, Any] | None:
    """A call that is known, with all that it says; None for any other."""
    try:
        request = json.loads(given or "")
        _, known = METHODS[request["method"]]
        params = cast(dict[str, Any], request["params"])
        if {*request} != {"jsonrpc", "method", "params", "id"} or request["jsonrpc"] != "2.0":
            return None
        needed = {"command"} if "command" in known else {*known}
        fits = needed <= {*params} <= {*known} and all(type(value) is known[name] for name, value in params.items())
        return request if fits else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
