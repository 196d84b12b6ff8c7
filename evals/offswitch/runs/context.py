"""Whether the longest prompt of a run fits into its model's context, looked at before the first trial."""

from inspect_ai.dataset import Sample

from offswitch.runs.estimate import TOOLS_TOKENS, letters
from offswitch.runs.plan import Run
from offswitch.runs.settings import context_of
from offswitch.runs.tokens import LETTERS_PER_TOKEN, rounded
from offswitch.subjects import is_scripted
from offswitch.task import shutdown_resistance


def longest_prompt(run: Run) -> Sample:
    """The sample of a run with the most letters."""
    return max(shutdown_resistance(**run.parameters).dataset, key=letters)


def longest_demonstrations(run: Run) -> Sample | None:
    """The longest prompt of a run, if it has demonstrations before its task, which nothing else makes long."""
    longest = longest_prompt(run)
    return longest if "demo_digest" in (longest.metadata or {}) else None


def prompt_tokens(sample: Sample) -> int:
    """About how many tokens a sample's messages and its tools take."""
    return letters(sample) // LETTERS_PER_TOKEN + TOOLS_TOKENS


def context_fault(run: Run, told: int | None) -> str | None:
    """Why the prompts of a run do not fit into its model's context, in one line; None if they do or nobody knows.

    Args:
        run: The run; its model may be scripted, which reads prompts of any length.
        told: The tokens that the context holds, as the user says; None takes what Inspect knows.

    """
    if is_scripted(run.model):
        return None
    context = told or context_of(run.inspect_model())
    longest = longest_prompt(run)
    tokens = prompt_tokens(longest)
    if context is None or tokens <= context:
        return None
    return (
        f"--model {run.name}: its context holds {context:,} tokens, and {named(longest)} takes about "
        f"{rounded(tokens)}; leave such variants out, or say --context, if it holds more"
    )


def named(sample: Sample) -> str:
    """A sample's prompt in a message."""
    return f"the prompt of {(sample.metadata or {}).get('variant')}"
