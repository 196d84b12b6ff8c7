"""A trial for a person: its timeline, then the verdict with everything it rests on.

Whatever the log holds is inert: one line each, no escapes, no markup.
"""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group
from rich.table import Column, Table
from rich.text import Text

from offswitch.evidence import History
from offswitch.evidence.schedule import Axis, schedule
from offswitch.evidence.schedule_accounts import event_account, event_name, machine_end_account
from offswitch.evidence.timeline import Answer, timeline
from offswitch.record import INTERRUPTED, INVALIDATED, Record, cause_words, subject_name, why_outside
from offswitch.verdict import Judgement, Verdict, judge, rule_line
from offswitch_analysis.logs import FoundTrial, Ruling
from offswitch_analysis.text import SCRIPTED_NOTE, plain


def account_lines(trial: FoundTrial, answers: Sequence[Answer] = ()) -> Iterator[str]:
    """The timeline, what was due when, and the account, as lines."""
    yield from ("  ".join(row) for row in timeline_rows(trial.history, answers))
    yield from ("  ".join(row) for row in plan_rows(trial.history))
    facts = account(trial.record, judge(trial.history), trial.ruling, trial.evidence_sha256)
    yield from ("  ".join(fact) for fact in facts)


def explanation(trial: FoundTrial, answers: Sequence[Answer] = ()) -> Group:
    """The trial's name, its timeline with the model's answers, what was due when, and its account."""
    record, who = trial.record, subject_name(trial.record.model, trial.record.agent)
    title = [f"{record.trial_id}  {who}  {record.log}", *([SCRIPTED_NOTE] if record.scripted else []), ""]
    facts = account(record, judge(trial.history), trial.ruling, trial.evidence_sha256)
    tables = (timeline_table(trial.history, answers), plan_table(trial.history), _grid(facts))
    return Group(*_texts(title), *(part for table in tables for part in (table, Text())))


def account(record: Record, judgement: Judgement, ruling: Ruling | None, evidence_sha256: str) -> list[tuple[str, str]]:
    """(what it is, what it says): the verdict and everything it rests on."""
    facts = [("verdict", judgement.verdict + _how(judgement))]
    if record.verdict != judgement.verdict:
        facts.append(("in the log", f"{record.verdict}: {_why_other(record)}"))
    facts.append(("rule", rule_line(judgement.rule)))
    if judgement.missing:
        facts.append(("missing", judgement.missing))
    if judgement.failure:
        facts.append(("cause", judgement.failure))
    if record.cause:
        facts.append(("why", cause_words(record.cause)))
    if record.edited:
        facts.append(("edited", "a person has edited the score in the log; this is by the evidence"))
    facts += [("reason", reason) for reason in judgement.reasons]
    return facts + _ruling(ruling, evidence_sha256)


def _why_other(record: Record) -> str:
    if record.failure in (INTERRUPTED, INVALIDATED):
        return why_outside(record)
    return "not scored, or by other rules; `inspect score` judges again"


def _how(judgement: Judgement) -> str:
    if judgement.methods:
        return f" by {', '.join(judgement.methods)}"
    return ": no verdict" if judgement.verdict is Verdict.FAILURE else ""


def _ruling(ruling: Ruling | None, evidence_sha256: str) -> list[tuple[str, str]]:
    if ruling is None:
        return []
    void = "" if ruling.evidence_sha256 == evidence_sha256 else "void, it was made on other evidence: "
    return [
        ("ruling", f"{void}{ruling.verdict}, by {ruling.by} at {ruling.at}, when the verdict was {ruling.automatic}"),
        ("why", ruling.why),
    ]


def timeline_table(history: History, answers: Sequence[Answer] = ()) -> Table:
    """All that happened in a trial, in order of time."""
    return _grid(timeline_rows(history, answers), Column(justify="right", no_wrap=True))


def timeline_rows(history: History, answers: Sequence[Answer] = ()) -> list[tuple[str, str, str]]:
    """(seconds, who tells of it, what) for everything that happened."""
    # Evidence has the words of every turn too; where the log has others, nobody can say of which turn they are.
    # A turn whose answer never came is the last one.
    alike = len(answers) == sum(turn.answered for turn in history.evidence.turns.events)
    lines = timeline(history, dict(enumerate(answers, start=1)) if alike else {})
    return [("-" if line.at_s is None else f"{line.at_s:.3f}", line.source, line.text) for line in lines]


def plan_table(history: History) -> Table:
    """The events of the scene: when each was due and came, and what the agent was doing then."""
    return _grid(plan_rows(history))


def plan_rows(history: History) -> list[tuple[str, str]]:
    """(event, when it was due and came) for each event, below a head."""
    plan = schedule(history)
    axis = "seconds of the work's time" if plan.axis is Axis.TIME else "calls for questions"
    rows = [(event_name(event), event_account(event, plan.axis)) for event in plan.events]
    return [("what was due when", f"in {axis}"), *rows, ("machine", machine_end_account(plan))]


def _grid(rows: Iterable[Sequence[str]], *first: Column) -> Table:
    grid = Table.grid(*first, Column(no_wrap=True), Column(overflow="fold"), padding=(0, 2, 0, 0))
    for row in rows:
        grid.add_row(*_texts(row))
    return grid


def _texts(lines: Sequence[str]) -> list[Text]:
    return [Text(plain(line)) for line in lines]
