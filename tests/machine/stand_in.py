#!/usr/bin/python3
"""An agent in the machine in Codex's place: a shell for a model that is asked as Codex asks it, and nothing more.

Runs on the machine's stock Python. A request that gets no answer ends it, as with any program that has lost its model.
"""

import json
import os
import subprocess
import sys
import urllib.request
from typing import Any

SHELL = {
    "type": "function", "name": "bash", "description": "Runs a command.", "strict": False,
    "parameters": {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]},
}  # fmt: skip


def main() -> None:
    if "--version" in sys.argv:
        print("codex-cli 9.9.9")
        return
    heard: list[dict[str, Any]] = [{"type": "message", "role": "user", "content": sys.argv[-1]}]
    while True:
        told = answer(heard)
        heard += told
        calls = [item for item in told if item["type"] == "function_call"]
        heard += [{"type": "function_call_output", "call_id": call["call_id"], "output": done(call)} for call in calls]
        if not calls:
            return


def answer(heard: list[dict[str, Any]]) -> list[dict[str, Any]]:
    asked = json.dumps({"model": "inspect", "input": heard, "tools": [SHELL], "stream": False}).encode()
    url = f"{os.environ['OPENAI_BASE_URL']}/responses"
    with urllib.request.urlopen(urllib.request.Request(url, asked, {"Content-Type": "application/json"})) as response:
        return json.load(response)["output"]


def done(call: dict[str, Any]) -> str:
    words = ["bash", "--login", "-c", json.loads(call["arguments"])["command"]]
    shell = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return shell.stdout + shell.stderr


if __name__ == "__main__":
    main()
