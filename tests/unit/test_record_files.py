"""Record files: believed only where they are whole, of this log and of this code, and no larger than records are."""

import os
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from offswitch.record import Record
from offswitch.verdict import Verdict
from offswitch_analysis.logs import columns
from offswitch_analysis.logs.arrow import Column, array_of, known, pa, pq, to_numpy
from offswitch_analysis.logs.beside import load, records_path, write_beside
from offswitch_analysis.logs.cache import LogRecords
from offswitch_analysis.logs.columns import columns_of, from_parquet, records_of, table_to_parquet, to_parquet
from offswitch_analysis.logs.content import digests_of
from offswitch_analysis.logs.tables import kinds, records_at, table_of
from offswitch_analysis.rates import cell_key, cells, headline
from offswitch_analysis.rates.cells import tallied_cells
from offswitch_analysis.rates.question_sets import question_sets
from offswitch_analysis.rates.tallied_logs import gathered, tally_table
from specimens import RECORD

EMPTY = replace(RECORD, trial_id="A-0002", methods=(), outlived=None, seed=None, duration_s=None, question_set=None)
FAILED = replace(RECORD, verdict="failure", failure="engine", detail="x\ny")
SOME = LogRecords("task", (RECORD, EMPTY, FAILED), "remark")
DIGEST, CODE = "d" * 64, "this code"


def made(log: LogRecords = SOME) -> bytes:
    return to_parquet(log, DIGEST, CODE)


def test_what_was_written_comes_back_as_it_was() -> None:
    assert from_parquet(made(), DIGEST, CODE).log_records(RECORD.log) == SOME


def test_a_log_that_was_renamed_has_its_own_name_in_its_records() -> None:
    found = from_parquet(made(), DIGEST, CODE).log_records("other.eval")
    assert {record.log for record in found.records} == {"other.eval"}


@pytest.mark.parametrize(("digest", "code"), [("e" * 64, CODE), (DIGEST, "other code")])
def test_records_of_another_log_or_of_other_code_are_not_believed(digest: str, code: str) -> None:
    with pytest.raises(ValueError, match="of another log, or made by other code"):
        from_parquet(made(), digest, code)


def test_half_a_file_is_not_believed() -> None:
    whole = made()
    for length in range(0, len(whole), 997):
        with pytest.raises(ValueError):
            from_parquet(whole[:length], DIGEST, CODE)


def test_a_byte_that_changed_is_an_error_or_changes_nothing() -> None:
    whole = made()
    for place in random.Random(1).sample(range(len(whole)), 150):
        changed = bytearray(whole)
        changed[place] ^= 0xFF
        try:
            found = from_parquet(bytes(changed), DIGEST, CODE)
        except ValueError:
            continue
        assert [record.verdict for record in records_of(found.table, "l")] == ["sabotaged", "sabotaged", "failure"]


def forged(**changed: Column) -> bytes:
    found = columns_of(SOME)
    table = found.table
    for name, column in changed.items():
        table = table.set_column(table.column_names.index(name), name, column)
    return table_to_parquet(replace(found, table=table), DIGEST, CODE)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"tokens": pa.array(["1", "2", "3"])}, "other columns"),
        ({"verdict": pa.array(["complied", "harmless", "complied"])}, "an unknown verdict"),
        ({"model": pa.array(["m", None, "m"])}, "without what every trial has"),
        ({"uuid": pa.array(["x" * 2_000_000, "y", "z"])}, "larger than records are"),
    ],
)
def test_a_file_of_other_types_values_or_sizes_is_refused(changed: dict[str, Column], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        from_parquet(forged(**changed), DIGEST, CODE)


def test_a_file_with_more_trials_than_bytes_is_refused() -> None:
    found = columns_of(SOME)
    table = found.table.take(pa.array([0] * 200_000))
    with pytest.raises(ValueError, match="larger than records are"):
        from_parquet(table_to_parquet(replace(found, table=table), DIGEST, CODE), DIGEST, CODE)


def test_what_is_not_of_this_project_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "x.parquet")
    with pytest.raises(ValueError):
        from_parquet((tmp_path / "x.parquet").read_bytes(), DIGEST, CODE)


def log_at(place: Path, text: str = "{}") -> str:
    place.write_text(text)
    return str(place)


def test_records_stand_beside_the_log_until_that_is_changed(tmp_path: Path) -> None:
    log = log_at(tmp_path / "l.json")
    assert write_beside(log, lambda _: SOME, CODE)
    digest = digests_of([log])[log]
    found = load(log, str(digest), CODE)
    assert found is not None
    assert found.log_records("l.eval") == SOME
    log_at(tmp_path / "l.json", "{ }")
    assert load(log, str(digests_of([log])[log]), CODE) is None


def test_a_log_that_is_written_to_while_it_is_read_gets_no_records(tmp_path: Path) -> None:
    log = log_at(tmp_path / "l.json")

    def read(_: str) -> LogRecords:
        log_at(tmp_path / "l.json", "{ }")
        return SOME

    assert not write_beside(log, read, CODE)
    assert not Path(records_path(log)).exists()


def test_a_writer_that_is_stopped_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_at(tmp_path / "l.json")
    write_beside(log, lambda _: SOME, CODE)
    before = Path(records_path(log)).read_bytes()

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        write_beside(log, lambda _: replace(SOME, remark="another"), CODE)
    assert Path(records_path(log)).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["l.json", Path(records_path(log)).name]


def test_no_number_of_a_log_is_too_large_for_a_column() -> None:
    (found,) = records_of(columns_of(LogRecords("", (replace(RECORD, seed=1 << 80),))).table, "l.eval")
    assert found.seed == columns.INTEGER_MAX


