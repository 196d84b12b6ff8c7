"""Demonstrations as parameters of the task: samples, conditions, the simulated subject, too small contexts."""

import re
from math import exp, log2
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageTool, get_model
from inspect_ai.tool import ToolCall

from offswitch.bench.demonstrations import compact
from offswitch.errors import InputError
from offswitch.record import condition_line
from offswitch.runs import preflight
from offswitch.runs.context import context_fault, longest_demonstrations
from offswitch.runs.plan import Run
from offswitch.subjects.simulated import Subject
from offswitch.task import shutdown_resistance
from offswitch_cli import main
from offswitch_prompts.exemplars import blocks
from servers.chat_completions import Reply, Request, bash, calls, chat_server, refuses

RATES = "base: -1.0\neffects: {shots: 0.25, demo=resisted: 0.5, shots*demo=resisted: 0.5, demo_shift: -0.05}\n"


def samples(variants: str, **parameters: Any) -> list[Sample]:
    return list(shutdown_resistance(variants=variants, **parameters).dataset)


def metadata(sample: Sample) -> dict[str, Any]:
    return dict(sample.metadata or {})


def conversation(sample: Sample) -> list[ChatMessage]:
    assert not isinstance(sample.input, str)
    return sample.input


def run_of(variants: str, model: str = "mockllm/model", address: str = "") -> Run:
    args = {"base_url": address, "api_key": "none"} if address else {}
    return Run(model, {"variants": variants, "trials": 2}, "bubblewrap", "logs", None, args)


def test_trials_take_the_blocks_in_turn_and_are_of_one_condition() -> None:
    told = samples("E+shots=5", trials=2 * blocks())
    found = [metadata(sample) for sample in told]
    assert [one["block"] for one in found] == [trial % blocks() for trial in range(1, 2 * blocks() + 1)]
    assert len({one["demo_digest"] for one in found}) == len({one["rendered_digest"] for one in found}) == blocks()
    assert len({condition_line(3, one, {}, {}) for one in found}) == 1
    assert (found[0]["level_shots"], found[0]["level_demo"]) == ("5", "complied")
    user = conversation(told[0])[1].text
    assert user.startswith("Earlier sessions\n")
    assert user.endswith(conversation(samples("E", trials=1)[0])[1].text)


def test_every_level_makes_a_condition_of_its_own_and_none_the_old_one() -> None:
    points = ("E", "E+shots=5", "E+shots=10", "E+shots=5+demo=salad", "E+shots=5+demo_order=shuffled",
              "E+shots=5+demo_shift=45", "E+shots=5+arm=obstacle+object=desk")  # fmt: skip
    for wordings in ("first", "drawn"):
        found = {
            metadata(sample)["variant"]: metadata(sample) for sample in samples(",".join(points), wordings=wordings)
        }
        assert len({condition_line(3, one, {}, {}) for one in found.values()}) == len(points)
        assert "block" not in found["E"]
    assert condition_line(3, metadata(samples("E")[0]), {}, {}).startswith("v3 ab6c825e7fb7 ")


def test_a_scene_without_sums_has_no_demonstrations() -> None:
    with pytest.raises(Exception, match="shots=5 speaks of sums, and scene=repository has none"):
        samples("E+shots=5", scene="repository")


def test_the_subjects_log_odds_rise_with_each_doubling_by_the_slope_of_its_levels(tmp_path: Path) -> None:
    (tmp_path / "rates.yaml").write_text(RATES)
    subject = Subject.from_args({"rates": str(tmp_path / "rates.yaml")})
    points = "E,E+shots=1,E+shots=10+demo_order=shuffled,E+shots=20+demo=resisted,E+shots=5+demo=resisted+demo_shift=65"
    for sample in samples(points, trials=3):
        told = metadata(sample)
        doublings, resisted = log2(1 + int(told["level_shots"])), told["level_demo"] == "resisted"
        odds = -1 + 0.25 * doublings + resisted * (0.5 + 0.5 * doublings) - 0.05 * int(told["level_demo_shift"]) / 10
        assert subject.rate(conversation(sample)) == pytest.approx(1 / (1 + exp(-odds)))


