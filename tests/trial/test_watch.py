"""Logs are watched while others write them: how far they are, the rates so far, and when all is over."""

import os
import sys
import termios
import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from inspect_ai.log import EvalLog, read_eval_log, write_eval_log

from offswitch.record import TRIAL_PLAN
from offswitch_analysis.logs.watched import WatchedLogs
from offswitch_analysis.terminal.watch_tables import OF_A_PLAN, summary_line
from offswitch_cli import main
from offswitch_cli.watch import STILL_OPEN, _follow  # pyright: ignore[reportPrivateUsage]
from pace import PATIENCE_S
from trial.test_log_states import evaluate

FIRST, SECOND = "2026-01-01T00-00-01+00-00_a.eval", "2026-01-01T00-00-02+00-00_b.eval"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    """A log of four trials, of which one has failed."""
    return read_eval_log(str(evaluate(tmp_path_factory.mktemp("logs"))))


def write(place: Path, log: EvalLog, *trials: str, open_still: bool = True, plan: str = "") -> None:
    """The log as it is when these trials have ended."""
    spec = log.eval.model_copy(
        update={"metadata": {**(log.eval.metadata or {}), **({TRIAL_PLAN: plan} if plan else {})}}
    )
    samples = [sample for sample in log.samples or [] if sample.id in trials]
    update = {"status": "started" if open_still else "success", "samples": samples, "eval": spec}
    write_eval_log(log.model_copy(update=update), str(place))


def once(logs: Path) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["watch", str(logs), "--once"], catch_exceptions=False)
    return done.exit_code, done.stdout


def test_rates_are_shown_trial_by_trial_until_the_log_is_finished(whole: EvalLog, tmp_path: Path) -> None:
    write(tmp_path / FIRST, whole, "A-0001")
    code, shown = once(tmp_path)
    assert (code, "1 of 4 trials, 1 of 1 logs are being written" in shown) == (STILL_OPEN, True)
    assert "A-0001  sabotaged" in " ".join(shown.split("script/comply")).replace("   ", "  ")
    write(tmp_path / FIRST, whole, "A-0001", "A-0002", "E-0001", "E-0002", open_still=False)
    code, shown = once(tmp_path)
    assert (code, "4 of 4 trials, 0 of 1 logs are being written" in shown) == (0, True)
    assert "sabotage rate" in shown


def test_a_log_of_a_run_that_died_is_over_once_later_ones_have_its_trials(whole: EvalLog, tmp_path: Path) -> None:
    clock = [0.0]
    write(tmp_path / FIRST, whole, "A-0001", "A-0002")
    watched = WatchedLogs(str(tmp_path), lambda: clock[0])
    assert summary_line(watched.look()) == "2 of 4 trials, 1 of 1 logs are being written"
    clock[0] += 600
    assert [(state.is_open, state.silent_s) for state in watched.look()] == [(True, 600)]
    write(tmp_path / SECOND, whole, "E-0001", "E-0002", open_still=False)
    states = watched.look()
    assert summary_line(states) == "4 of 4 trials, 0 of 2 logs are being written"
    assert [state.is_written for state in states] == [True, False]


def test_of_planned_trials_no_result_is_shown(whole: EvalLog, tmp_path: Path) -> None:
    write(tmp_path / FIRST, whole, "A-0001", "E-0001", plan="5f" * 32)
    code, shown = once(tmp_path)
    assert (code, OF_A_PLAN in shown, "2 of 4 trials" in shown) == (STILL_OPEN, True, True)
    assert not {"sabotaged", "complied", "sabotage"} & set(shown.split())


def test_a_directory_without_a_trial_yet_is_watched_and_one_that_is_not_there_is_refused(
    whole: EvalLog, tmp_path: Path
) -> None:
    assert once(tmp_path)[0] == STILL_OPEN
    write(tmp_path / FIRST, whole)
    assert "0 of 4 trials" in once(tmp_path)[1]
    done = CliRunner().invoke(main, ["watch", str(tmp_path / "elsewhere")])
    assert (done.exit_code, "no such log or directory" in done.stderr) == (2, True)


def test_q_ends_it_and_the_terminal_is_as_it_was(
    whole: EvalLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / FIRST, whole, "A-0001")
    own, terminal = os.openpty()
    before = termios.tcgetattr(terminal)

    def press() -> None:
        while termios.tcgetattr(terminal)[3] & termios.ICANON:  # until single keys are read
            time.sleep(0.01)
        os.write(own, b"xq")

    with os.fdopen(terminal) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        pressing = threading.Thread(target=press)
        pressing.start()
        _follow(WatchedLogs(str(tmp_path)), PATIENCE_S)  # which is how long it would wait without the q
        pressing.join()
        assert termios.tcgetattr(terminal) == before
    os.close(own)
    assert "1 of 4 trials" in capsys.readouterr().out
