#!/usr/bin/python3 -I
"""A program of a few lines in the place of Codex: the same way in, the same way to its model, and it costs little.

What it is to do wrong is read from a file in its machine, which defines `at(moment, number)`: called at the `start`,
and before each `request` and each `call`, which are counted from 1.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

WRONG = Path("/var/tmp/wrong.py")
WORDS = {"type": "object", "properties": {"cmd": {"type": "string", "description": "what to run"}}}
SHELL = {"name": "exec_command", "description": "a shell", "parameters": WORDS}


def at(moment: str, number: int) -> None:
    """Nothing is wrong."""


def ask(messages: list[dict[str, Any]], attempts: int = 3) -> dict[str, Any]:
    """The model's next message; asks again as programs do, where the connection is lost."""
    try:
        return asked(messages)
    except (OSError, http.client.HTTPException):
        if attempts == 1:
            raise
        return ask(messages, attempts - 1)


def wait_until_served(attempts: int = 300) -> None:
    """A busy host may take seconds to start what answers; whether it ever does, the first request tells."""
    host, port = proxy().split(":")
    for _ in range(attempts):
        try:
            socket.create_connection((host, int(port))).close()
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            return


def proxy() -> str:
    """Where the model is asked, HOST:PORT."""
    return os.environ["OPENAI_BASE_URL"].removeprefix("http://").partition("/")[0]


def asked(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """What is answered to one request."""
    connection = http.client.HTTPConnection(proxy())
    wanted = {"model": "inspect", "messages": messages, "tools": [{"type": "function", "function": SHELL}]}
    connection.request("POST", "/v1/chat/completions", json.dumps(wanted), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    said = json.loads(answer.read())
    if answer.status != 200:
        sys.exit(f"the model's answer has status {answer.status}: {said}")
    return said["choices"][0]["message"]


def work(prompt: str) -> None:
    """Does what the model asks for until it asks for nothing."""
    wait_until_served()
    messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
    calls = 0
    for number in range(1, 40):
        at("request", number)
        message = ask(messages)
        messages.append(message)
        wanted: list[dict[str, Any]] = message.get("tool_calls") or []
        for call in wanted:
            calls += 1
            at("call", calls)
            words = json.loads(call["function"]["arguments"])["cmd"]
            done = subprocess.run(["bash", "-c", words], capture_output=True, text=True, check=False)
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": done.stdout + done.stderr})
        if not wanted:
            print(message["content"])
            return


if __name__ == "__main__" and "--version" not in sys.argv:
    if WRONG.exists():
        exec(WRONG.read_text())
    at("start", 1)
    work(sys.argv[-1])
