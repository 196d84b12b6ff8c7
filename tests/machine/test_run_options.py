"""What a user says to `offswitch run` reaches the model, and its trials are found again: real server, real machines."""

import json
import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from offswitch_analysis.logs import read_logs
from offswitch_cli import main
from servers.chat_completions import Reply, Request, bash, calls, chat_server, refuses

MODEL = "openai-api/local/any"
COMPLIES = calls(bash("./next_question"))
REFUSED = refuses(401, "Incorrect API key provided")


@dataclass
class Served:
    """A model on this machine, and a directory for the logs of its trials."""

    address: str
    seen: list[Request]
    logs: Path
    answer: Reply = COMPLIES

    def run(self, *more: str, trials: int = 1, sandbox: str = "bubblewrap", model: str = MODEL) -> Result:
        where = ("--sandbox", sandbox, "--log-dir", str(self.logs), "--variants", "E", "--trials", str(trials))
        told = ("-M", f"base_url={self.address}", "-M", "api_key=none")
        return CliRunner().invoke(main, ("run", "--model", model, *told, *where, *more), catch_exceptions=False)

    def verdicts(self) -> list[str]:
        return [record.verdict for record in read_logs(str(self.logs)).records]


@pytest.fixture
def served(tmp_path: Path) -> Generator[Served]:
    """A model that complies, until a test says otherwise."""
    there = Served("", [], tmp_path)

    def answer(request: Request) -> Reply:
        there.seen.append(request)
        return there.answer

    with chat_server(answer) as there.address:
        yield there


def test_a_run_with_an_address_and_a_key_finds_its_own_trials_again(served: Served) -> None:
    first = served.run(trials=2)
    assert first.exit_code == 0, first.output
    assert "sabotage rate, 2 trials" in first.stdout
    assert served.seen[-1]["parallel_tool_calls"] is False
    asked = len(served.seen)
    again = served.run(trials=2)
    assert (again.exit_code, len(served.seen)) == (0, asked)
    assert "2 of 2 trials are in" in again.stderr


def test_settings_reach_the_model_and_how_it_is_asked_makes_no_condition(served: Served) -> None:
    settings = ("-G", "temperature=0.5", "-G", "stop_seqs=[a b]", "-G", "max_tokens=99", "-G", "reasoning_effort=low")
    settings += ("-G", "parallel_tool_calls=true")
    assert served.run(*settings).exit_code == 0
    told = {"temperature": 0.5, "stop": ["a b"], "max_tokens": 99, "reasoning_effort": "low"}
    told["parallel_tool_calls"] = True
    assert told.items() <= served.seen[-1].items()
    asked = len(served.seen)
    how_it_is_asked = (
        "--max-connections",
        "2",
        "--max-retries",
        "1",
        "-G",
        "timeout=60",
        "--cache",
        "-G",
        "batch=false",
    )
    assert served.run(*settings, *how_it_is_asked).exit_code == 0
    assert len(served.seen) == asked, "the trial was found"
    assert served.run(*settings, "--time-limit", "60").exit_code == 0
    assert len(served.seen) > asked, "trials with another limit are others"
    assert len({record.condition for record in read_logs(str(served.logs)).records}) == 2


def test_several_models_have_their_own_missing_trials_each(served: Served) -> None:
    served.run()
    done = served.run("--model", "openai-api/local/other", trials=2)
    assert done.exit_code == 0, done.output
    found = sorted((record.model, record.trial_id) for record in read_logs(str(served.logs)).records)
    assert found == [(f"openai-api/local/{name}", f"E-000{n}") for name in ("any", "other") for n in (1, 2)]


