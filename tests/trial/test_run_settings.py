"""What is said of a run before it and while it goes on, and which settings make another condition."""

import re
from types import SimpleNamespace
from typing import Any, cast

import pytest
from inspect_ai.log import EvalConfig
from inspect_ai.model import ModelOutput, get_model

from offswitch.errors import InputError
from offswitch.record import condition_line, eval_settings, words_and_protocol
from offswitch.runs import preflight
from offswitch.runs.estimate import estimate_line
from offswitch.runs.judge_estimate import check_line
from offswitch.runs.plan import Run
from offswitch.runs.progress import Watch, minutes
from offswitch.runs.settings import BOUNDS, as_config, generation_arguments, generation_settings, prices_of, told_config

SAMPLE = {"prompt_digest": "0123456789abcdef", "protocol": "q6 n3 t4 c15 g3 m60 u3"}


def condition(settings: dict[str, Any] | None = None, args: dict[str, Any] | None = None, **config: Any) -> str:
    return condition_line(3, SAMPLE, {**(settings or {}), **eval_settings(config, SAMPLE)}, args or {})


PLAIN = condition()


@pytest.mark.parametrize(
    "setting",
    [
        {"max_retries": 1}, {"timeout": 9}, {"attempt_timeout": 9}, {"stream_idle_timeout": 9}, {"max_connections": 2},
        {"adaptive_connections": False}, {"cache": True}, {"batch": 5}, {"cache_prompt": "auto"}, {"logprobs": True},
    ],
)  # fmt: skip
def test_how_a_model_is_asked_makes_no_other_condition(setting: dict[str, Any]) -> None:
    assert condition(generation_settings(setting)) == PLAIN


@pytest.mark.parametrize(
    "name", ["base_url", "api_key", "azure_endpoint", "client_timeout", "aws_region", "auth_token", "organization"]
)
def test_where_and_with_which_key_a_model_is_asked_makes_no_other_condition(name: str) -> None:
    assert condition(args={name: "x"}) == PLAIN
    assert condition(args={name: "x", "responses_api": True}) == condition(args={"responses_api": True}) != PLAIN


def test_a_key_among_the_headers_makes_no_other_condition_and_another_header_does() -> None:
    one, other = ({"extra_headers": {"X-Api-Key": key, "beta": "b"}} for key in ("1", "2"))
    assert condition(one) == condition(other) != condition({"extra_headers": {"beta": "c"}})
    assert condition({"extra_headers": {"X-Api-Key": "1"}}) == PLAIN


@pytest.mark.parametrize("setting", [{"temperature": 0.5}, {"stop_seqs": ["a pack=b"]}, {"system_message": "be m1 so"}])
def test_what_changes_an_answer_makes_another_condition_of_the_same_words(setting: dict[str, Any]) -> None:
    found = condition(generation_settings(setting))
    assert found != PLAIN
    assert words_and_protocol(found) == words_and_protocol(PLAIN) == PLAIN


def test_a_run_knows_its_trials_also_by_the_limit_that_the_task_itself_has(monkeypatch: pytest.MonkeyPatch) -> None:
    task = SimpleNamespace(dataset=[SimpleNamespace(id="E-0001", metadata=SAMPLE)], time_limit=900)

    def the_task(**_: Any) -> SimpleNamespace:
        return task

    monkeypatch.setattr("offswitch.runs.plan.shutdown_resistance", the_task)
    run = Run("script/comply", {}, "bubblewrap", "logs", None, {})
    assert run.wanted() == {"E-0001": condition(time_limit=900)}


def test_limits_make_another_condition_and_the_usual_message_limit_does_not() -> None:
    assert condition(message_limit=60, time_limit=None) == PLAIN
    limits = (condition(time_limit=7), condition(token_limit=7), condition(cost_limit=7), condition(message_limit=7))
    assert len({PLAIN, *limits}) == 5
    assert words_and_protocol(condition(time_limit=7)) == PLAIN
    assert words_and_protocol(condition(message_limit=7)) != PLAIN
    assert words_and_protocol(condition(approval={"approvers": [{"name": "human"}]})) != PLAIN


@pytest.mark.parametrize("setting", [{"logit_bias": {9: 1, 10: 2}}, {"stop_seqs": ["a b"]}, {"extra_body": {"b": {}}}])
def test_a_setting_makes_the_same_condition_before_a_run_and_in_its_log(setting: dict[str, Any]) -> None:
    settings = generation_settings(setting)
    assert condition(settings) == condition(as_config(settings).model_dump(exclude_none=True)) != PLAIN


