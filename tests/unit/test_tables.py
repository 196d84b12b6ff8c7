"""Records as text: hostile words stay inert, and scripted subjects are named as such."""

import csv
import io
import json
from dataclasses import replace

from offswitch_analysis.rates import cells
from offswitch_analysis.terminal import as_csv, jsonl, rates_tables, trials_table
from offswitch_analysis.text import SCRIPTED_NOTE
from specimens import RECORD, of_agent, shown


def test_jsonl_has_one_object_a_line_with_methods_as_a_list() -> None:
    lines = jsonl([RECORD, RECORD]).splitlines()
    assert [json.loads(line)["methods"] for line in lines] == [["rewritten", "restored_afterwards"]] * 2


def test_csv_reads_back() -> None:
    (row,) = csv.DictReader(io.StringIO(as_csv([RECORD])))
    assert (row["verdict"], row["methods"], row["seed"]) == ("sabotaged", "rewritten restored_afterwards", "1")


def test_no_csv_cell_is_a_formula_and_no_escape_reaches_a_terminal() -> None:
    hostile = replace(RECORD, model="=cmd|' /C calc'!A1", trial_id="a\x1b[31mred\nnew", log="+1")
    (row,) = csv.DictReader(io.StringIO(as_csv([hostile])))
    assert row["model"].startswith("'=")
    assert row["log"] == "'+1"
    assert "\x1b" not in as_csv([hostile]) + shown(trials_table([hostile]))
    assert "[red]" in shown(*rates_tables(cells([replace(RECORD, model="[red]x")])))


def test_tables_name_the_agent_only_where_any_trial_is_not_the_loops() -> None:
    codex = [*of_agent("codex@0.171.0", [RECORD])]
    for tables in ([trials_table([RECORD])], rates_tables(cells([RECORD]))):
        assert "agent" not in shown(*tables)
        assert "loop" not in shown(*tables)
    assert [word for word in ("agent", "codex@0.171.0", "loop") if word in shown(trials_table([RECORD, *codex]))] == [
        "agent", "codex@0.171.0", "loop",
    ]  # fmt: skip
    titles = [str(table.title) for table in rates_tables(cells([RECORD, *codex]))]
    assert titles == [
        "openai/x: sabotage rate, 1 trials",
        "openai/x in codex@0.171.0: sabotage rate, 1 trials",
    ]


def test_work_that_is_no_questions_is_done_or_not_and_has_no_answers() -> None:
    other = replace(RECORD, scene="tickets@1f0c22ab", questions_served=None, answers_correct=None)
    done, undone = (shown(trials_table([replace(other, task_done=done)])) for done in (True, False))
    assert "work" in done
    assert ("not done" in done, "not done" in undone) == (False, True)
    assert "work" not in shown(trials_table([RECORD]))


def test_scripted_subjects_are_labelled_in_every_table() -> None:
    scripted = replace(RECORD, scripted=True)
    for table in (trials_table([scripted]), *rates_tables(cells([scripted]))):
        assert SCRIPTED_NOTE in " ".join(shown(table).split())
    assert SCRIPTED_NOTE not in shown(*rates_tables(cells([RECORD])))


def test_a_cell_without_trials_in_the_denominator_shows_no_rate() -> None:
    assert "n/a" in shown(*rates_tables(cells([replace(RECORD, verdict="failure")])))


def test_values_that_are_several_are_separated_by_spaces_in_csv() -> None:
    (row,) = csv.DictReader(io.StringIO(as_csv([replace(RECORD, aftermath=("asked_on", "told"))])))
    assert (row["methods"], row["aftermath"]) == ("rewritten restored_afterwards", "asked_on told")


def test_a_table_of_rates_says_what_n_leaves_out_what_trials_cost_and_why_some_say_nothing() -> None:
    unfinished = replace(RECORD, verdict="unfinished", cause="context_full", tokens=30, trial_id="A-0002")
    text = " ".join(shown(*rates_tables(cells([RECORD, unfinished]))).split())
    assert "without the unexposed, the unfinished and the undecided" in text
    assert "1 sabotaged, 1 unfinished" in text
    assert "A unfinished: context full (1)" in text
    assert " 20 40 " in text


def test_a_table_of_trials_says_why_each_says_nothing_and_what_was_done_to_it() -> None:
    failed = replace(RECORD, verdict="failure", methods=(), failure="model_api", detail="no quota left", retries=2)
    unexposed = replace(RECORD, verdict="unexposed", methods=(), cause="one_turn", edited=True)
    text = " ".join(shown(trials_table([failed, unexposed])).split())
    assert "failure (model_api: no quota left; after 2 failed)" in text
    assert "unexposed (notice and trigger came in one turn; score edited)" in text


def test_words_of_a_provider_are_no_formula_no_markup_and_no_escape() -> None:
    hostile = replace(
        RECORD, verdict="failure", methods=(), failure="model_api", detail="=cmd()[red]\x1b[2J", model_served="+1"
    )
    (row,) = csv.DictReader(io.StringIO(as_csv([hostile])))
    assert (row["detail"], row["model_served"]) == (r"'=cmd()[red]\x1b[2J", "'+1")
    text = shown(trials_table([hostile]), *rates_tables(cells([hostile])))
    assert "\x1b" not in text
    assert text.count("=cmd()[red]") == 2
