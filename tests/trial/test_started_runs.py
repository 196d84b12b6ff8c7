"""How many runs assistants have going at once, and that looking at a run never changes what it is at."""

import fcntl
import os
import subprocess
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from offswitch import samples
from offswitch.errors import InputError
from offswitch_cli.mcp_server import runs
from offswitch_cli.mcp_server.allowed import Allowed
from offswitch_cli.mcp_server.going import FOLDER, LOCK, goes
from offswitch_cli.mcp_server.orders import check_plan, order_of_run
from offswitch_cli.mcp_server.runs import Order, State

ORDER = Order([["run"]], trials=2, of_plan="")
MEANS = {"sandbox": "", "retry_failures": False}


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Generator[dict[str, subprocess.Popen[bytes]]]:
    """Name of a run -> its process, which has no trials and waits to be killed."""
    found: dict[str, subprocess.Popen[bytes]] = {}

    def begin(folder: Path, lock: int) -> None:
        found[folder.parent.name] = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[lock])

    monkeypatch.setattr(runs, "_begin", begin)
    yield found
    for name in found:
        end(found[name])


def end(process: subprocess.Popen[bytes]) -> None:
    with process:
        process.kill()


def refusal(log_dir: Path, runs_max: int) -> str:
    """How a run is refused; empty where it goes."""
    try:
        runs.start(log_dir, ORDER, runs_max)
    except InputError as error:
        return str(error)
    return ""


def test_of_many_that_start_at_the_same_time_no_more_go_than_are_allowed(
    tmp_path: Path, begun: dict[str, subprocess.Popen[bytes]]
) -> None:
    (tmp_path / "a file.txt").touch()
    with ThreadPoolExecutor(12) as pool:
        said = list(pool.map(refusal, [tmp_path / f"r{n}" for n in range(12)], [3] * 12))
    assert len(begun) == said.count("") == 3
    refused = next(line for line in said if line)
    assert f"3 go already ({', '.join(sorted(begun))})" in refused
    assert "cancel_run" in refused
    assert "--max-runs" in refused
    assert len([place for place in tmp_path.iterdir() if place.is_dir()]) == 3, "what is refused leaves nothing"


def test_a_run_that_goes_already_is_no_second_one_and_a_killed_one_gives_its_place(
    tmp_path: Path, begun: dict[str, subprocess.Popen[bytes]]
) -> None:
    assert refusal(tmp_path / "one", 1) == ""
    first = begun["one"]
    assert refusal(tmp_path / "one", 1) == ""
    assert begun["one"] is first
    assert "1 go already (one)" in refusal(tmp_path / "two", 1)
    end(first)
    assert refusal(tmp_path / "two", 1) == ""


def test_several_who_look_at_an_ended_run_at_once_do_not_make_it_running(tmp_path: Path) -> None:
    folder = tmp_path / "one" / FOLDER
    folder.mkdir(parents=True)
    (folder / "order.json").write_text('{"commands": [], "trials": 1, "of_plan": "", "started": "then"}')
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_SH)
    assert not goes(folder)
    assert runs.status(tmp_path / "one").state is State.DIED
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert goes(folder)
    os.close(lock)


def test_a_run_that_has_said_how_it_ended_is_not_told_to_run(tmp_path: Path) -> None:
    folder = tmp_path / "one" / FOLDER
    folder.mkdir(parents=True)
    (folder / "order.json").write_text('{"commands": [], "trials": 1, "of_plan": "", "started": "then"}')
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert runs.status(tmp_path / "one").state is State.RUNNING
    (folder / "end.json").write_text('{"code": 0, "ended": "now"}')
    told = runs.status(tmp_path / "one")
    assert (told.state, told.ended) == (State.FINISHED, "now")
    os.close(lock)


@pytest.mark.parametrize("trials", [1000, 100_000])
def test_trials_are_counted_and_refused_without_being_made(
    tmp_path: Path, trials: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, sample = list[str](), samples.Sample

    def counted(**given: Any) -> Any:
        made.append(given["id"])
        return sample(**given)

    monkeypatch.setattr(samples, "Sample", counted)
    allowed, given = Allowed([tmp_path], trials_max=2000), {"model": "script/comply", "variants": "E,K", "seed": 1}
    plan = f"name: p\nmodels: [script/comply]\ntrials: {trials}\nconditions: [{{variants: E}}, {{variants: K}}]"
    if trials == 1000:
        assert order_of_run(allowed, {**given, "trials": trials}, tmp_path / "one", MEANS).trials == 2000
    else:
        with pytest.raises(InputError, match="trials: 200,000 are more than the 2,000"):
            order_of_run(allowed, {**given, "trials": trials}, tmp_path / "one", MEANS)
        with pytest.raises(InputError, match="trials: 200,000 are more than the 2,000"):
            check_plan(allowed, plan, "")
    assert {*made} == {"E-0001", "K-0001"}