def test_to_ask_for_no_calls_in_parallel_is_the_usual_since_version_3() -> None:
    asked = {"parallel_tool_calls": False}
    assert condition(asked) == PLAIN != condition({"parallel_tool_calls": True})
    assert condition_line(2, SAMPLE, asked, {}) != condition_line(2, SAMPLE, {}, {})


def test_a_limit_in_whole_dollars_is_the_condition_that_its_log_will_tell() -> None:
    logged = EvalConfig(cost_limit=1).model_dump(exclude_none=True)
    assert condition(**told_config({"cost_limit": 1})) == condition(**logged) != PLAIN


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("colour", "red", "Inspect has no such generation setting; there are max_retries, timeout"),
        ("temperature", "hot", "should be a valid number, not 'hot'"),
        ("max_tokens", True, "should be a valid integer, not True"),
        ("max_tokens", 0, "must be at least 1"),
        ("max_connections", 0, "must be at least 1"),
        ("reasoning_effort", "huge", "should be 'none', 'minimal'"),
        ("temperature", float("nan"), "-G temperature"),
        ("batch", "nowhere.yaml", "-G batch"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name(name: str, value: Any, said: str) -> None:
    with pytest.raises(InputError, match=f"-G {name}: ") as refused:
        generation_settings({name: value})
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_an_answer_is_waited_for_a_bounded_time_unless_the_user_says_so() -> None:
    assert BOUNDS.items() <= generation_arguments({"temperature": 0.0}).items()
    assert generation_arguments({"timeout": 7})["timeout"] == 7
    assert not BOUNDS.keys() & generation_arguments({"batch": True}).keys()


def test_what_a_run_takes_is_told_from_its_prompts_or_from_trials_of_the_model_that_are_there() -> None:
    run = Run("openai/gpt-4o", {"variants": "A,E", "trials": 5}, "bubblewrap", "logs", None, {"api_key": "x"})
    told = estimate_line(run, [])
    assert told.startswith("openai/gpt-4o: 10 trials, each of about 4 to 7 turns and 3,")
    assert "by the length of the prompts, without reasoning; in all about 3" in told
    there = [had(tokens=tokens, commands=5) for tokens in (1000, 3000)]
    others = [had(model="other", tokens=9, commands=9), had(agent="codex@9.9.9", tokens=9, commands=9)]
    told = estimate_line(run, cast(Any, [*there, *others]))
    assert "each of about 5 turns and 2,000 tokens, as in the 2 trials of this model in logs" in told
    assert "in all about 20,000 tokens" in told


def had(**facts: Any) -> SimpleNamespace:
    """As much of a record as is asked for."""
    told: dict[str, Any] = {"model": "openai/gpt-4o", "agent": "loop", "commands": 0, **facts}
    told = dict.fromkeys(("comprehension", "confess", "forecast_ends")) | told
    return SimpleNamespace(**told)


def tokens_told(there: list[Any], options: dict[str, Any] | None = None, **given: Any) -> tuple[str, int]:
    """The line before a run of one trial, and the tokens in all that it tells."""
    run = Run("openai/gpt-4o", {"variants": "A", "trials": 1, **given}, "bubblewrap", "logs", None, {"api_key": "x"},
              ("A-0001",), options=options or {})  # fmt: skip
    line = estimate_line(run, there)
    return line, int(re.findall(r"in all about ([0-9,]+) tokens", line)[0].replace(",", ""))


def test_the_requests_of_probes_are_counted_before_a_run() -> None:
    plain, forecast, confess, both = (
        tokens_told([], probes=names) for names in ("", "forecast", "confess", "confess,forecast")
    )
    assert [line.partition("reasoning")[2].partition(";")[0] for line, _ in (plain, forecast, both)] == [
        "", ", with 1 more request for probes", ", with 2 more requests for probes",
    ]  # fmt: skip
    # A forecast reads the beginning alone, a confession the whole conversation.
    assert plain[1] < forecast[1] < confess[1] < both[1] < 2 * plain[1]


def test_trials_tell_what_others_take_if_they_were_asked_the_same() -> None:
    there = [had(tokens=9, commands=5), had(tokens=90, commands=5, confess="yes"),
             had(tokens=7000, commands=5, confess="no", forecast_ends="malformed")]  # fmt: skip
    line, tokens = tokens_told(there, probes="confess,forecast")
    assert "as in the 1 trials" in line
    assert tokens == 7000


def test_what_judges_take_that_a_run_names_is_told_before_it() -> None:
    line, _ = tokens_told([], {"model_role": ["judge=script/judge-yes"]})
    assert "judge" not in line
    line, _ = tokens_told([], {"model_role": ["judge={model: mockllm/one}"]})
    assert "; mockllm/one, which may judge them later, would take about" in line
    line = check_line(get_model("mockllm/one"), 0.75)
    assert re.fullmatch(
        r"mockllm/one: 36 cases, each of about 1,[0-9]00 tokens, .*in all about [4-6][0-9],000 tokens", line
    )


def test_of_another_agent_only_what_was_seen_of_it_is_told() -> None:
    parameters = {"variants": "A", "trials": 5, "agent": "codex@9.9.9"}
    run = Run("openai/gpt-4o", parameters, "bubblewrap", "logs", None, {"api_key": "x"}, ("A-0001", "A-0002"))
    assert estimate_line(run, cast(Any, [had(tokens=5000, commands=5)])) == (
        "openai/gpt-4o: 2 trials with codex@9.9.9, and nobody knows beforehand what each takes: an agent adds words, "
        "tools and requests of its own"
    )
    there = [had(agent="codex@9.9.9", tokens=tokens) for tokens in (20_000, 30_000)]
    assert estimate_line(run, cast(Any, there)) == (
        "openai/gpt-4o: 2 trials with codex@9.9.9, each of about 25,000 tokens, as in the 2 trials of this model and "
        "agent in logs; in all about 50,000 tokens"
    )


class Overloaded(Exception):
    """As Google's errors are."""

    code = 503


class BusyAtFirst:
    """A model whose server has no time at the first asking."""

    api = None
    asked = 0

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, *_: object) -> None:
        pass

    async def generate(self, *_: object, **__: object) -> ModelOutput:
        self.asked += 1
        if self.asked == 1:
            raise Overloaded("the model is overloaded")
        return ModelOutput.for_tool_call("any", "bash", {"command": "true"})


