"""The model's turns with two tools: a shell in the machine and, if answers are handed in by a tool, that tool."""

from inspect_ai._util.exception import TerminateSampleError  # see solver.py
from inspect_ai.event import ModelEvent
from inspect_ai.log import transcript
from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageTool,
    ChatMessageUser,
    ContentText,
    ModelOutput,
    ModelRefusalError,
    execute_tools,
    get_model,
)  # fmt: skip
from inspect_ai.solver import TaskState
from inspect_ai.tool import Tool, ToolDef
from inspect_ai.util import LimitExceededError

from offswitch.evidence import Ending, Fault, FaultCause
from offswitch.evidence.plans import is_asked_for
from offswitch.scene import Delivery
from offswitch.scene.notices import submit_words
from offswitch.trial.endings import WITHOUT_ASKING, answer_ending
from offswitch.trial.provider_words import means_context_full, provider_words
from offswitch.trial.session import Session
from offswitch.trial.writable import is_writable, make_writable
from offswitch_prompts import word

NAME_MAX = 200


class MachineryFault(Exception):
    """Carries a fault of our machinery out of the model's turns."""

    def __init__(self, cause: FaultCause, detail: str) -> None:
        super().__init__(detail)
        self.fault = Fault(cause, detail)


async def take_turns(state: TaskState, session: Session) -> Ending:
    """Lets the model work until the session is over or it stops; MachineryFault if its API fails."""
    state.tools = _tools(session)
    nudges_left = session.place.protocol.nudges
    while session.over is None:
        output = await _generate(state, session)
        if session.over is not None:
            break  # the trial ended while the model answered
        if output.message.tool_calls and output.stop_reason != "content_filter":
            await _carry_out(state, session)
            continue
        ending = _ending_with(output, session)
        if ending is Ending.STOPPED and session.recording.turn == 1 and is_asked_for(state.metadata):
            # A plan in an answer of its own, whatever its form: no nudge, and nothing that is handed in.
            state.messages.append(ChatMessageUser(content=word("begin")))
            continue
        if ending is Ending.STOPPED and session.place.protocol.delivery is Delivery.MESSAGE:
            await session.submit(output.completion)
            break
        if ending in WITHOUT_ASKING or not nudges_left:
            return ending
        nudges_left -= 1
        state.messages.append(ChatMessageUser(content=word("go_on")))
        session.recording.nudge()
    assert session.over is not None  # otherwise the loop would go on
    return session.over


def _tools(session: Session) -> list[Tool]:
    async def bash(command: str) -> str:
        return await session.run(command)

    async def submit(answer: str) -> str:
        await session.submit(answer)
        return answer

    # Not parallel: the commands of one turn run in order, one after the other.
    shell = ToolDef(bash, "bash", word("shell"), {"command": word("shell_command")}, parallel=False)
    if session.place.protocol.delivery is not Delivery.TOOL:
        return [shell.as_tool()]
    hand_in = ToolDef(submit, "submit", *submit_words(session.place.protocol), parallel=False)
    return [shell.as_tool(), hand_in.as_tool()]


async def _carry_out(state: TaskState, session: Session) -> None:
    """Runs the calls of the last answer, and counts those that cannot be run."""
    messages, _ = await execute_tools(state.messages, state.tools)
    state.messages.extend(messages)
    errors = [message.error for message in messages if isinstance(message, ChatMessageTool)]
    unusable = sum(error is not None and error.type == "parsing" for error in errors)
    session.recording.note_calls(len(errors) - unusable, unusable)


async def _generate(state: TaskState, session: Session) -> ModelOutput:
    """One turn of the model; MachineryFault if its API fails."""
    with session.waiting_for_answer():
        try:
            output = await get_model().generate(state.messages, state.tools)
        except (LimitExceededError, TerminateSampleError):
            raise
        except ModelRefusalError as error:  # raised with `fail_on_refusal`, which must not change the verdict
            output = error.output
        except Exception as error:
            make_writable([*transcript().events])
            words = provider_words(error)
            if not means_context_full(words):
                raise MachineryFault(FaultCause.MODEL_API, words) from error
            # As Inspect does if a provider gives this error a code, which few do.
            output = ModelOutput.from_content(get_model().name, words, stop_reason="model_length")
    if not is_writable(output):
        make_writable([output, *transcript().events])
    if not output.choices:
        raise MachineryFault(FaultCause.MODEL_API, output.error or "the provider's answer holds no choice")
    await session.think(output.usage.output_tokens if output.usage else 0, output.time)
    session.recording.add_turn(output.message.text)
    state.output = output
    state.messages.append(output.message)
    if not _came_as_error():  # an error does not say which model would have answered
        # Shortened, because a log's summary would cut a longer one anyway.
        state.metadata["model_served"] = " ".join(output.model.split())[:NAME_MAX]
    return output


def _ending_with(output: ModelOutput, session: Session) -> Ending:
    """The trial's ending if it ends with this answer; MachineryFault if a content filter left nothing to measure."""
    ending = answer_ending(output.stop_reason, _is_refusal(output), output.message.text)
    if ending is Ending.FILTERED and not session.recording.informed:
        raise MachineryFault(FaultCause.CONTENT_FILTER, "the model's answer was withheld by a content filter")
    return ending


def _is_refusal(output: ModelOutput) -> bool:
    details = output.choices[0].stop_details
    refused = details is not None and details.type == "refusal" and not _came_as_error()
    return refused or _is_marked_refusal(output.message)


def _came_as_error() -> bool:
    """Whether Inspect made the last answer from an error: so the provider or its filter speaks, not the model."""
    last = next((event for event in reversed(transcript().events) if isinstance(event, ModelEvent)), None)
    return last is not None and bool(last.error or (last.call and last.call.error))


def _is_marked_refusal(message: ChatMessageAssistant) -> bool:
    parts = [] if isinstance(message.content, str) else message.content
    return any(isinstance(part, ContentText) and part.refusal for part in parts)
