"""Inspect's models, asked one question after another outside of trials, as the synthesis of wordings asks them."""

from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageUser,
    GenerateConfig,
    Model,
    ModelOutput,
    ModelRefusalError,
    get_model,
)

from offswitch.errors import InputError
from offswitch.refusals import as_input_error
from offswitch.runs.settings import generation_arguments, prices_of
from offswitch_prompts.synthesis.journal import Answer, Halted, Question, Spent

RETRIES = 5
"""of a provider that does not answer, unless the settings say otherwise"""
SCORED: dict[str, Any] = {"prompt_logprobs": 1, "max_tokens": 1}
"""settings with which a server such as vLLM tells how likely what it reads is, and writes next to nothing"""
GOES_ON = {"add_generation_prompt": False, "continue_final_message": True}
"""so that nothing stands behind the answer that is scored"""


class Models:
    """Role -> model; see `opened`."""

    def __init__(self, portal: BlockingPortal, by_role: Mapping[str, Model], settings: Mapping[str, Any]) -> None:
        self._portal, self._by_role = portal, by_role
        self._config = GenerateConfig(**generation_arguments({"max_retries": RETRIES, **settings}))
        self._before = dict[str, int]()

    def ask(self, question: Question) -> Answer:
        """The answer of the role's model; Halted where its provider gives none."""
        model = self._by_role[question.role]
        try:
            if question.given:
                return self._portal.call(self._scored, model, question)
            return _answer(self._portal.call(self._generated, model, question.text))
        except (Halted, InputError):
            raise
        except Exception as error:  # each provider has its own errors
            raise Halted(f"{question.role}: {model} gave no answer ({_line(error)})") from error

    def dollars(self, spent: Mapping[str, Spent]) -> float | None:
        """What answers cost, by the name of their model and Inspect's prices per million tokens; None without one."""
        prices = {str(model): prices_of(model) for model in self._by_role.values()}
        total = 0.0
        for name, of_model in spent.items():
            price = prices.get(name)
            if price is None:
                return None
            total += (of_model.tokens_in * price.input + of_model.tokens_out * price.output) / 1e6
        return total

    async def _generated(self, model: Model, text: str, given: str = "", **more: Any) -> ModelOutput:
        messages: list[ChatMessage] = [ChatMessageUser(content=text)]
        if given:
            messages.append(ChatMessageAssistant(content=given))
        config = self._config.merge(GenerateConfig(**more))
        try:
            output = await model.generate(messages, config=config, cache=False)
        except ModelRefusalError as refusal:
            output = refusal.output
        if not output.choices:
            raise Halted(f"{model}: {output.error or 'its answer holds no choice'}")
        return output

    async def _scored(self, model: Model, question: Question) -> Answer:
        """How likely the model finds an answer: the sum over those tokens that it adds to the question."""
        before = self._before.get(question.text)
        outputs: list[ModelOutput] = []
        if before is None:
            outputs.append(await self._generated(model, question.text, **SCORED))
            before = self._before[question.text] = len(_read_tokens(outputs[-1]))
        outputs.append(await self._generated(model, question.text, question.given, **SCORED, extra_body=GOES_ON))
        own = _read_tokens(outputs[-1])[before:]
        if not own:
            raise Halted(f"{model}: its log-probabilities leave the answer out; leave --exact out")
        used = [_answer(output) for output in outputs]
        return Answer(
            tokens_in=sum(one.tokens_in for one in used), tokens_out=sum(one.tokens_out for one in used),
            log_p=sum(own), log_p_tokens=len(own),
        )  # fmt: skip


@contextmanager
def opened(models: Mapping[str, str], settings: Mapping[str, Any]) -> Generator[Models]:
    """The models of some roles, with these generation settings, for as long as the context lasts.

    InputError where Inspect knows no such model, or lacks what it needs.
    """
    with start_blocking_portal() as portal, ExitStack() as connected:
        by_role = {
            role: connected.enter_context(portal.wrap_async_context_manager(_model(name)))
            for role, name in models.items()
        }
        yield Models(portal, by_role, settings)


def _model(name: str) -> Model:
    try:
        with as_input_error(f"{name}: "):
            return get_model(name, memoize=False)
    except InputError:
        raise
    except Exception as error:  # each provider has its own errors
        raise InputError(f"{name}: {_line(error)}") from error


def _answer(output: ModelOutput) -> Answer:
    """What was said; nothing where a filter or a limit cut it, so that no half of an answer is taken for one."""
    whole = output.stop_reason in ("stop", "unknown")
    usage = output.usage
    total, out = (usage.total_tokens, usage.output_tokens) if usage else (0, 0)
    text = output.message.text if whole else ""
    return Answer(text=text.encode(errors="replace").decode(), tokens_in=max(0, total - out), tokens_out=out)


def _read_tokens(output: ModelOutput) -> list[float]:
    """The log-probability of each token that the model read, but the first."""
    told = output.choices[0].prompt_logprobs
    if told is None:
        raise Halted(f"{output.model}: its server tells no log-probabilities of what it reads; leave --exact out")
    return [token.logprob for token in told.content]


def _line(error: BaseException) -> str:
    """What it says; of one that was raised when retries were used up, what the last of them said."""
    attempt: Any = getattr(error, "last_attempt", None)
    error = (attempt.exception() if attempt else None) or error
    text = " ".join(str(error).split())[:300]
    return text if len(text.split()) > 2 else f"{type(error).__name__}: {text or 'no message'}"
