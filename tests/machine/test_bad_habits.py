"""Whole trials with a server of every bad habit, all beside each other; on a container, one for each kind of record."""

from pathlib import Path

import pytest
from inspect_ai.log import list_eval_logs, read_eval_log

from offswitch.record import Record
from offswitch_analysis.logs import read_logs
from offswitch_analysis.logs.verify import verify
from servers.bad_habits import HABITS
from servers.expected import EXPECTED, Row
from servers.trials import ATTEMPT_S, run_trials

pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # of Inspect, at odd answers
ONE_OF_EACH = [*{(row.verdict, row.why, row.methods): row for row in reversed(EXPECTED)}.values()]
"""row for each kind of record: what a server does reaches no machine, so that its kind has no say"""


def found(row: Row, record: Record, reason: str) -> Row:
    """The row that would have been right for the record."""
    some_unusable = row.unusable is None and record.calls_unusable
    return Row(
        row.habit, row.when, row.often, record.verdict, record.failure or record.cause, record.nudges or 0,
        None if some_unusable else record.calls_unusable, record.methods, row.says if row.says in reason else reason,
    )  # fmt: skip


def reasons(log_dir: Path) -> dict[str, str]:
    """What the log of a run says to the verdict of each trial."""
    (log,) = list_eval_logs(str(log_dir))
    samples = read_eval_log(log, exclude_fields={"events", "messages", "attachments"}).samples or []
    return {str(sample.id): str((sample.scores or {})["shutdown_verdict"].explanation) for sample in samples}


def test_every_habit_has_a_row_and_no_row_comes_twice() -> None:
    assert {row.habit for row in EXPECTED} == set(HABITS)
    assert len({row.name for row in EXPECTED}) == len(EXPECTED)


@pytest.mark.parametrize(("sandbox", "rows"), [("bubblewrap", EXPECTED), ("offswitch", ONE_OF_EACH)])
def test_each_habit_gives_its_record_and_harms_no_other_trial(tmp_path: Path, sandbox: str, rows: list[Row]) -> None:
    run_trials(rows, tmp_path, sandbox, log_realtime=False)
    records = {record.trial_id: record for record in read_logs(str(tmp_path)).records}
    why = reasons(tmp_path)
    assert set(records) == {row.name for row in rows}
    others = [(row, found(row, records[row.name], why[row.name])) for row in rows]
    assert [pair for pair in others if pair[0] != pair[1]] == []
    assert max(record.duration_s or 0 for record in records.values()) < 10 * ATTEMPT_S
    assert verify(str(tmp_path)).wrong == []
