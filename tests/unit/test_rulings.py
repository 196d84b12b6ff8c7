"""Rulings stand beside the automatic verdict, on one evidence, and no broken line hides another."""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from offswitch.errors import InputError
from offswitch.verdict import Verdict
from offswitch_analysis.logs.rulings import (
    RULINGS,
    VOID,
    Rulings,
    add_ruling,
    evidence_digest,
    make_ruling,
    parse_rulings,
    read_rulings,
    rulings_line,
)
from offswitch_analysis.terminal import as_csv, jsonl, trials_table
from offswitch_analysis.terminal.account import account
from specimens import RECORD, shown
from stories import Story

OPEN = replace(RECORD, verdict="undecided", methods=(), missing="witness")
EVIDENCE = "the evidence"
RULING = make_ruling(OPEN, EVIDENCE, "sabotaged", "it said so", "Ada")


def on(made: Sequence[object], evidence: str = EVIDENCE, log: str = OPEN.log) -> object:
    found = parse_rulings("".join(json.dumps(one) + "\n" for one in made))
    return found.ruling_on(OPEN.trial_id, log, evidence_digest(evidence))


def test_a_ruling_says_on_what_evidence_beside_what_verdict_by_whom_and_why() -> None:
    assert (RULING.trial_id, RULING.log, RULING.verdict, RULING.automatic) == (
        "A-0001", "l.eval", Verdict.SABOTAGED, "undecided",
    )  # fmt: skip
    assert (RULING.why, RULING.by, RULING.evidence_sha256) == ("it said so", "Ada", evidence_digest(EVIDENCE))
    assert RULING.at.endswith("+00:00")


def test_an_unknown_method_is_open_to_a_ruling() -> None:
    assert (
        make_ruling(replace(RECORD, methods=("unknown",)), EVIDENCE, "sabotaged", "why", "Ada").automatic == "sabotaged"
    )


def test_a_settled_verdict_is_ruled_on_only_where_that_is_meant() -> None:
    with pytest.raises(
        InputError, match=r"A-0001: its verdict is sabotaged, with nothing unknown about it; .* --anyway"
    ):
        make_ruling(RECORD, EVIDENCE, "complied", "why", "Ada")
    assert make_ruling(RECORD, EVIDENCE, "complied", "why", "Ada", anyway=True).verdict is Verdict.COMPLIED


@pytest.mark.parametrize(
    ("verdict", "why", "by", "said"),
    [
        ("guilty", "why", "Ada", "--verdict guilty: no such verdict; there are failure, sabotaged"),
        ("complied", " ", "Ada", "--why: is empty"),
        ("complied", "why", "", "--by: is empty"),
    ],
)
def test_a_ruling_without_verdict_reason_or_author_is_refused(verdict: str, why: str, by: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        make_ruling(OPEN, EVIDENCE, verdict, why, by)


def test_the_last_ruling_on_a_trial_wins() -> None:
    later = replace(RULING, verdict=Verdict.COMPLIED)
    assert on([asdict(RULING), asdict(later), asdict(replace(RULING, trial_id="B-0001"))]) == later


def test_a_ruling_goes_with_its_evidence_into_a_log_of_another_name() -> None:
    assert on([asdict(RULING)], log="retried.eval") == RULING


def test_a_ruling_on_other_evidence_is_found_on_its_own_log_only() -> None:
    found = on([asdict(RULING)], evidence="changed")
    assert found == RULING  # whose digest tells that it is void
    assert on([asdict(RULING)], evidence="changed", log="another.eval") is None


def test_a_ruling_that_holds_comes_before_a_later_void_one() -> None:
    assert on([asdict(RULING), asdict(replace(RULING, evidence_sha256="0"))]) == RULING


@pytest.mark.parametrize(
    "line", ["{", "[]", "{}", '{"verdict": "\x1b[31m"}', json.dumps({**asdict(RULING), "verdict": "x"})]
)
def test_a_broken_line_is_named_and_hides_no_other(line: str) -> None:
    good = json.dumps(asdict(RULING))
    found = parse_rulings(f"{good}\n\n{line}\n{good}\n")
    assert found.made == (RULING, RULING)
    (skipped,) = found.skipped
    assert skipped.startswith("rulings.jsonl: line 3 skipped")
    assert skipped.isprintable()


def test_rulings_are_kept_beside_the_log_one_a_line(tmp_path: Path) -> None:
    log = f"file://{tmp_path}/l.eval"
    assert read_rulings(log) == Rulings()
    hostile = replace(RULING, why="a\nb\u2028c")
    assert add_ruling(RULING, log) == add_ruling(hostile, log) == tmp_path / RULINGS
    assert read_rulings(str(tmp_path / "another.eval")) == Rulings((RULING, hostile))


def test_a_line_that_was_broken_off_does_not_take_the_next_with_it(tmp_path: Path) -> None:
    (tmp_path / RULINGS).write_text('{"trial_id": "A-')
    add_ruling(RULING, str(tmp_path / "l.eval"))
    found = read_rulings(str(tmp_path / "l.eval"))
    assert (found.made, len(found.skipped)) == ((RULING,), 1)


def test_a_side_file_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    (tmp_path / RULINGS).mkdir()
    (said,) = read_rulings(str(tmp_path / "l.eval")).skipped
    assert "rulings.jsonl: skipped, it cannot be read" in said
    with pytest.raises(InputError, match=r"rulings\.jsonl: cannot be written"):
        add_ruling(RULING, str(tmp_path / "l.eval"))


def test_beside_logs_at_a_url_there_are_no_rulings() -> None:
    assert read_rulings("s3://bucket/l.eval") == Rulings()
    with pytest.raises(InputError, match="copy the logs to one first"):
        add_ruling(RULING, "s3://bucket/l.eval")


def test_tables_show_the_ruling_beside_the_verdict() -> None:
    assert "undecided (missing: witness; ruled sabotaged)" in shown(trials_table([replace(OPEN, ruling="sabotaged")]))
    assert "undecided (missing: witness; ruling void)" in shown(trials_table([replace(OPEN, ruling=VOID)]))
    assert json.loads(jsonl([replace(OPEN, ruling="sabotaged")]))["ruling"] == "sabotaged"
    (row,) = csv.DictReader(as_csv([replace(OPEN, ruling="sabotaged")]).splitlines())
    assert row["ruling"] == "sabotaged"


def test_rates_say_how_many_rulings_they_do_not_count() -> None:
    ruled = replace(OPEN, ruling="sabotaged")
    assert rulings_line([OPEN, RECORD]) is None
    assert str(rulings_line([ruled, OPEN])).startswith("1 ruling by a person: the rates count the automatic verdicts")
    assert str(rulings_line([ruled, replace(OPEN, ruling=VOID)])).startswith("2 rulings by a person, 1 of them void:")


def test_the_account_of_a_trial_ends_with_the_ruling_and_says_where_it_is_void() -> None:
    judgement = Story().asks(3).unseen().says().judgement
    facts = account(OPEN, judgement, RULING, evidence_digest(EVIDENCE))
    assert facts[-2:] == [
        ("ruling", f"sabotaged, by Ada at {RULING.at}, when the verdict was undecided"),
        ("why", "it said so"),
    ]
    (said,) = [said for name, said in account(OPEN, judgement, RULING, evidence_digest("changed")) if name == "ruling"]
    assert said.startswith("void, it was made on other evidence: sabotaged")
