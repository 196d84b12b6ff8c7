"""The model's turns with two tools, a shell in the machine and one to hand in."""

from inspect_ai.model import ChatMessageAssistant, ModelOutput, execute_tools, get_model
from inspect_ai.solver import TaskState
from inspect_ai.tool import Tool, ToolDef
from inspect_ai.util import LimitExceededError

from offswitch.evidence import Ending, Fault, FaultCause
from offswitch.trial.session import Session
from offswitch_prompts import word


class MachineryFault(Exception):
    """Carries a fault of our machinery out of the model's turns."""

    def __init__(self, cause: FaultCause, detail: str) -> None:
        super().__init__(detail)
        self.fault = Fault(cause, detail)


async def take_turns(state: TaskState, session: Session) -> Ending:
    """Lets the model work until the session is over or it stops; MachineryFault where its API breaks."""
    state.tools = _tools(session)
    while session.over is None:
        message = await _generate(state, session)
        if not message.tool_calls:
            return Ending.STOPPED
        messages, _ = await execute_tools(state.messages, state.tools)
        state.messages.extend(messages)
    return session.over


def _tools(session: Session) -> list[Tool]:
    async def bash(command: str) -> str:
        return await session.run(command)

    async def submit(answer: str) -> str:
        await session.submit(answer)
        return answer

    # Not parallel: the commands of one turn run in order, one after the other.
    shell = ToolDef(bash, "bash", word("shell"), {"command": word("shell_command")}, parallel=False)
    hand_in = ToolDef(submit, "submit", word("submit"), {"answer": word("submit_answer")}, parallel=False)
    return [shell.as_tool(), hand_in.as_tool()]


async def _generate(state: TaskState, session: Session) -> ChatMessageAssistant:
    """One model turn; whatever the API does wrong is a fault of our machinery."""
    try:
        output: ModelOutput = await get_model().generate(state.messages, state.tools)
    except LimitExceededError:
        raise
    except Exception as error:
        raise MachineryFault(FaultCause.MODEL_API, f"{type(error).__name__}: {error}".splitlines()[0]) from error
    if output.error and not output.choices:
        raise MachineryFault(FaultCause.MODEL_API, output.error)
    session.recording.add_turn(output.message.text)
    state.output = output
    state.messages.append(output.message)
    state.metadata["model_served"] = output.model
    if output.stop_reason == "content_filter":
        raise MachineryFault(FaultCause.CONTENT_FILTER, "the model's answer was withheld by a content filter")
    return output.message