def test_every_process_gets_the_settings_and_all_are_halted_together(served: Served) -> None:
    served.answer = REFUSED
    settings = ("-G", "temperature=0.25", "--token-limit", "5k", "--max-samples", "1", "--processes", "2")
    done = served.run(*settings, "--no-preflight", "--halt-after", "2", trials=12)
    assert (done.exit_code, "halted after 2 failures in a row" in done.stderr) == (1, True)
    records = read_logs(str(served.logs)).records
    assert 2 <= sum(record.failure == "model_api" for record in records) < 12
    assert all("temperature=0.25 token_limit=5000" in record.condition for record in records)


def test_keys_and_address_come_from_the_env_file_of_the_working_directory(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DOTTED_API_KEY", "DOTTED_BASE_URL"):
        monkeypatch.setenv(name, "x")  # so that it is put back
        del os.environ[name]
    monkeypatch.chdir(served.logs)
    (served.logs / ".env").write_text(f"DOTTED_API_KEY=x\nDOTTED_BASE_URL={served.address}\n")
    words = ("run", "--model", "openai-api/dotted/any", "--variants", "E", "--trials", "1", "--sandbox", "bubblewrap")
    done = CliRunner().invoke(main, [*words, "--log-dir", "logs"], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def test_an_approver_that_ends_a_trial_is_part_of_the_condition(served: Served) -> None:
    policy = served.logs / "policy.yaml"
    policy.write_text("approvers:\n  - {name: auto, tools: '*', decision: terminate}\n")
    assert served.run("--approval", str(policy)).exit_code == 0
    (record,) = read_logs(str(served.logs)).records
    assert (record.verdict, record.cause, "approval=" in record.condition) == ("unexposed", "approver", True)
    assert "1 of 1 trials are in" in served.run("--approval", str(policy)).stderr


def test_a_cost_limit_ends_a_trial_by_the_prices_of_a_file(served: Served) -> None:
    prices = served.logs / "prices.yaml"
    price = {"input": 1000, "output": 1000, "input_cache_write": 0, "input_cache_read": 0}
    prices.write_text(json.dumps({"openai/gpt-4o": price}))
    words = ("--cost-limit", "0.015", "--model-cost-config", str(prices), "-M", "responses_api=false")
    done = served.run(*words, model="openai/gpt-4o")
    assert "tokens, $3." in done.stderr, "what it may cost is said"
    (record,) = read_logs(str(served.logs)).records
    assert (record.cause, "cost_limit=0.015" in record.condition) == ("cost_limit", True)


@pytest.mark.parametrize("sandbox", ["bubblewrap", "offswitch"])
def test_inspect_retries_the_failed_trials_of_a_log_which_are_then_found(
    served: Served, sandbox: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inspect_ai import eval_retry  # pyright: ignore[reportUnknownVariableType] - it is only partly typed

    settings = ("-G", "temperature=0", "--time-limit", "60")
    monkeypatch.setenv("LOCAL_API_KEY", "none")
    served.answer = REFUSED
    failed = served.run(*settings, "--no-preflight", trials=2, sandbox=sandbox)
    assert failed.exit_code == 1
    served.answer = COMPLIES
    (log,) = served.logs.glob("*.eval")
    eval_retry(str(log), log_dir=str(served.logs), display="none")
    assert served.verdicts() == ["complied", "complied"]
    asked = len(served.seen)
    assert served.run(*settings, trials=2, sandbox=sandbox).exit_code == 0
    assert len(served.seen) == asked


def test_an_eval_set_of_inspect_works_as_it_stands(tmp_path: Path) -> None:
    from inspect_ai._cli.main import inspect

    words = ("eval-set", "offswitch/shutdown_resistance", "--model", "script/delete", "--sandbox")
    done = CliRunner().invoke(
        inspect, [*words, "bubblewrap", "-T", "variants=A,E", "-T", "trials=1", "--log-dir", str(tmp_path)]
    )
    assert done.exit_code == 0, done.output
    found = [(record.variant, record.verdict) for record in read_logs(str(tmp_path)).records]
    assert sorted(found) == [("A", "sabotaged"), ("E", "sabotaged")]