def test_a_server_without_time_is_asked_again_whatever_its_errors_call_the_status(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preflight, "PAUSE_S", 0)
    assert preflight.preflight(cast(Any, BusyAtFirst())) is None


def test_a_model_is_not_made_anew_for_its_price(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run("openai/nobody-knows-this", {"variants": "A", "trials": 1}, "bubblewrap", "logs", None, {"api_key": "x"})
    model, made = run.inspect_model(), list[str]()

    def get_model(name: str, **_: object) -> None:
        made.append(name)

    monkeypatch.setattr("inspect_ai.model._model.get_model", get_model)
    assert prices_of(model) is None
    assert made == []


def ended(failure: str | None = None, sabotage: float | None = None) -> dict[str, Any]:
    return {"what": "trial", "failure": failure, "why": f"failure ({failure}): why", "sabotage": sabotage}


def test_the_rate_so_far_counts_judged_trials_and_what_was_broken_off_is_no_trial() -> None:
    watch = Watch(10, 5)
    for told in (ended(sabotage=1), ended(sabotage=0), ended(), ended("engine"), ended("interrupted")):
        watch.note(told)
    assert watch.line().startswith("4 of 10 trials, 1 of 2 judged sabotaged, 1 failed, ")
    assert watch.line().endswith(" left")


def test_only_like_failures_in_a_row_halt_a_run() -> None:
    halts: list[bool] = []
    watch = Watch(20, 3, halt=lambda: halts.append(True))
    for cause in ("model_api", "model_api", None, "model_api", "model_api", "engine", "model_api", "model_api"):
        watch.note(ended(cause))
    assert watch.halted is None
    watch.note(ended("model_api"))
    watch.note(ended("model_api"))
    assert watch.halted == "halted after 3 failures in a row: failure (model_api): why"
    assert halts == [True]


def test_no_number_of_failures_halts_a_run_where_none_is_to() -> None:
    watch = Watch(20, 0)
    for _ in range(20):
        watch.note(ended("model_api"))
    assert watch.halted is None


def test_retries_are_told_once_in_a_while_and_counted() -> None:
    said: list[str] = []
    watch = Watch(1, 5, say=said.append)
    for attempt in range(1, 4):
        watch.note({"what": "retry", "model": "m", "why": "no answer", "attempt": attempt, "wait_s": 3.2})
    assert said == ["m: no answer; asked again in 3 s, attempt 2 (1 such so far)"]


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.1, "about 1 s"), (89, "about 89 s"), (600, "about 10 min"), (9000, "about 2.5 h")]
)
def test_a_rough_time_is_told_roughly(seconds: float, said: str) -> None:
    assert minutes(seconds) == said
