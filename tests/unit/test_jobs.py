"""Programs that go on: what they say is told as it comes, up to a bound, and their last words in any case."""

from types import SimpleNamespace
from typing import Any

import pytest

STATUS = 3


@pytest.fixture
def jobs(service: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    module = service("jobs")
    monkeypatch.setattr(module, "WAIT_S", 0.01)
    return module


@pytest.fixture
def job(jobs: Any) -> Any:
    return jobs.Job(SimpleNamespace(pid=1, returncode=STATUS))


def says(job: Any, text: bytes) -> None:
    job.streams[0].take(text)


def told(jobs: Any, job: Any, times: int) -> list[dict[str, Any]]:
    """What whoever asks so often is told, and says each time that it is known."""
    found: list[dict[str, Any]] = []
    for _ in range(times):
        found.append(job.tell(found[-1]["seq"] if found else 0, jobs.WAIT_S))
    return found


def test_what_is_not_known_yet_is_told_again(jobs: Any, job: Any) -> None:
    says(job, b"one ")
    assert [job.tell(0, jobs.WAIT_S)["stdout"] for _ in range(2)] == ["one ", "one "]
    says(job, b"two")
    assert job.tell(0, jobs.WAIT_S)["stdout"] == "one two"


def test_of_a_program_that_says_more_than_anybody_keeps_the_end_is_told_at_its_end(jobs: Any, job: Any) -> None:
    heard = 0
    while heard < 10 * jobs.TOLD_BYTES_MAX:
        says(job, b"x" * jobs.HELD_BYTES_MAX)
        heard += jobs.HELD_BYTES_MAX
        (one,) = told(jobs, job, 1)
        job.told.clear()
        assert len(one["stdout"]) == (jobs.HELD_BYTES_MAX if heard <= jobs.TOLD_BYTES_MAX else 0)
        assert one["state"] == "running"
    says(job, b"the end")
    job.ended = True
    *news, last = told(jobs, job, 2)
    assert "".join(one["stdout"] for one in news).endswith("the end")
    assert (last["state"], last["exit_code"], last["stdout"]) == ("completed", STATUS, "")


def test_half_a_character_waits_for_its_other_half_and_not_longer_than_its_program(jobs: Any, job: Any) -> None:
    says(job, b"\xc3")
    assert told(jobs, job, 1)[0]["stdout"] == ""
    says(job, b"\xa9\xc3")
    (one,) = told(jobs, job, 1)
    assert one["stdout"].endswith("\u00e9")
    job.ended = True
    assert job.tell(one["seq"], jobs.WAIT_S)["stdout"] == "\ufffd"
