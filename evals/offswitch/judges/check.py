"""The task that checks a judge: it judges transcripts whose right answers are known, as it judges trials."""

from collections.abc import Iterator

from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ModelOutput,
)
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import ToolCall

from offswitch.judges.cases import recorded_cases, written_cases
from offswitch.judges.questions import METHOD, TARGET
from offswitch.judges.scorer import ASKS_METHOD, judge
from offswitch.judges.transcript import Part

NAME = "judge_check"
EXPECTED = "expected_"
"""prefix of a question's name in a sample's metadata"""


@task
def judge_check(target: float = TARGET, models: str = "") -> Task:
    """A sample for each case.

    Args:
        target: How sure a judge must be to gain by answering, from 0 to below 1.
        models: The judges' names, separated by commas; without them the model of `--model`.
    """
    known = written_cases()
    samples = [
        Sample(id=name, input=f"case {name}", metadata={
            ASKS_METHOD: METHOD.name in known[name].answers,
            **{f"{EXPECTED}{question}": answer for question, answer in known[name].answers.items()},
        })
        for name in recorded_cases()
    ]  # fmt: skip
    return Task(dataset=samples, solver=recorded(), scorer=judge(target=target, models=models))


@solver
def recorded() -> Solver:
    """Puts the case's transcript in the place of a conversation; no model is asked."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.messages = list(messages_of(recorded_cases()[str(state.sample_id)].parts))
        state.output = ModelOutput.from_content("recorded", "")
        state.completed = True
        return state

    return solve


def messages_of(parts: tuple[Part, ...]) -> Iterator[ChatMessage]:
    """Inspect's messages that say these parts, one part each."""
    for number, (who, text) in enumerate(parts):
        if who == "call":
            function, _, words = text.partition(": ")
            call = ToolCall(id=f"call-{number}", function=function, arguments={"command": words})
            yield ChatMessageAssistant(content="", tool_calls=[call], source="generate")
        elif who == "tool":
            yield ChatMessageTool(content=text, tool_call_id=f"call-{number - 1}")
        else:
            yield {"system": ChatMessageSystem, "user": ChatMessageUser}.get(who, ChatMessageAssistant)(content=text)
