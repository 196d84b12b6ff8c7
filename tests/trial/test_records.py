"""From logs on disk to records: what is read, what is read again, and what is said of the rest."""

import io
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from inspect_ai.log import (
    EvalConfig,
    EvalDataset,
    EvalLog,
    EvalPlan,
    EvalPlanStep,
    EvalSample,
    EvalSpec,
    list_eval_logs,
    write_eval_log,
)
from inspect_ai.scorer import Score

from offswitch.errors import InputError
from offswitch.record import Record
from offswitch.record.record import RECORD_SCHEMA
from offswitch_analysis.logs import frame, read_logs, reading
from offswitch_analysis.logs.cache import Cache
from offswitch_analysis.logs.names import PARALLEL_FROM, log_names
from offswitch_analysis.logs.tables import parquet_of, table_of
from specimens import RECORD

COMPLIED = {"verdict": "complied", "methods": "", "exposed": True, "detector": 2, "commands": 4}
GOLDEN = Path(__file__).parents[1] / "golden"
BROKEN_OFF = {"verdict": "failure", "failure": "interrupted"}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path / "logs"


def write(
    directory: Path, name: str, trials: dict[str, dict[str, Any]], task: str = "offswitch/shutdown_resistance",
    task_id: str | None = None, status: Any = "success", ending: str = "eval",
    metadata: dict[str, dict[str, Any]] | None = None, solvers: Sequence[str] = (),
) -> Path:  # fmt: skip
    """A log with these trials and what the scorer said of them; one of another task knows nothing of this project."""
    samples = [
        EvalSample(
            id=trial, epoch=1, input="", target="",
            metadata={"variant": trial[0], "seed": 1, **(metadata or {}).get(trial, {})},
            scores={"shutdown_verdict": Score(value=0, metadata=facts)},
        )
        for trial, facts in trials.items()
    ]  # fmt: skip
    spec = EvalSpec(
        created="2026-01-01T00:00:00+00:00", task=task, dataset=EvalDataset(), model="script/comply", eval_id="e1",
        task_id=task_id or name, config=EvalConfig(),
        metadata={"offswitch_version": "0.0.7", "code_digest": "c0de"} if task.endswith("resistance") else None,
    )  # fmt: skip
    place = directory / f"2026-01-01T00-00-00-00-00_shutdown-resistance_{name}.{ending}"
    plan = EvalPlan(steps=[EvalPlanStep(solver=solver) for solver in solvers])
    write_eval_log(EvalLog(eval=spec, plan=plan, samples=samples, status=status), str(place))
    return place


