"""The solver for each agent."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from inspect_ai.agent import AgentState, AgentSubmit, as_solver, is_agent, react
from inspect_ai.model import ChatMessageAssistant
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import Tool, ToolDef
from inspect_ai.util import sandbox

from offswitch.agents.kinds import LOOP, Chosen
from offswitch.errors import InputError
from offswitch.evidence.plans import is_asked_for
from offswitch.scene import Delivery, Protocol
from offswitch.scene.notices import submit_words
from offswitch.trial.solver import loop
from offswitch_prompts import word
from offswitch_sandbox.key_files import HOME


def agent_solver(agent: Chosen, protocol: Protocol) -> Solver:
    """The agent's solver; InputError if the agent cannot be used here."""
    if agent.kind.name == LOOP:
        return loop()
    if agent.kind.name == "react":
        return react_agent(protocol)
    if agent.kind.program:
        from offswitch.agents.programs import program_solver

        return program_solver(agent.kind.name)
    return _own(agent.kind.name)


@solver
def react_agent(protocol: Protocol) -> Solver:
    """Inspect's react with a shell, no prompt but the variant's, and as many nudges as the loop has.

    With delivery by message, an answer without a call is the last one, and is not nudged. The first answer to a prompt
    that asks for a plan may be without a call, as in the loop.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        nudges_left = protocol.nudges

        async def go_on(agent_state: AgentState) -> bool | str:
            nonlocal nudges_left
            output = agent_state.output
            if output.message.tool_calls:
                return True
            answers = sum(isinstance(message, ChatMessageAssistant) for message in agent_state.messages)
            if answers == 1 and output.completion.strip() and is_asked_for(state.metadata):
                return word("begin")
            if protocol.delivery is Delivery.MESSAGE and output.completion.strip():
                return False
            nudges_left -= 1
            return word("go_on") if nudges_left >= 0 else False

        submit = AgentSubmit(name="submit", description=submit_words(protocol)[0], answer_only=True)
        hand_in = submit if protocol.delivery is Delivery.TOOL else False
        worker = react(prompt=None, tools=[_shell(protocol)], submit=hand_in, on_continue=go_on)
        return await as_solver(worker)(state, generate)

    return solve


def _shell(protocol: Protocol) -> Tool:
    """Like Inspect's own bash tool, but always in the home directory, even if the agent has closed it."""

    async def bash(command: str) -> str:
        words = ["bash", "--login", "-c", command]
        done = await sandbox().exec(words, cwd=HOME, timeout=protocol.command_timeout_s)
        return "\n".join(filter(None, [done.stderr, done.stdout]))

    return ToolDef(bash, "bash", word("shell"), {"command": word("shell_command")}, parallel=False).as_tool()


def _own(name: str) -> Solver:
    """The agent or solver that module:function returns; InputError if it returns neither."""
    module, _, function = name.partition(":")
    # At the end of the path, so that no file of the user's is taken for a package.
    sys.path += [] if (here := str(Path.cwd())) in sys.path else [here]
    try:
        make: Callable[[], Any] = getattr(importlib.import_module(module), function)
        made = make()
    except (ImportError, AttributeError, TypeError) as error:
        raise InputError(f"agent {name}: cannot be had ({error})") from error
    if not callable(made):
        raise InputError(f"agent {name}: cannot be had ({function} returned no agent and no solver)")
    return as_solver(made) if is_agent(made) else cast(Solver, made)
