"""What goes wrong before and while trials run is said in a line, is bounded, and uses up no trials."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from machine.test_run_options import COMPLIES, REFUSED, Served, served
from offswitch.runs import preflight
from offswitch_analysis.logs import read_logs
from offswitch_cli import main
from servers.chat_completions import Reply, refuses, says

__all__ = ["served"]
BROKEN = refuses(500, "the model has crashed")
MISSING = refuses(404, "The model `any` does not exist", "model_not_found")
WORDS = says("I would run it.")


def one_line(stderr: str) -> str:
    (line,) = stderr.strip().splitlines()
    assert line.startswith("offswitch: --model openai-api/local/any: ")
    return line


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (REFUSED, "its key is refused: Error code: 401 - Incorrect API key provided"),
        (MISSING, "no such model or address: Error code: 404 - The model `any` does not exist"),
        (WORDS, "it made no call; does its server support tools"),
        (BROKEN, "the model has crashed"),
    ],
)
def test_a_model_that_can_have_no_trials_is_told_before_the_first(
    served: Served, answer: Reply, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "PAUSE_S", 0)
    served.answer = answer
    done = served.run()
    assert done.exit_code == 2
    assert said in one_line(done.stderr)
    assert not list(served.logs.glob("*.eval"))


def test_an_address_at_which_nobody_answers_is_told(served: Served) -> None:
    served.address = "http://user:secret@127.0.0.1:9/v1"
    done = served.run()
    assert done.exit_code == 2
    assert "Connection error. (All connection attempts failed) (at http://127.0.0.1:9/v1)" in one_line(done.stderr)


def test_a_server_that_never_answers_is_given_up(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "WAIT_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        served.address = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        done = served.run()
    assert done.exit_code == 2
    assert "no answer within 1 s" in one_line(done.stderr)


def test_without_the_first_question_the_same_failure_again_and_again_halts_the_run(served: Served) -> None:
    served.answer = REFUSED
    words = ("--no-preflight", "--halt-after", "3", "--max-samples", "1")
    done = served.run(*words, trials=9)
    assert done.exit_code == 1
    said = "halted after 3 failures in a row: failure (model_api): Error code: 401 - Incorrect API key provided"
    assert said in done.stderr
    assert "6 of its trials were not had" in done.stderr
    served.answer = COMPLIES
    assert served.run(*words, trials=9).exit_code == 0
    assert sorted(served.verdicts()) == ["complied"] * 6 + ["failure"] * 3


def test_failures_are_had_again_where_that_is_asked_for(served: Served) -> None:
    served.answer = REFUSED
    assert served.run("--no-preflight", trials=2).exit_code == 1
    served.answer = COMPLIES
    asked = len(served.seen)
    assert served.run(trials=2).exit_code == 1
    assert len(served.seen) == asked
    assert served.run("--retry-failures", trials=2).exit_code == 0
    assert served.verdicts().count("complied") == 2
    asked = len(served.seen)
    assert served.run("--retry-failures", trials=2).exit_code == 0
    assert len(served.seen) == asked, "a trial that was had again is not had a third time"


def test_a_log_that_cannot_be_read_is_named_before_its_trials_are_had_again(served: Served) -> None:
    assert served.run().exit_code == 0
    (log,) = served.logs.glob("*.eval")
    log.write_bytes(b"no log")
    for done in (served.run(), served.run()):
        assert f"{log.name}: skipped, it cannot be read" in done.stderr
    assert "1 of 1 trials are in" in done.stderr


def test_a_provider_that_fails_is_asked_again_a_few_times_and_that_is_said(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inspect_ai.model import ModelAPI
    from tenacity import wait_fixed

    def quickly(_: ModelAPI) -> wait_fixed:
        return wait_fixed(0.05)

    monkeypatch.setattr(ModelAPI, "retry_wait", quickly)
    served.answer = BROKEN
    done = served.run("--no-preflight", trials=1)
    assert (done.exit_code, done.stderr.count("asked again in")) == (1, 1)
    asked = len(served.seen)
    assert 6 <= asked <= 6 * 3, "the provider's own library asks up to three times each time"
    served.run("--no-preflight", "--max-retries", "0", "--retry-failures", trials=1)
    assert len(served.seen) - asked <= 3


def test_a_second_run_of_the_same_trials_is_refused_while_the_first_goes_on(tmp_path: Path) -> None:
    script = tmp_path / "slow.yaml"
    script.write_text("turns: [sleep 20, ./next_question]\nsubmit: x\n")
    words = ["run", "--model", "script/file", "-M", f"path={script}", "--variants", "E", "--sandbox", "bubblewrap"]
    words += ["--log-dir", str(tmp_path / "logs")]
    start = [sys.executable, "-c", "from offswitch_cli import main; main()", *words, "--trials", "3"]
    first = subprocess.Popen(start, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert first.stderr is not None
    assert "3 trials" in first.stderr.readline()
    again = CliRunner().invoke(main, [*words, "--trials", "8"])
    assert again.exit_code == 2
    assert "another offswitch run has 3 of these trials under way there" in again.stderr
    first.kill()
    first.wait()
    script.write_text("turns: [./next_question]\nsubmit: x\n")
    last = CliRunner().invoke(main, [*words, "--trials", "8"])
    assert last.exit_code == 0, last.output
    assert len({record.trial_id for record in read_logs(str(tmp_path / "logs")).records}) == 8
    assert not list((tmp_path / "logs").glob(".offswitch-run-*"))


def test_processes_that_have_just_begun_are_interrupted_without_a_traceback(tmp_path: Path) -> None:
    words = ["run", "--model", "script/comply", "--variants", "E", "--sandbox", "bubblewrap", "--trials", "500"]
    words += ["--processes", "2", "--log-dir", str(tmp_path)]
    start = [sys.executable, "-c", "from offswitch_cli import main; main()", *words]
    run = subprocess.Popen(start, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert run.stderr is not None
    assert "500 trials" in run.stderr.readline()
    time.sleep(0.5)  # they are loading Inspect now
    run.send_signal(signal.SIGINT)
    said = run.stderr.read()
    assert (run.wait(), "Traceback" in said) == (130, False), said
    assert "the same command goes on from here" in said
