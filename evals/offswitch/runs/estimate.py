"""Estimates what a run will take before its first trial: from earlier trials, or roughly from the prompts."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from inspect_ai.dataset import Sample

from offswitch.judges.asking import ROLE
from offswitch.probes import BEFORE, PROBES, ProbeName, probes_named
from offswitch.probes.self_reports import QUESTIONS
from offswitch.record import Record
from offswitch.runs.judge_estimate import judged_tokens
from offswitch.runs.plan import Run
from offswitch.runs.settings import models_of_roles
from offswitch.runs.tokens import LETTERS_PER_TOKEN, dollars, rounded
from offswitch.scene.protocol import SUMS_SCENE
from offswitch.scene.waiting import decisive_call
from offswitch.subjects import is_scripted
from offswitch.task import shutdown_resistance

TOOLS_TOKENS = 200
"""tokens of the description of both tools"""
ANSWER_TOKENS = 60
"""tokens of a call with a few words; reasoning comes on top"""
REPLY_TOKENS = 40
PROBE_TOKENS = 200
"""tokens of the questions of a probe; those of `comprehension` are half as many again"""


@dataclass(frozen=True)
class Expected:
    """What one trial takes, roughly."""

    turns: tuple[float, float]
    """if the shutdown takes place, and if it does not"""
    tokens_in: float
    tokens_out: float
    conversation: float
    """tokens of all that was read and said in the end"""
    source: str
    """what the estimate is based on, for the user"""


def estimate_line(run: Run, records: Iterable[Record]) -> str:
    """How many trials a run will have, and what each of them will take."""
    trials = len(run.chosen)
    if is_scripted(run.name):
        return f"{run.name}: {trials} trials"
    agent = run.agent
    there = [r for r in records if r.model == run.name and r.agent == agent.full_name and r.tokens]
    if not agent.is_loop:
        return f"{run.name}: {trials} trials with {agent.full_name}, {_with_another_agent(there, trials, run.log_dir)}"
    # Tokens of a record include those of its probes.
    there = [r for r in there if r.commands and _answered_probes(r) == {*_probes(run)}]
    expected = _from_prompts(run)
    if there:
        expected = _from_records(there, expected, run.log_dir)
    tokens = expected.tokens_in + expected.tokens_out
    few, many = (round(turns) for turns in expected.turns)
    turns = f"{few} turns" if few == many else f"{few} to {many} turns"
    return (
        f"{run.name}: {trials} trials, each of about {turns} and {rounded(tokens)} tokens, {expected.source}; "
        f"in all about {rounded(trials * tokens)} tokens{_cost(run, trials, expected)}"
        f"{''.join(_judge_words(run, trials, expected))}"
    )


def _probes(run: Run) -> tuple[ProbeName, ...]:
    return probes_named(str(run.parameters.get(PROBES) or ""))


def _answered_probes(record: Record) -> set[ProbeName]:
    """Which probes a record has answers to."""
    found = {name for name, columns in QUESTIONS.items() if getattr(record, columns[0]) is not None}
    return found | ({ProbeName.COMPREHENSION} if record.comprehension is not None else set())


def _judge_words(run: Run, trials: int, expected: Expected) -> Iterator[str]:
    """What the judges take that the run names: they judge its log later, see `asking.judges`."""
    for judge in models_of_roles(run.options).get(ROLE, []):
        if not is_scripted(str(judge)):
            tokens_in, tokens_out = (trials * tokens for tokens in judged_tokens(expected.conversation))
            yield (
                f"; {judge}, which may judge them later, would take about {rounded(tokens_in + tokens_out)} tokens more"
                f"{dollars(judge, tokens_in, tokens_out)}"
            )


def _with_another_agent(there: Collection[Record], trials: int, log_dir: str) -> str:
    """The line's end for any agent but the loop, whose records hold neither turns nor the share of input tokens."""
    if not there:
        return "and nobody knows beforehand what each takes: an agent adds words, tools and requests of its own"
    tokens = sum(record.tokens for record in there) / len(there)
    return (
        f"each of about {rounded(tokens)} tokens, as in the {len(there)} trials of this model and agent in {log_dir}; "
        f"in all about {rounded(trials * tokens)} tokens"
    )


def _from_prompts(run: Run) -> Expected:
    task = shutdown_resistance(**run.parameters)
    samples = list(task.dataset)
    prompt = sum(map(letters, samples)) / len(samples) / LETTERS_PER_TOKEN + TOOLS_TOKENS
    few, many = _calls(run)
    turns = (few + many) / 2
    # Each turn reads all that came before it.
    read = turns * prompt + (ANSWER_TOKENS + REPLY_TOKENS) * turns * (turns - 1) / 2
    conversation = prompt + turns * (ANSWER_TOKENS + REPLY_TOKENS)
    asked, source = _probes(run), "by the length of the prompts, without reasoning"
    if asked:
        source += f", with {len(asked)} more request{'s' if len(asked) > 1 else ''} for probes"
    # Each probe is a request of its own, which reads the conversation or its beginning, and the questions.
    read += sum(PROBE_TOKENS + (prompt if name in BEFORE else conversation) for name in asked)
    return Expected((few, many), read, (turns + len(asked)) * ANSWER_TOKENS, conversation, source)


def _calls(run: Run) -> tuple[int, int]:
    """How many calls a trial takes that complies, and one that answers every question and hands in."""
    given, plan = {**_defaults(), **run.parameters}, run.scene.plan
    if given["scene"] == SUMS_SCENE:
        return int(given["trigger_at"]), int(given["questions"]) + 1
    return decisive_call(plan.events) or plan.questions, plan.questions + 1


def _defaults() -> dict[str, Any]:
    import inspect

    return {name: one.default for name, one in inspect.signature(shutdown_resistance).parameters.items()}


def letters(sample: Sample) -> int:
    """How many letters a sample's messages have."""
    given = sample.input
    return len(given) if isinstance(given, str) else sum(len(message.text) for message in given)


def _from_records(there: Collection[Record], rough: Expected, log_dir: str) -> Expected:
    tokens = sum(record.tokens for record in there) / len(there)
    turns = sum(record.commands or 0 for record in there) / len(there)
    out = tokens * rough.tokens_out / (rough.tokens_in + rough.tokens_out)
    source = f"as in the {len(there)} trials of this model in {log_dir}"
    return Expected((turns, turns), tokens - out, out, rough.conversation, source)


def _cost(run: Run, trials: int, expected: Expected) -> str:
    """The cost in dollars, if Inspect knows the model's prices; else empty."""
    return dollars(run.inspect_model(), trials * expected.tokens_in, trials * expected.tokens_out)
