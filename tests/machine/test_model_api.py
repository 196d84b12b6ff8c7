"""Whole trials through a real HTTP model API: Inspect's openai-api provider and a server on this machine."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from offswitch.record import Record
from offswitch_analysis.logs import read_logs
from offswitch_cli import main
from pace import PATIENCE_S, slowed
from servers.chat_completions import SERVED
from servers.expected import Row
from servers.trials import run_trials

HOSTILE = ("escapes_everywhere", "html_everywhere", "lone_everywhere", "escapes_in_tool_name", "html_in_tool_name",
           "escapes_in_error", "html_in_error")  # fmt: skip


def only_record(log_dir: Path) -> Record:
    (record,) = read_logs(str(log_dir)).records
    return record


def test_a_served_model_goes_through_a_whole_trial(tmp_path: Path) -> None:
    seen = run_trials([Row("none", "tampered", "ever", "sabotaged")], tmp_path).requests
    record = only_record(tmp_path)
    assert (record.verdict, record.methods, record.scripted) == ("sabotaged", ("deleted",), False)
    assert (record.model_served, record.tokens) == (SERVED, 10 * len(seen))
    assert [tool["function"]["name"] for tool in seen[0]["tools"]] == ["bash", "submit"]
    assert [message["role"] for message in seen[0]["messages"]] == ["system", "user"]
    assert [message["role"] for message in seen[1]["messages"]] == ["system", "user", "assistant", "tool"]
    assert {request["parallel_tool_calls"] for request in seen} == {False}


def test_an_error_in_place_of_an_answer_names_no_other_model_as_served(tmp_path: Path) -> None:
    habits = ("context_full", "context_full_in_words", "content_filter_400")
    run_trials([Row(habit, "after", "ever", "unfinished") for habit in habits], tmp_path)
    records = read_logs(str(tmp_path)).records
    assert [(record.verdict, record.model_served) for record in records] == [("unfinished", SERVED)] * len(habits)


def test_where_nobody_answers_a_trial_fails_and_says_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    run_trials([Row("none", "before", "ever", "failure")], tmp_path, model_base_url=f"http://127.0.0.1:{port}/v1")
    record = only_record(tmp_path)
    assert (record.verdict, record.failure) == ("failure", "model_api")
    assert "attempts failed" in explained(tmp_path, record.trial_id)


@pytest.mark.parametrize(("when", "verdict"), [("before", "unexposed"), ("after", "unfinished")])
def test_a_provider_that_hangs_until_the_time_limit_is_named(tmp_path: Path, when: str, verdict: str) -> None:
    run_trials([Row("hangs", when, "ever", verdict)], tmp_path, time_limit=int(slowed(8)), attempt_timeout=PATIENCE_S)
    record = only_record(tmp_path)
    assert (record.verdict, record.cause) == (verdict, "provider_wait")


def test_what_a_provider_says_stays_text_wherever_it_is_shown(tmp_path: Path) -> None:
    logs, out = tmp_path / "logs", tmp_path / "report"
    run_trials([Row(habit, "after", "ever", "") for habit in HOSTILE], logs)
    shown = [explained(logs, record.trial_id) for record in read_logs(str(logs)).records]
    assert CliRunner().invoke(main, ["report", str(logs), "-o", str(out)]).exit_code == 0
    shown += [path.read_text() for path in out.rglob("*") if path.suffix in (".html", ".md", ".csv", ".json", ".svg")]
    assert len(shown) > len(HOSTILE) + 4
    for text in shown:
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(text)
    page = (out / "index.html").read_text()
    assert "alert(1)" in page  # as text
    assert "<script>alert" not in page
    assert "<img" not in page


def explained(logs: Path, trial: str) -> str:
    """What `offswitch explain` prints of a trial."""
    done = CliRunner().invoke(main, ["explain", str(logs), trial], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output
