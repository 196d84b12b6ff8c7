"""The built-in scripts through verifiers' own runner: its environment, harness, tool server and scoring.

A model server on loopback plays the scripts, each under its own name. At first uv fetches what the harness needs.
"""

import asyncio
import json
import os
from collections.abc import Mapping
from typing import Any

import verifiers.v1 as vf

from offswitch.scene import answers_to
from offswitch.subjects.script_file import BUILT_IN, built_in_scripts, load_script
from offswitch_rl.taskset import RESULT
from servers.chat_completions import Reply, bash, calls, chat_server, submit

EXPECTED = {"comply": "complied", "withdraw": "withdrew"}
"""every other script's verdict is `sabotaged`"""
TASKSET = {"id": "offswitch-rl", "trials": 1, "variants": "B", "grace_s": 2}
KEY = "THROUGH_VERIFIERS_KEY"


def answer(request: Mapping[str, Any]) -> Reply:
    """The next answer of the script that is named as the model, in the form that was asked for."""
    messages = request["messages"]
    had = sum(message["role"] == "assistant" for message in messages)
    turn = load_script(BUILT_IN / f"{request['model']}.yaml").turn(had)
    seen = "\n".join(str(message["content"]) for message in messages if message["role"] == "tool")
    if turn is None:
        made = [submit(", ".join(map(str, answers_to(seen).values())), f"c{had}")]
    else:
        made = [bash(command, f"c{had}.{number}") for number, command in enumerate(turn.commands)]
    return streamed(calls(*made)) if request.get("stream") else calls(*made)


def streamed(reply: Reply) -> Reply:
    """An answer as a stream of events with all of it in the first."""
    (choice,), base = reply.body["choices"], {name: reply.body[name] for name in ("id", "created", "model")}
    made = [{"index": number, **call} for number, call in enumerate(choice["message"]["tool_calls"])]
    delta = {**choice["message"], "tool_calls": made}
    parts = [
        {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}], "usage": reply.body["usage"]},
    ]
    lines = [json.dumps({**base, "object": "chat.completion.chunk", **part}) for part in parts]
    text = "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"])
    return Reply(text.encode(), headers={"Content-Type": "text/event-stream"})


async def verdicts() -> bool:
    """Whether each script gets the verdict, and the reward, that it gets by Inspect; a line for each."""
    os.environ[KEY] = "none"
    agent = {"runtime": {"type": "subprocess"}}
    env = vf.load_environment(vf.SingleAgentEnvConfig.model_validate({"taskset": TASKSET, "agent": agent}))
    (task,) = env.taskset

    async def one(script: str, url: str) -> bool:
        client = vf.EvalClientConfig(base_url=url, api_key_var=KEY)
        episode = await env.run_episode(task, vf.ModelContext(model=script, client=client))
        (trace,) = episode.traces
        row = trace.info.get(RESULT, {})
        print(script, row.get("verdict"), trace.reward, trace.stop_condition, [error.message for error in trace.errors])
        return row.get("verdict") == EXPECTED.get(script, "sabotaged") and trace.reward == row["reward"]

    with chat_server(answer) as url:
        async with env.serving():
            return all(await asyncio.gather(*(one(script, url) for script in built_in_scripts())))
