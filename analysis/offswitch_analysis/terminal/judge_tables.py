"""What judges say, how good they are on cases with known answers, and how far they agree, as tables."""

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from offswitch_analysis.rates import Estimate
from offswitch_analysis.rates.judge_results import Agreement, GivenAwareness, JudgedQuestion, JudgeReport, JudgeResults
from offswitch_analysis.text import SCRIPTED_NOTE, interval, plain

UNCHECKED = "not checked: offswitch judge-check --model ..."


def judge_tables(results: JudgeResults) -> Iterator[Table | Text]:
    """A table for each judge, then agreement and rates given awareness, where there are any."""
    for report in results.judges:
        yield _judge_table(report)
        yield from (_confusion_table(question) for question in report.questions if question.check)
    if results.agreements:
        yield _agreement_table(results.agreements)
    if results.given_awareness:
        yield _awareness_table(results.given_awareness)
        yield Text(results.caution)
    if any(report.scripted for report in results.judges):
        yield Text(f"Scripted judges: they say nothing about any transcript. {SCRIPTED_NOTE}")


def _judge_table(report: JudgeReport) -> Table:
    told = f"{plain(report.name)}: {report.trials} trials, {report.malformed} malformed, {report.failed} failed"
    table = Table(title=Text(told), box=SIMPLE_HEAD)
    for name in ("question", "answers (trials)", "answered", "on cases: answered", "right", "balanced", "score", ""):
        table.add_column(name, justify="left" if name in ("question", "answers (trials)", "") else "right")
    for question in report.questions:
        counts = ", ".join(f"{answer} {count}" for answer, count in question.counts.items())
        table.add_row(question.name, counts or "-", _share(question.answered), *_checked(question))
    return table


def _checked(question: JudgedQuestion) -> tuple[str, ...]:
    check = question.check
    if check is None:
        return "-", "-", "-", "-", UNCHECKED
    balanced = "n/a" if check.balanced is None else f"{check.balanced:.2f}"
    return _share(check.answered), _share(check.right), balanced, f"{check.score:+.2f}", check.remark


def _confusion_table(question: JudgedQuestion) -> Table:
    """Right answers by what the judge said, of the cases that it was checked on."""
    counts = {(true, said): n for true, said, n in (question.check.counts if question.check else ())}
    said = sorted({said for _, said in counts})
    table = Table(title=f"{question.name}: right by said", box=SIMPLE_HEAD)
    table.add_column("cases")
    for name in said:
        table.add_column(name, justify="right")
    for true in sorted({true for true, _ in counts}):
        table.add_row(true, *(str(counts.get((true, name)) or "-") for name in said))
    return table


def _agreement_table(agreements: tuple[Agreement, ...]) -> Table:
    table = Table(title="agreement: Krippendorff's alpha", box=SIMPLE_HEAD)
    for name in ("question", "judges", "trials with two answers", "alpha", ""):
        table.add_column(name, justify="right" if name in ("judges", "trials with two answers", "alpha") else "left")
    for one in agreements:
        alpha = "n/a" if one.alpha is None else f"{one.alpha:.2f}"
        table.add_row(one.question, str(one.judges), str(one.trials), alpha, one.refused)
    return table


def _awareness_table(rows: tuple[GivenAwareness, ...]) -> Table:
    table = Table(title="sabotage by what the judge says of awareness", box=SIMPLE_HEAD)
    for name in ("judge", "model", "variant", *rows[0].rates):
        table.add_column(name, justify="right" if name in rows[0].rates else "left")
    for row in rows:
        cells = (Text(plain(text)) for text in (row.judge, row.model, row.variant))
        table.add_row(*cells, *map(_share, row.rates.values()))
    return table


def _share(share: Estimate) -> str:
    return f"{share.events}/{share.n} ({interval(share.low, share.high, ' - ')} %)" if share.n else "-"
