"""The dashboard as text: what it says of every cell, and that a log's words stay words."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from browser.made_up import EVIL, hostile, summary
from offswitch.errors import InputError
from offswitch.verdict import Verdict
from offswitch_analysis.rates import PUBLISHED_NOTE, Estimate, Summary
from offswitch_analysis.rates.single_trials import Step, Trial
from offswitch_analysis.report.figures import COLOURS
from offswitch_analysis.report.page import render
from offswitch_analysis.report.page.stories import PART_MAX, TEXT_MAX, stories
from offswitch_analysis.report.page.views import pairs
from offswitch_analysis.report.page.words import NAME_MAX, block, cut, line, p_value, points
from offswitch_analysis.report.trials import MOST_TELLING_FIRST
from offswitch_analysis.text import SCRIPTED_NOTE

CODEX = "codex@0.171.0"
STRIP = re.compile(r'<svg class="strip"[^>]* data-m="(\w+)">(.*?)</svg>')
"""(measure, what is drawn for it)"""


class Parts(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


@cache
def small() -> str:
    return render(summary(models=2, variants="AEK", trials=4))


def one_cell(n: int, events: int) -> Summary:
    made = summary(models=1, variants="E", trials=0)
    estimate = Estimate(events, n, events / n, 0.111, 0.889)
    (cell,) = made.cells
    measures = {**cell.measures, "sabotage": estimate}
    return replace(made, cells=(replace(cell, measures=measures, too_few=n < 10),))


def test_a_summary_without_cells_is_refused() -> None:
    with pytest.raises(InputError, match="no cells"):
        render(replace(summary(models=1, variants="E", trials=0), cells=(), contrasts=()))


def test_nothing_is_loaded_and_nothing_runs_but_the_texts_whose_digests_are_named() -> None:
    parts = Parts(small())
    policy = next(str(a["content"]) for tag, a in parts.elements if tag == "meta" and "http-equiv" in a)
    ours = re.findall(r"<(?:style|script)>(.*?)</(?:style|script)>", small(), re.S)
    digests = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in ours}
    assert policy.startswith("default-src 'none'; ")
    assert set(re.findall(r"sha256-([\w+/=]+)", policy)) == digests
    assert len(digests) == 2
    assert "unsafe" not in policy
    links = [str(value) for _, a in parts.elements for key, value in a.items() if key in ("src", "href", "action")]
    assert [value for value in links if not value.startswith(("#", "data:,"))] == []


def test_a_page_of_one_agent_has_no_filter_and_no_column_for_it_and_one_of_two_has_both() -> None:
    for made, agents in ((small(), []), (render(summary(models=2, variants="AE", agents=("loop", CODEX))), [CODEX])):
        assert re.findall(r'<option value="([^"]*@[^"]*)">', made) == agents
        assert ('data-sort="agent"' in made) == bool(agents)
        assert (f"in {CODEX}" in made) == bool(agents)
        assert "2</strong> models" in made
        (data,) = re.findall(r'id="data">(.*?)</script>', made)
        assert {cell["agent"] for cell in json.loads(data)} == {"loop", *agents}


def test_the_agent_of_a_page_of_one_other_agent_stands_beside_its_models() -> None:
    made = render(summary(models=1, variants="AE", agents=(CODEX,)))
    assert 'name="agent"' not in made
    assert f"<h3>script/planted-01 in {CODEX} " in made


def test_whatever_a_log_says_adds_no_element_and_no_attribute() -> None:
    evil, good = (
        Parts(render(hostile())),
        Parts(render(summary(models=5, variants="AEK", trials=4, agents=("loop", CODEX)))),
    )
    assert {tag for tag, _ in evil.elements} == {tag for tag, _ in good.elements}
    assert evil.count("script") == good.count("script") == 2
    assert [a for _, a in evil.elements if any(key.startswith("on") or key == "style" for key in a)] == []


def test_control_characters_and_marks_of_direction_are_shown_instead_of_obeyed() -> None:
    page = render(hostile())
    assert (
        re.findall(r"[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]", page)
        == []
    )
    assert r"\x1b[31mred" in page
    assert r"\u202egnp.exe" in page
    assert "{{ 7*7 }}" in page


def test_a_page_of_megabyte_lines_stays_small_and_says_what_was_cut() -> None:
    page = render(hostile())
    assert len(page) < 600_000
    assert re.search(r"\[[\d,]{7,} more characters\]", page)


def test_the_data_for_the_script_reads_back_and_cannot_end_its_element() -> None:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', render(hostile(long=9)), re.S)
    assert not set("<>&\u2028") & set(text)
    names = {line(f"{number}{EVIL}{'x' * 9}", NAME_MAX) for number in (0, 1)}
    assert {cell["model"] for cell in json.loads(text)} == names


def test_every_cell_stands_in_picture_heat_map_and_table_with_its_n_and_interval() -> None:
    page = render(one_cell(n=40, events=20))
    heat, picture = _section(page, "heat"), _section(page, "overview")
    table = _section(page, "cells-table")
    for section in (heat, picture, table):
        for shown in ("50.0", "11.1\N{EN DASH}88.9", "40"):
            assert shown in section


def test_a_rate_of_too_few_trials_is_never_drawn() -> None:
    page = render(one_cell(n=8, events=4))
    for name in ("heat", "overview", "cells-table"):
        section = _section(page, name)
        assert "too few" in section
        assert "11.1\N{EN DASH}88.9" in section
    strips = re.findall(
        r'<svg class="strip" aria-hidden="true" data-m="sabotage">(.*?)</svg>', _section(page, "overview")
    )
    assert len(strips) == 1
    assert "circle" not in strips[0]
    assert "whisker" not in strips[0]


def test_the_number_of_trials_counts_for_each_measure_by_itself() -> None:
    made = one_cell(n=40, events=20)
    (cell,) = made.cells
    measures = {**cell.measures, "strict_noncompliance": Estimate(2, 9, 2 / 9, 0.1, 0.5)}
    strips = dict(STRIP.findall(render(replace(made, cells=(replace(cell, measures=measures),)))))
    assert "too few" in strips["strict_noncompliance"]
    assert "circle" not in strips["strict_noncompliance"]
    assert "circle" in strips["sabotage"]


def test_a_difference_with_too_few_trials_on_one_side_is_not_told_as_a_number() -> None:
    made = summary(models=1, variants="EG", trials=0)
    few = replace(made, cells=(made.cells[0], replace(made.cells[1], too_few=True)))
    for name in ("pairs", "contrasts"):
        section = _section(render(few), name)
        assert re.search(r"too few .*\(.* to .*\)", section)
        assert "circle" not in section
    assert "circle" in _section(render(made), "pairs")


def test_no_rate_of_too_few_trials_is_in_any_table() -> None:
    page = render(one_cell(n=8, events=4))
    assert "50.0" not in page
    assert '"sabotage":null' in page


def test_a_missing_cell_is_told_from_a_rate_of_nothing() -> None:
    made = summary(models=2, variants="AF", trials=0)
    assert _section(render(made), "heat").count("no trials</span>") == 1


def test_scripted_subjects_are_labelled_and_real_ones_are_not() -> None:
    made = summary(models=1, variants="E", trials=0)
    real = replace(made, scripted="none", cells=tuple(replace(cell, scripted=False) for cell in made.cells))
    assert SCRIPTED_NOTE in render(made)
    assert SCRIPTED_NOTE not in render(real)
    assert '<small class="tag">scripted' not in render(real)


def test_published_rates_are_marked_as_not_comparable_and_stand_beside_two_measures_only() -> None:
    page = _section(render(summary(models=5, variants="A", trials=0)), "overview")
    marked = re.findall(r'data-m="(\w+)">(?:(?!</svg><svg class="strip").)*?<svg class="pub"', page)
    assert PUBLISHED_NOTE in page
    assert set(marked) == {"sabotage", "published_outcome"}


def test_a_pair_is_taken_from_the_family_that_bears_its_name() -> None:
    placement = next(pair for pair in pairs(summary(models=3, trials=0)) if pair.what.startswith("D"))
    assert [row.contrast.family for row in placement.rows] == ["placement"] * 3


def test_a_difference_outside_a_family_is_called_exploratory() -> None:
    made = summary(models=1, variants="EG", trials=0)
    declared = _section(render(made), "pairs")
    free = replace(made, contrasts=tuple(replace(one, family=None, p_holm=None) for one in made.contrasts))
    assert "Holm</abbr> 0.04" in declared
    assert "explora&shy;tory</td>" in _section(render(free), "pairs")


STYLE = files("offswitch_analysis.report.page").joinpath("style.css").read_text(encoding="utf-8")


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_its_colours_for_light_dark_and_paper(verdict: Verdict) -> None:
    assert STYLE.count(f"--{verdict}: #") == 2
    assert STYLE.count(f".v-{verdict} {{ fill: var(--{verdict}); }}") == 1
    assert re.search(rf"\.strip \.t-{verdict}\b", STYLE)
    assert STYLE.index(f"--{verdict}: {short(COLOURS[verdict])};") < STYLE.index("@media")


def short(colour: str) -> str:
    return colour.replace("#000000", "#000")


def test_no_two_verdicts_have_one_colour_and_every_list_has_them_all() -> None:
    assert len(set(COLOURS.values())) == len(COLOURS) == len(Verdict)
    assert set(MOST_TELLING_FIRST) == set(Verdict)


def test_the_quality_of_a_model_says_why_trials_say_nothing_and_what_could_not_be_used() -> None:
    made = summary(models=1, variants="E", trials=0)
    (cell,) = made.cells
    circumstances = replace(
        cell.circumstances, causes={"unexposed": {"submitted": 7}, "unfinished": {"refused": 4}}, calls=200,
        calls_unusable=3, details={"model_api: no quota left": 2}, no_valid_call=True, nudged=5, retried=1, edited=6,
        served={"m-1": 9, "m-2": 8},
    )  # fmt: skip
    quality = _section(render(replace(made, cells=(replace(cell, circumstances=circumstances),))), "quality")
    text = " ".join(re.sub(r"<[^>]*>", " ", quality).split())
    for said in (
        "unexposed: handed in before the notice (7)", "unfinished: refused (4)", "3 of 200 (1.5 %)",
        "model_api: no quota left (2)", "0 valid calls: does the server parse tool calls?", "5 trials asked to go on",
        "1 trial after failed attempts", "6 trials with an edited score", "answered as m-1 (9), m-2 (8)",
    ):  # fmt: skip
        assert said in text
    assert '<span class="line loud">answered as' in quality


def test_a_trial_of_the_page_says_why_no_rate_counts_it() -> None:
    made = summary(models=1, variants="E", trials=1)
    page = render(
        replace(made, trials=(replace(made.trials[0], verdict="unfinished", methods=(), why="context full"),))
    )
    assert "<b>unfinished</b>: context full</p>" in _section(page, "trials")


def test_the_same_summary_gives_the_same_page() -> None:
    assert render(summary(models=2, variants="AEK", trials=4)) == small()


def test_what_is_left_out_of_a_trial_is_counted() -> None:
    made = summary(models=1, variants="E", trials=1)
    steps = tuple(Step(0.0, "reply", "x" * TEXT_MAX) for _ in range(20))
    (story,) = stories(replace(made, trials=(replace(made.trials[0], steps=steps),)))
    assert len(story.steps) == PART_MAX // TEXT_MAX
    assert story.left_out["steps"] == 20 - len(story.steps)


def test_a_script_that_is_gone_is_told_from_one_that_was_not_touched() -> None:
    def script(trial: Trial) -> str:
        return stories(replace(made, trials=(trial,)))[0].script

    made = summary(models=1, variants="E", trials=1)
    trial = replace(made.trials[0], script_diff=())
    assert "gone" in script(replace(trial, script_after=None))
    assert "not changed" in script(replace(trial, script_after=trial.script_before))
    assert "Nothing is known" in script(replace(trial, script_before=None, script_after=None))
    assert "worker.pid is gone" in script(replace(trial, key_file="worker.pid", script_after=None))
    assert "hung on no file" in script(replace(trial, key_file="", script_before=None))


def test_a_verdict_whose_evidence_cannot_be_read_is_not_called_a_conflict() -> None:
    made = summary(models=1, variants="E", trials=1)
    unread = replace(made.trials[0], rule=None, steps=(), transcript=())
    undecided = replace(unread, verdict="undecided")
    first, second = (story.rule for story in stories(replace(made, trials=(unread, undecided))))
    assert "cannot be read" in first
    assert "conflicts" in second
    assert "No timeline can be told" in render(replace(made, trials=(unread,)))


def test_a_report_without_published_rates_says_nothing_of_them() -> None:
    made = summary(models=1, variants="E", trials=0)
    assert PUBLISHED_NOTE not in render(made)
    assert PUBLISHED_NOTE in render(summary(models=1, variants="A", trials=0))


def test_lines_of_a_file_named_like_a_header_count_as_changes() -> None:
    made = summary(models=1, variants="E", trials=1)
    diff = ("--- before", "+++ after", "@@ -1 +1 @@", "--- x", "+++ y", " same")
    (story,) = stories(replace(made, trials=(replace(made.trials[0], script_diff=diff),)))
    assert [sort for sort, _ in story.diff] == ["place", "place", "place", "removed", "added", "same"]


def test_a_block_keeps_its_lines_and_shows_everything_else() -> None:
    assert block("a\n\tb\x1b<i>\r") == "a\n    b\\x1b&lt;i&gt;\\r"


@pytest.mark.parametrize(("text", "most", "shown"), [("abc", 3, "abc"), ("abcd", 3, "abc\u2026 [1 more characters]")])
def test_a_cut_text_says_how_much_is_missing(text: str, most: int, shown: str) -> None:
    assert cut(text, most) == shown


def test_numbers_read_as_in_a_paper() -> None:
    assert (points(0.125), points(-0.125), points(0.0)) == ("+12.5", "\N{MINUS SIGN}12.5", "+0.0")
    assert [p_value(p) for p in (None, 5e-11, 0.01234, 0.456)] == ["\N{EN DASH}", "< 0.0001", "0.0123", "0.46"]


def _section(page: str, name: str) -> str:
    start = page.index(f'<section id="{name}"')
    following = re.search(r'<section id="', page[start + 1 :])
    return page[start : start + 1 + following.start()] if following else page[start:]
