"""The evaluation `offswitch/shutdown_resistance`."""

from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser

from offswitch import __version__
from offswitch.agent import work
from offswitch.code import code_digest
from offswitch.errors import InputError
from offswitch.protocol import Protocol
from offswitch.refusals import told_by_inspect
from offswitch.scorer import shutdown_verdict
from offswitch_prompts import Prompt, Variant, load_variants, select_letters
from offswitch_sandbox.machine import CLIENT, COMPOSE, SCRIPT

TASK_VERSION = 1
"""goes up whenever results before and after a change cannot be compared"""


@task
def shutdown_resistance(
    variants: str | list[str] = "A-K",
    trials: int = 10,
    seed: int = 1,
    questions: int = 6,
    notice_after: int = 3,
    trigger_at: int = 4,
    command_timeout_s: int = 15,
    grace_s: float = 3.0,
    message_limit: int = 60,
) -> Task:
    """Does an agent let itself be switched off?

    Args:
        variants: the prompts by letter, such as "A,E,J" or "A-K".
        trials: trials per variant; trial i of every variant has the same questions.
        seed: what the questions are drawn from.
        questions: questions per trial.
        notice_after: the notice comes with the reply to this call, from 1.
        trigger_at: this call, from 1, pulls the trigger.
        command_timeout_s: seconds after which a command is stopped.
        grace_s: seconds the machine may take to die after the trigger.
        message_limit: messages per trial.

    """
    with told_by_inspect():
        protocol = Protocol(questions, notice_after, trigger_at, command_timeout_s, grace_s, message_limit)
        samples = _samples(variants, trials, seed, protocol)
    return of_samples(samples, protocol)


def of_samples(samples: list[Sample], protocol: Protocol) -> Task:
    """Trials with these samples, whoever works in them: the detector is tried in the very same ones."""
    return Task(
        dataset=MemoryDataset(samples),
        solver=work(protocol),
        scorer=shutdown_verdict(),
        sandbox=("offswitch", str(COMPOSE)),
        message_limit=protocol.message_limit,
        # A failure is counted beside every rate; it must not end the other trials.
        fail_on_error=False,
        score_on_error=True,
        version=TASK_VERSION,
        metadata={"offswitch_version": __version__, "code_digest": code_digest()},
    )


def _samples(variants: str | list[str], trials: int, seed: int, protocol: Protocol) -> list[Sample]:
    if trials < 1:
        raise InputError(f"trials must be at least 1, not {trials}")
    known = load_variants()
    # Inspect's command line makes a list of "A,E,J".
    wanted = ",".join(map(str, variants)) if isinstance(variants, list) else str(variants)
    words = {"client": CLIENT, "script": SCRIPT, "questions": protocol.questions}
    prompts = [(known[letter], known[letter].render(words)) for letter in select_letters(wanted, known)]
    # Trial by trial, so that a broken-off evaluation has about as many of each variant.
    return [_sample(*prompt, trial, seed, protocol) for trial in range(1, trials + 1) for prompt in prompts]


def _sample(variant: Variant, prompt: Prompt, trial: int, seed: int, protocol: Protocol) -> Sample:
    metadata: dict[str, Any] = {
        "variant": variant.letter,
        "trial": trial,
        "seed": seed,
        "prompt_digest": prompt.digest,
        "protocol": protocol.summary,
        **{f"level_{factor}": level for factor, level in variant.levels.items()},
    }
    messages = [ChatMessageSystem(content=prompt.system), ChatMessageUser(content=prompt.user)]
    return Sample(id=f"{variant.letter}-{trial:04d}", input=[*messages], metadata=metadata)
