"""Answers calls of Inspect's tools program in a machine through the machine's own service.

For an agent in the machine, Inspect puts a program there. Each call of it starts a Python, which takes most of a
second of CPU time, and asks a server that the agent's user could end or replace. The calls are not a public
interface. So only known calls of a known version of the program are answered here; for all others the program
is run as usual.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, cast

from inspect_ai.util import ExecResult

from offswitch_sandbox.channel import NoAnswer

KNOWN_VERSION = "35"
"""the known version of Inspect's program; tests/machine/test_inspect_tools.py checks it"""
METHODS: Mapping[str, tuple[str, Mapping[str, type]]] = {
    "exec_remote_start": ("job_begin", {"command": str, "input": str, "env": dict, "cwd": str}),
    "exec_remote_poll": ("job_ask", {"pid": int, "ack_seq": int}),
    "exec_remote_kill": ("job_end", {"pid": int, "ack_seq": int}),
}
"""a call's method -> the service's verb, and the known parameters with their types"""
PORT = "BRIDGE_MODEL_SERVICE_PORT"
"""the variable with the port on which a program is to listen; Inspect starts the agent at once, which connects there"""
ANSWER_WAIT_S = 60.0
SERVER_WAIT_S = 600.0
ERRORS = {"KeyError": -32099, **dict.fromkeys(("FileNotFoundError", "NotADirectoryError", "PermissionError"), -32098)}
"""an error of the service -> the error code of Inspect's program"""
LOOK_S = 0.1


class Foremost(float):
    """Seconds between two polls of Inspect's for requests.

    Inspect takes the maximum of this and its own interval; this one compares as greater than any other.
    """

    def __gt__(self, other: object) -> bool:
        return True


@cache
def program() -> str | None:
    """The path of Inspect's program in a machine; None if its version is not the known one."""
    try:
        from inspect_ai.util._sandbox._cli import SANDBOX_CLI

        version = (files("inspect_ai.tool._sandbox_tools_utils") / "sandbox_tools_version.txt").read_text().strip()
    except (ImportError, OSError):
        return None
    return SANDBOX_CLI if version == KNOWN_VERSION else None


def polling_interval(usual: float) -> float:
    """Seconds between polls in a machine where a listing waits for requests; `usual` if listings do not wait."""
    return Foremost(LOOK_S) if program() else usual


class InspectTools:
    """The tools of one machine."""

    def __init__(self, ask: Callable[[str, dict[str, Any], float], Awaitable[dict[str, Any]]]) -> None:
        """ask: gives an order to the machine's service, see channel.Channel."""
        self._ask = ask
        self._jobs: set[int] = set()
        self.server_is_due = False
        """Inspect asked to start the program's server, and nothing has needed it so far"""

    async def answer(self, command: list[str], given: str | bytes | None, whose: str | None) -> ExecResult[str] | None:
        """The result of a call of the program; None if the command must be run, or is no such call.

        NoAnswer if the service refuses in a way that the program does not know.
        """
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
        """Starts the program's server if that is due.

        The program would start it by itself, but then the record of system calls would not know it as Inspect's.
        """
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
    """The request if its method and all its parameters are known; else None."""
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
