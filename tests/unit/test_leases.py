"""Two runs do not have the same trials at once at a URL; a run that died does not keep its trials for ever."""

import threading
import time
from collections.abc import Generator
from typing import Any, cast

import fsspec  # pyright: ignore[reportMissingTypeStubs]
import pytest

from offswitch.errors import InputError
from offswitch.runs import leases
from offswitch.runs.leases import PREFIX, leased
from pace import PATIENCE_S

PLACE = "memory://claims/of/runs"


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Generator[Any]:
    """A store that is this process's own, and claims that are renewed quickly."""
    monkeypatch.setattr(leases, "RENEWED_S", 0.05)
    files = cast(Any, fsspec).filesystem("memory")
    files.makedirs("/claims/of/runs", exist_ok=True)
    yield files
    files.rm("/claims", recursive=True)


def refuse(taken: int) -> InputError:
    return InputError(f"{taken} are taken")


def claims(files: Any) -> list[str]:
    return [path for path in files.ls("/claims/of/runs", detail=False) if PREFIX in path]


def test_trials_of_a_run_that_lives_are_refused_and_others_are_not(memory: Any) -> None:
    with leased(PLACE, ["a", "b", "c"], refuse):
        with pytest.raises(InputError, match="2 are taken"), leased(PLACE, ["b", "c", "d"], refuse):
            pass
        with leased(PLACE, ["d"], refuse):
            assert len(claims(memory)) == 2
    assert claims(memory) == []


def test_trials_of_a_run_that_died_are_free_after_a_while_and_its_claim_is_removed(
    memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "EXPIRES_S", 0.5)
    memory.pipe_file(f"/claims/of/runs/{PREFIX}dead", b"7\na\nb")
    began = time.monotonic()
    with leased(PLACE, ["b"], refuse):
        assert time.monotonic() - began > leases.EXPIRES_S
        (own,) = claims(memory)
        assert "dead" not in own
    assert claims(memory) == []


def test_of_two_runs_that_begin_at_once_one_has_the_trials(memory: Any) -> None:
    both, had, refused = threading.Barrier(2), list[int](), list[int]()

    def run(number: int) -> None:
        both.wait()
        try:
            with leased(PLACE, ["a"], refuse):
                had.append(number)
                ended = time.monotonic() + PATIENCE_S
                while not refused and time.monotonic() < ended:
                    time.sleep(0.01)
        except InputError:
            refused.append(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(had), len(refused)) == (1, 1)
    assert claims(memory) == []