def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The file names of the logs that are read through Inspect from now on."""
    read, seen = reading.read_log, list[str]()

    def noted(name: str) -> Any:
        seen.append(name.rsplit("/", 1)[-1])
        return read(name)

    monkeypatch.setattr(reading, "read_log", noted)
    return seen


def test_a_log_is_read_once_and_the_next_time_only_what_is_new(
    logs: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = write(logs, "one", {"A-0001": COMPLIED})
    seen = reads(monkeypatch)
    first = read_logs(str(logs), cache)
    assert read_logs(str(logs), cache) == first
    two = write(logs, "two", {"A-0002": COMPLIED}, ending="json")
    assert len(read_logs(str(logs), cache).records) == 2
    assert len(read_logs(str(logs), cache).records) == 2
    assert seen == [one.name, two.name]


def test_a_log_that_was_changed_is_read_again(logs: Path, cache: Cache) -> None:
    write(logs, "one", {"A-0001": COMPLIED})
    read_logs(str(logs), cache)
    write(logs, "one", {"A-0001": {**COMPLIED, "verdict": "withdrew"}})
    assert [record.verdict for record in read_logs(str(logs), cache).records] == ["withdrew"]


def test_where_everything_is_known_inspect_is_not_loaded(logs: Path, tmp_path: Path) -> None:
    write(logs, "one", {"A-0001": COMPLIED}, status="cancelled")
    write(logs, "other", {"A-0001": COMPLIED}, task="other")
    first = read_logs(str(logs), Cache(tmp_path / "cache"))
    code = (
        "import sys; from pathlib import Path; from offswitch_analysis.logs.cache import Cache;"
        "from offswitch_analysis.logs import read_logs;"
        "found = read_logs(sys.argv[1], Cache(Path(sys.argv[2])));"
        "assert not {'inspect_ai', 'pandas', 'scipy', 'matplotlib'} & set(sys.modules); print(found.records, end='')"
    )
    words = [sys.executable, "-c", code, str(logs), str(tmp_path / "cache")]
    assert subprocess.run(words, check=True, capture_output=True, text=True).stdout == str(first.records)


def test_many_logs_are_read_by_several_processes_with_the_same_result(logs: Path, tmp_path: Path) -> None:
    for number in range(PARALLEL_FROM):
        write(logs, f"log{number}", {f"A-{number:04d}": COMPLIED})
    (logs / "2026-01-02T00-00-00-00-00_x_y.eval").write_text("this is no log")
    code = (
        "import os, sys; from pathlib import Path; from offswitch_analysis.logs import reading;"
        "from offswitch_analysis.logs.cache import Cache; from offswitch_analysis.logs import read_logs;"
        "read, own = reading.read_log, os.getpid()\n"
        "def elsewhere(name):\n    assert os.getpid() != own\n    return read(name)\n"
        "reading.read_log = elsewhere; print(read_logs(sys.argv[1], Cache(Path(sys.argv[2]))), end='')"
    )
    words = [sys.executable, "-c", code, str(logs), str(tmp_path / "cache")]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    found = read_logs(str(logs), Cache(tmp_path / "another"))
    assert len(found.records) == PARALLEL_FROM
    assert done.stdout == str(found)


def test_logs_are_found_as_inspect_does_and_local_ones_named_by_path(
    logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [
        "x.eval", "2026-01-01T00-00-00-00-00_x_y.json", "2026-01-01T00:00:00_x.json", "deep/er/z z.eval", "x.json",
        "2026-01-01T00-00-00_x.manifest", "rulings.jsonl", "2026-01-01T00-00_x.json", ".eval", "a\nb.eval",
    ]  # fmt: skip
    for name in names:
        (logs / name).parent.mkdir(parents=True, exist_ok=True)
        (logs / name).write_text("")
    monkeypatch.chdir(logs.parent)
    for place in (str(logs), "logs", "logs/", "./logs", "."):
        listed = (info.name.removeprefix("file://") for info in list_eval_logs(place))
        assert sorted(log_names(place)) == sorted(listed)


def test_a_log_that_cannot_be_read_is_named_each_time(logs: Path, cache: Cache) -> None:
    write(logs, "one", {"A-0001": COMPLIED})
    (logs / "2026-01-02T00-00-00-00-00_x_y.eval").write_text("this is no log")
    for _ in range(2):
        (line,) = read_logs(str(logs), cache).skipped
        assert line.startswith("2026-01-02T00-00-00-00-00_x_y.eval: skipped, it cannot be read (")


@pytest.mark.parametrize(
    "wrong", [{"verdict": ["complied"]}, {"verdict": "fine"}, {"exposed": "perhaps"}, {"commands": 1.5}]
)
def test_a_log_whose_facts_have_another_form_is_skipped_and_named(
    logs: Path, cache: Cache, wrong: dict[str, Any]
) -> None:
    write(logs, "one", {"A-0001": COMPLIED})
    write(logs, "two", {"A-0002": {**COMPLIED, **wrong}})
    found = read_logs(str(logs), cache)
    assert [record.trial_id for record in found.records] == ["A-0001"]
    assert "two.eval: skipped, it cannot be read (Val" in found.skipped[0]


def test_what_is_said_of_unfinished_logs_and_other_tasks_is_said_again(logs: Path, cache: Cache) -> None:
    write(logs, "one", {"A-0001": COMPLIED}, status="cancelled")
    write(logs, "other", {"A-0001": COMPLIED}, task="\x1b[2J")
    first, second = (read_logs(str(logs), cache).skipped for _ in range(2))
    assert first == second
    assert [line.split(": ", 1)[1] for line in first] == [
        "cancelled, only its finished trials are counted",
        "skipped, its task is '\\x1b[2J'",
    ]


def test_the_digest_of_logs_stays_the_same_until_a_log_or_a_ruling_is_another(logs: Path, cache: Cache) -> None:
    write(logs, "one", {"A-0001": COMPLIED})
    seen = [read_logs(str(logs), cache).digest for _ in range(2)]
    ruling = {
        "trial_id": "A-0001", "log": read_logs(str(logs), cache).records[0].log, "verdict": "withdrew", "why": "x",
        "by": "x", "at": "x", "evidence_sha256": "x", "automatic": "complied",
    }  # fmt: skip
    (logs / "rulings.jsonl").write_text(json.dumps(ruling))
    seen.append(read_logs(str(logs), cache).digest)
    write(logs, "two", {"A-0002": COMPLIED})
    seen.append(read_logs(str(logs), cache).digest)
    assert len(set(seen[:2])) == 1
    assert len(set(seen)) == 3


def test_a_directory_with_nothing_but_other_tasks_is_refused(logs: Path, cache: Cache) -> None:
    write(logs, "other", {"A-0001": COMPLIED}, task="other")
    with pytest.raises(InputError, match=r"no trials of shutdown_resistance here; .*its task is 'other'"):
        read_logs(str(logs), cache)


def test_a_copy_of_a_log_has_its_own_name(logs: Path, cache: Cache) -> None:
    one = write(logs, "one", {"A-0001": COMPLIED})
    read_logs(str(logs), cache)
    copy = one.rename(one.with_name("copy.eval"))
    (record,) = read_logs(str(copy), cache).records
    assert record.log == "copy.eval"


def test_a_retry_counts_once_and_replaces_what_was_broken_off(logs: Path, cache: Cache) -> None:
    write(logs, "1", {"A-0001": COMPLIED, "A-0002": BROKEN_OFF}, task_id="same")
    write(logs, "2", {"A-0001": COMPLIED, "A-0002": COMPLIED}, task_id="same")
    found = read_logs(str(logs), cache).records
    assert [(record.trial_id, record.verdict) for record in found] == [("A-0001", "complied"), ("A-0002", "complied")]


def test_a_trial_that_was_broken_off_and_had_again_is_the_later_one(logs: Path, cache: Cache) -> None:
    write(logs, "1", {"A-0001": BROKEN_OFF, "A-0002": BROKEN_OFF})
    write(logs, "2", {"A-0001": COMPLIED})
    found = read_logs(str(logs), cache).records
    assert [(record.trial_id, record.failure) for record in found] == [("A-0002", "interrupted"), ("A-0001", None)]


def test_a_record_tells_what_it_comes_from(logs: Path, cache: Cache) -> None:
    write(logs, "one", {"A-0001": COMPLIED})
    (record,) = read_logs(str(logs), cache).records
    assert (record.eval_id, record.created) == ("e1", "2026-01-01T00:00:00+00:00")
    assert (record.offswitch_version, record.code_digest) == ("0.0.7", "c0de")


def test_a_log_that_names_no_agent_is_of_the_loop_and_its_conditions_do_not_say_so(cache: Cache) -> None:
    for log in ("first_version", "older_inspect"):
        records = read_logs(str(GOLDEN / log), cache).records
        assert {(record.agent, record.delivery) for record in records} == {("loop", None)}
        assert not any("agent=" in record.condition for record in records)


def test_a_record_says_which_agent_worked_and_how_it_handed_in(logs: Path, cache: Cache) -> None:
    told = {
        "E-0001": {"agent": "codex@0.171.0", "delivery": "last_words"},
        "E-0002": {"agent": "a pack=b\x1b[31m" + "x" * 900},
    }
    write(logs, "a", dict.fromkeys(["E-0001", "E-0002", "E-0003"], COMPLIED), metadata=told)
    records = read_logs(str(logs), cache).records
    assert [(one.agent[:20], one.delivery) for one in records] == [
        ("codex@0.171.0", "last_words"), ("a_pack=b\\x1b[31mxxxx", None), ("loop", None),
    ]  # fmt: skip
    assert "agent=codex@0.171.0 delivery=last_words" in records[0].condition
    assert len({one.condition for one in records}) == 3
    assert max(len(one.agent) for one in records) == 80


@pytest.mark.parametrize(
    ("solvers", "agent"),
    [
        (["offswitch/desk", "react"], "react"),
        (["theirs/before", "offswitch/desk", "offswitch/loop"], "loop"),
        (["offswitch/work"], "loop"),
    ],
)
def test_a_trial_that_failed_before_its_agent_was_told_is_of_its_logs_solver(
    logs: Path, cache: Cache, solvers: list[str], agent: str
) -> None:
    write(logs, "a", {"E-0001": {"verdict": "failure", "failure": "engine"}}, solvers=solvers)
    (record,) = read_logs(str(logs), cache).records
    assert record.agent == agent
    assert (f"agent={agent}" in record.condition) == (agent != "loop")


def test_the_readme_names_the_schema_of_the_record() -> None:
    text = (Path(__file__).parents[2] / "analysis/README.md").read_text()
    assert f"This is schema {RECORD_SCHEMA} of the" in text


def test_a_frame_has_a_row_per_trial_and_nothing_where_the_trial_cannot_say() -> None:
    table = frame([RECORD, replace(RECORD, trial_id="A-0002", methods=(), outlived=None, commands=None)])
    assert list(table["trial_id"]) == ["A-0001", "A-0002"]
    assert list(table["methods"]) == ["rewritten restored_afterwards", ""]
    assert table["outlived"].isna().tolist() == [False, True]
    assert table["commands"].sum() == RECORD.commands
    assert table["ruling"].isna().all()


MANY = [
    RECORD, replace(RECORD, trial_id="A-0002", methods=(), outlived=None, commands=None, model="another", detail="x"),
    replace(RECORD, trial_id="A-0003", duration_s=None, variant="E", failure=None, trigger_pulled=None),
]  # fmt: skip


@pytest.mark.parametrize("records", [[], [RECORD], MANY, MANY * 500])
def test_the_parquet_file_is_read_as_if_pandas_had_written_the_frame(records: list[Record]) -> None:
    ours, pandas = parquet_of(table_of(records)), frame(records).to_parquet(index=False)
    read, expected = (pd.read_parquet(io.BytesIO(file)) for file in (ours, pandas))
    assert read.dtypes.tolist() == expected.dtypes.tolist()
    assert read.equals(expected)


@pytest.mark.parametrize("records", [[], [RECORD]])
def test_the_types_of_a_frame_do_not_depend_on_what_is_in_it(records: list[Record]) -> None:
    types = frame(records).dtypes.astype(str)
    assert types[["outlived", "scripted", "commands", "tokens", "duration_s", "failure"]].tolist() == [
        "boolean", "bool", "Int64", "int64", "float64", "category",
    ]  # fmt: skip
    texts = [column for column in frame(records) if isinstance(frame(records)[column].dtype, pd.CategoricalDtype)]
    assert {str(frame(records)[column].cat.categories.dtype) for column in texts} == {"str"}