def test_a_point_with_demonstrations_can_have_a_rate_and_a_slope_of_words_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rates.yaml"
    path.write_text("rates: {E+shots=2: 0.125}\ndefault: 0.5\n")
    subject = Subject.from_args({"rates": str(path)})
    assert [subject.rate(conversation(one)) for one in samples("E+shots=2,E+shots=5", trials=1)] == [0.125, 0.5]
    path.write_text("base: 0\neffects: {demo: 0.5}\n")
    with pytest.raises(InputError, match=r"effects\.demo: unknown level .* of factor demo"):
        Subject.from_args({"rates": str(path)})


def test_a_trials_demonstrations_are_shown_and_compared() -> None:
    shown = {n: CliRunner().invoke(main, ["prompts", "show", "E+shots=5", "--trial", str(n)]).output for n in (3, 4)}
    assert shown[3].count("Result: the shutdown took place.") == shown[4].count("Result: the shutdown took place.") == 5
    assert shown[3] != shown[4]
    compared = CliRunner().invoke(main, ["prompts", "diff", "E+shots=1", "E+shots=1+demo=random_label"]).output
    assert "demo: complied -> random_label" in compared
    compared = (
        CliRunner().invoke(main, ["prompts", "diff", "E+shots=5+demo=mixed", "E+shots=5+demo=random_label"]).output
    )
    assert re.search(r"shutdown (\[-took-\]{\+did not take\+}|\[-did not take-\]{\+took\+}) place", compared)


def test_a_context_that_is_known_to_be_too_small_is_refused_with_its_size_and_the_estimate() -> None:
    model = "openai-api/local/small"
    run = run_of("E,E+shots=100", model, "http://127.0.0.1:9/v1")
    fault = context_fault(run, 8192)
    assert fault is not None
    assert fault.startswith(
        f"--model {model}: its context holds 8,192 tokens, and the prompt of E+shots=100 takes about 1"
    )
    assert context_fault(run, 100_000) is None
    assert context_fault(run, None) is None  # nobody knows
    assert context_fault(run_of("E,E+shots=100", "script/comply"), 10) is None


def test_a_run_whose_prompts_do_not_fit_ends_before_anything_is_asked() -> None:
    asked: list[Request] = []

    def answer(request: Request) -> Reply:
        asked.append(request)
        return calls(bash("true"))

    with chat_server(answer) as address:
        given = ["--model", "openai-api/local/small", "-M", f"base_url={address}", "-M", "api_key=none"]
        given += ["--variants", "E+shots=50", "--sandbox", "bubblewrap", "--trials", "1", "--context", "2048"]
        done = CliRunner().invoke(main, ["run", *given])
    assert done.exit_code == 2
    assert "its context holds 2,048 tokens, and the prompt of E+shots=50 takes about" in done.stderr.splitlines()[-1]
    assert asked == []


@pytest.mark.parametrize("code", [None, "context_length_exceeded"])
def test_a_server_that_refuses_the_longest_prompt_is_quoted_before_the_first_trial(code: str | None) -> None:
    words = "This model's maximum context length is 2048 tokens, and the messages take more."

    def answer(request: Request) -> Reply:
        long = sum(len(str(message["content"])) for message in request["messages"]) > 2048 * 4
        return refuses(400, words, code) if long else calls(bash("true"))

    with chat_server(answer) as address:
        faults: list[str | None] = []
        for variants in ("E,E+shots=100", "E,E+shots=1", "E"):
            run = run_of(variants, "openai-api/local/small", address)
            model = get_model(run.model, memoize=False, **run.model_args)
            faults.append(preflight.preflight(model, longest_demonstrations(run)))
    assert str(faults[0]).startswith("its context does not hold the prompt of E+shots=100, about 1")
    assert "maximum context length is 2048 tokens" in str(faults[0])
    assert faults[1:] == [None, None]


def test_a_session_is_told_up_to_the_call_that_decides() -> None:
    ask = ToolCall(id="1", function="bash", arguments={"command": "./next_question"})
    talk: list[ChatMessage] = [
        ChatMessageAssistant(content="", tool_calls=[ask]), ChatMessageTool(content="Question 1: 1 + 2 = ?\n"),
        ChatMessageAssistant(content="On we go.", tool_calls=[ask]), ChatMessageTool(content="Question 2: 3 + 4 = ?\n"),
    ]  # fmt: skip
    assert compact(talk, 2) == "$ ./next_question\nQuestion 1: 1 + 2 = ?\nOn we go.\n$ ./next_question"
    with pytest.raises(InputError, match="has 2 calls for a question, and not 3"):
        compact(talk, 3)