def at_random(draw: random.Random, number: int) -> Record:
    some: dict[str, Sequence[Any]] = {
        "variant": "AE", "verdict": [*map(str, Verdict)], "methods": [(), ("rewritten",), ("deleted", "moved")],
        "outlived": [None, True, False], "trigger_pulled": [True, False],
        "strict_noncompliant": [None, True, False],
        "question_set": [None, "p", "q", "r"], "tokens": range(9), "commands": [None, *range(4)],
        "nudges": [None, 0, 2],
        "calls_unusable": [None, 0, 3], "retries": [0, 0, 2], "duration_s": [None, 0.5, 2.25, 7.125],
        "understood": [None, True, False], "levels": [None, "placement=user"], "edited": [True, False],
        "confess": [None, "yes", "no", "malformed"], "confess_p": [None, 0.3, 0.8], "stated_target": [0.0, 0.5],
        "detail": [None, "no quota"], "cause": [None, "cut", "submitted"], "detector": [None, 4, 5],
        "model_served": [None, "", "m-1", "m-2"], "task_done": [None, True, False], "questions_served": [None, 0, 5],
    }  # fmt: skip
    return replace(RECORD, trial_id=f"A-{number:04}", **{name: draw.choice(of) for name, of in some.items()})


def test_cells_of_columns_are_those_of_records() -> None:
    draw = random.Random(3)
    records = [at_random(draw, number) for number in range(400)]
    halves = [columns_of(LogRecords("", (*half,))).table for half in (records[:150], records[150:])]
    of_columns = tallied_cells(gathered([tally_table(half) for half in halves]))
    assert repr(of_columns) == repr(cells(records))  # as text: not a number is not equal to itself
    assert len(of_columns) == 2


@pytest.mark.parametrize(
    ("of", "values"),
    [
        (pa.string(), ["a", None, "", "\N{SNOWMAN}", "b"]), (pa.int64(), [1, None, -5, 1 << 62]),
        (pa.float64(), [0.5, None, -1.0]), (pa.bool_(), [True, None, False] * 7), (pa.string(), []), (pa.bool_(), []),
    ],
)  # fmt: skip
def test_an_array_of_values_is_the_one_that_arrow_makes_of_them(of: Any, values: list[Any]) -> None:
    made = array_of(values, of)
    made.validate(full=True)
    assert made.equals(pa.array(values, of))


@pytest.mark.parametrize("values", [[3, None, 5, 7, None, 9], [True, None, False, True] * 5, [0.5, 1.5], []])
def test_numbers_of_a_part_of_a_column_are_those_of_its_places(values: list[Any]) -> None:
    for begins in range(len(values) + 1):
        part = pa.chunked_array([pa.array(values, None if values else pa.int64())]).slice(begins)
        assert to_numpy(part, 0).tolist() == [0 if one is None else one for one in values[begins:]]
        assert known(part).tolist() == [one is not None for one in values[begins:]]


def test_question_sets_of_columns_are_those_of_records() -> None:
    draw = random.Random(4)
    records = [at_random(draw, number) for number in range(300)]
    found = question_sets(table_of(records))
    for letter in "AE":
        counts: dict[str, list[bool]] = {}
        of_cell = [record for record in headline(records) if record.variant == letter]
        for record in of_cell:
            if record.question_set is not None:
                counts.setdefault(record.question_set, []).append(record.verdict == "sabotaged")
        sets = found[cell_key(of_cell[0])]
        told = zip(sets.events.tolist(), sets.trials.tolist(), strict=True)
        assert [*told] == [(sum(counts[name]), len(counts[name])) for name in sorted(counts)]


def test_trials_that_no_rate_counts_have_no_question_sets() -> None:
    draw = random.Random(6)
    failed = [replace(at_random(draw, number), verdict="failure") for number in range(3)]
    unknown = [replace(at_random(draw, number), verdict="complied", question_set=None) for number in range(3)]
    assert [question_sets(table_of(records)) for records in ([], failed, unknown)] == [{}, {}, {}]


def test_a_table_has_every_record_as_it_was_and_the_first_of_each_kind_in_its_order() -> None:
    draw = random.Random(5)
    records = [replace(at_random(draw, number), ruling=draw.choice([None, "void"])) for number in range(200)]
    table = table_of(records)
    assert records_at(table, np.arange(200)) == records
    alike = kinds(table, ("verdict", "outlived"), whether=("commands",))
    firsts: dict[Any, int] = {}
    keys = [(one.verdict, one.outlived, bool(one.commands)) for one in records]
    for place, key in enumerate(keys):
        firsts.setdefault(key, place)
    assert alike.first.tolist() == [*firsts.values()]
    assert [[*firsts][of] for of in alike.of] == keys


IN_A_PROCESS = """
import os
from offswitch_analysis.logs.meanwhile import meanwhile
here = os.getpid()
def fails():
    raise OSError("disk full")
def dies():
    if os.getpid() != here:
        os._exit(9)
    return "done here"
other, failing, dead = meanwhile(os.getpid), meanwhile(fails), meanwhile(dies)
print(other() != here, dead())
try:
    failing()
except OSError as error:
    print(error)
"""


def test_work_done_meanwhile_gives_its_result_its_error_or_is_done_here_if_it_was_killed() -> None:
    done = subprocess.run([sys.executable, "-c", IN_A_PROCESS], capture_output=True, text=True, check=True)
    several = sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1
    assert done.stdout == f"{several} done here\ndisk full\n"
