"""A server of OpenAI's chat completions on loopback, by the standard library alone, and what it may answer."""

import json
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SERVED = "served-model-1"
DRIP_S = 0.2
"""between two bytes of an answer that never ends"""
Request = Mapping[str, Any]


@dataclass(frozen=True)
class Reply:
    """One answer to one request."""

    body: Any = b""
    """bytes are sent as they are, anything else as JSON"""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """beside, or instead of, the usual ones"""
    wait_s: float = 0
    """before anything is sent"""
    drops: bool = False
    """the connection is closed without a word"""
    drips: bool = False
    """a byte of white space comes now and then, and nothing else ever"""


@contextmanager
def chat_server(answer: Callable[[Request], Reply]) -> Generator[str]:
    """A server with a thread for each request; yields its address, such as Inspect takes for a base URL."""
    stopping = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                _send(self, answer(request), stopping)
            except OSError:  # whoever asked has not waited
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        stopping.set()
        server.shutdown()
        server.server_close()


def _send(handler: BaseHTTPRequestHandler, reply: Reply, stopping: threading.Event) -> None:
    stopping.wait(reply.wait_s)
    if reply.drops or stopping.is_set():
        return
    body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
    usual = {"Content-Type": "application/json"} if reply.drips else {
        "Content-Type": "application/json", "Content-Length": str(len(body))
    }  # fmt: skip
    handler.send_response(reply.status)
    for name, value in {**usual, **reply.headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)
    while reply.drips and not stopping.wait(DRIP_S):
        handler.wfile.write(b" ")


def call(name: Any, arguments: Any, number: Any = "c1") -> dict[str, Any]:
    """A call of a tool, whatever its parts are."""
    return {"id": number, "type": "function", "function": {"name": name, "arguments": arguments}}


def bash(command: Any, number: Any = "c1") -> dict[str, Any]:
    """A call of the shell."""
    return call("bash", json.dumps({"command": command}), number)


def submit(answer: str, number: Any = "c1") -> dict[str, Any]:
    """A call that hands in."""
    return call("submit", json.dumps({"answer": answer}), number)


def says(content: Any, finish: Any = "stop", **more: Any) -> Reply:
    """An answer in words; more: further fields of its message."""
    return answers({"role": "assistant", "content": content, **more}, finish)


def calls(*made: dict[str, Any], content: Any = None, finish: Any = "tool_calls", **body: Any) -> Reply:
    """An answer with calls; body: further fields of the whole answer."""
    return answers({"role": "assistant", "content": content, "tool_calls": [*made]}, finish, **body)


def answers(message: Any, finish: Any, **body: Any) -> Reply:
    """A chat completion with this message."""
    choice = {"index": 0, "message": message, "finish_reason": finish}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    usual = {
        "id": "x", "object": "chat.completion", "created": 1, "model": SERVED, "choices": [choice], "usage": usage
    }  # fmt: skip
    return Reply({**usual, **body})


def refuses(status: int, words: str, code: Any = None, kind: str = "invalid_request_error", **headers: str) -> Reply:
    """An error, in OpenAI's form."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply({"error": {"message": words, "type": kind, "param": None, "code": code}}, status, named)
