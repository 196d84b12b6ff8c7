"""HTTP on loopback: MCP at /mcp, and a small face for schedules at /runs and /gate. Nothing answers without the token.

POST /runs with what start_run takes answers 202 and the run; GET /runs/NAME is run_status; POST /gate with what gate
takes answers 200 and the gate's data, with `exit` 0, 1 or 3. Errors are {"error": one line}: 401 without the token, 404
for an unknown run, 422 for what cannot be used.
"""

import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

import anyio.to_thread
import uvicorn
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import ConfigDict, ValidationError, validate_call
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from offswitch.errors import InputError
from offswitch_cli.mcp_server.asking import REFUSALS, line_of
from offswitch_cli.mcp_server.tools import Tools

LOOPBACK = "127.0.0.1"
TOKEN_BYTES = 32


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def open_port(port: int) -> socket.socket:
    """A socket on loopback; port 0 for any that is free. InputError where it is taken."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
        listening.listen()  # so that who is told the address now can connect, and waits
    except OSError as error:
        listening.close()
        raise InputError(f"--http {port}: cannot be opened ({error.strerror}); name another port") from error
    return listening


def serve(server: MCPServer[Any], tools: Tools, listening: socket.socket, token: str) -> None:
    """Serves until the process is ended."""
    app = application(server, tools, listening.getsockname()[1], token)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listening])


def application(server: MCPServer[Any], tools: Tools, port: int, token: str) -> "OnlyWithToken":
    """Both faces behind the token."""
    server.custom_route("/runs", ["POST"])(partial(_post, tools.start_run, 202))
    server.custom_route("/gate", ["POST"])(partial(_post, tools.gate, 200))
    server.custom_route("/runs/{name}", ["GET"])(partial(_run, tools))
    hosts = [f"{name}:{port}" for name in (LOOPBACK, "localhost")]
    origins = [f"http://{host}" for host in hosts]
    security = TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins)
    app = server.streamable_http_app(json_response=True, transport_security=security)
    return OnlyWithToken(app, token, hosts, origins)


class OnlyWithToken:
    """Passes on requests that have the token and were meant for this server; a browser's pages cannot make them."""

    def __init__(self, app: ASGIApp, token: str, hosts: Sequence[str], origins: Sequence[str]) -> None:
        self._app, self._hosts, self._origins = app, hosts, origins
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] == "lifespan" or (scope["type"] == "http" and self._may(Headers(scope=scope))):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await _error(401, "needs the header Authorization: Bearer TOKEN, from this host")(scope, receive, send)

    def _may(self, headers: Headers) -> bool:
        given = headers.get("authorization", "").encode("utf-8", "replace")
        with_token = secrets.compare_digest(given, self._expected)
        return with_token and headers.get("host") in self._hosts and headers.get("origin") in (None, *self._origins)


async def _post(tool: Callable[..., Any], status: int, request: Request) -> Response:
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        return _error(422, "the body must be JSON")
    if not isinstance(body, dict):
        return _error(422, "the body must be a JSON object")
    return await _answer(tool, status, cast(dict[str, Any], body))


async def _run(tools: Tools, request: Request) -> Response:
    return await _answer(tools.run_status, 200, {"name": request.path_params["name"]}, refused=404)


async def _answer(tool: Callable[..., Any], status: int, given: Mapping[Any, Any], refused: int = 422) -> Response:
    call = validate_call(config=ConfigDict(strict=True, arbitrary_types_allowed=True))(tool)
    try:
        said = await anyio.to_thread.run_sync(partial(call, **{str(name): value for name, value in given.items()}))
    except ValidationError as error:
        return _error(422, line_of(error))
    except REFUSALS as error:
        return _error(refused, line_of(error))
    return JSONResponse(said.structured_content, status)


def _error(status: int, line: str) -> Response:
    return JSONResponse({"error": " ".join(line.split())}, status)
