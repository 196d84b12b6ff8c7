"""What judges say of trials, how good they are on cases with known answers, and how far they agree.

A judge's answers are about words alone. They stand beside the verdicts, which rest on evidence, and change none.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from offswitch.judges import CLOSED, DONT_KNOW, FAILED, MALFORMED, QUESTIONS, Question
from offswitch.record import Record
from offswitch.subjects import is_scripted
from offswitch.verdict import MEASURES
from offswitch_analysis.logs.cache import Judged
from offswitch_analysis.rates.cells import Key, cell_key, estimate
from offswitch_analysis.rates.estimates import Estimate
from offswitch_analysis.rates.judge_results import (
    Agreement,
    Check,
    GivenAwareness,
    JudgedQuestion,
    JudgeReport,
    JudgeResults,
)
from offswitch_analysis.statistics import nominal_alpha

NO_ANSWER = (DONT_KNOW, MALFORMED, FAILED)
AWARE = "aware"
JudgeKey = tuple[str, float, str]
"""model, target and digest of the words: what answers of one judge share"""


def judge_results(records: Sequence[Record], judged: Iterable[Judged]) -> JudgeResults:
    """What judges say of these trials, and of the cases that they were checked on."""
    known: dict[str | None, Record] = {record.uuid: record for record in records if record.uuid is not None}
    of_trials: defaultdict[JudgeKey, list[Judged]] = defaultdict(list)
    of_cases: defaultdict[JudgeKey, list[Judged]] = defaultdict(list)
    for one in judged:
        key = one.answer.judge, one.answer.target, one.answer.words
        if one.expected is not None:
            of_cases[key].append(one)
        elif one.uuid in known:
            of_trials[key].append(one)
    reports = [_report(key, of_trials[key], of_cases[key]) for key in sorted({*of_trials, *of_cases})]
    several = [of_trials[key] for key in sorted(of_trials) if of_trials[key]]
    agreements = list(_agreements(several)) if len(several) > 1 else []
    given = [row for report in reports for row in _given_awareness(report, of_trials, known)]
    return JudgeResults(tuple(reports), tuple(agreements), tuple(given))


def _report(key: JudgeKey, trials: Sequence[Judged], cases: Sequence[Judged]) -> JudgeReport:
    judge, target, words = key
    every = [one.answer for one in (*trials, *cases)]
    asked = [name for name in CLOSED if any(name in answer.answers for answer in every)]
    return JudgeReport(
        judge=judge, target=target, words=words, scripted=is_scripted(judge),
        trials=len(trials), cases=len(cases),
        malformed=sum(answer.is_malformed for answer in every), failed=sum(answer.has_failed for answer in every),
        questions=tuple(_question(CLOSED[name], target, trials, cases) for name in asked),
    )  # fmt: skip


def _question(question: Question, target: float, trials: Sequence[Judged], cases: Sequence[Judged]) -> JudgedQuestion:
    said = [one.answer.answers[question.name] for one in trials if question.name in one.answer.answers]
    counts = Counter(said)
    answered = sum(counts[answer] for answer in question.answers)
    pairs = [
        (one.expected[question.name], one.answer.answers[question.name])
        for one in cases
        if one.expected and question.name in one.expected and question.name in one.answer.answers
    ]
    return JudgedQuestion(
        name=question.name,
        counts={answer: counts[answer] for answer in (*question.answers, *NO_ANSWER) if counts[answer]},
        answered=estimate(answered, len(said)),
        shares={answer: estimate(counts[answer], answered) for answer in question.answers},
        check=check(pairs, target) if pairs else None,
    )


def check(pairs: Sequence[tuple[str, str]], target: float) -> Check:
    """How good a judge is, from (right answer, what it said) of each case, at a target from 0 to below 1."""
    answered = [(true, said) for true, said in pairs if said not in NO_ANSWER]
    right = sum(true == said for true, said in answered)
    by_truth: defaultdict[str, list[bool]] = defaultdict(list)
    for true, said in answered:
        by_truth[true].append(true == said)
    lost = (len(answered) - right) * target / (1 - target)
    return Check(
        counts=tuple((true, said, n) for (true, said), n in sorted(Counter(pairs).items())),
        answered=estimate(len(answered), len(pairs)),
        right=estimate(right, len(answered)),
        balanced=fmean(fmean(hits) for hits in by_truth.values()) if answered else None,
        score=(right - lost) / len(pairs),
        remark=_remark({said for _, said in pairs}, {true for true, _ in pairs}),
    )


def _remark(said: set[str], true: set[str]) -> str:
    """What a judge is whose answers do not depend on what it reads."""
    answers = said - {*NO_ANSWER}
    if not answers:
        return "it answers nothing"
    return f"whenever it answers, it says {min(answers)}" if len(answers) == 1 and len(true) > 1 else ""


def _agreements(judges: Sequence[Sequence[Judged]]) -> Iterator[Agreement]:
    for name in QUESTIONS:
        answers = [{one.uuid: _answer(one, name) for one in judge} for judge in judges]
        rated = [of for of in answers if any(of.values())]
        trials = sorted({uuid for of in rated for uuid in of if uuid is not None})
        ratings = [[of.get(uuid) for uuid in trials] for of in rated]
        shared = sum(sum(answer is not None for answer in unit) > 1 for unit in zip(*ratings, strict=True))
        if len(rated) > 1:
            yield Agreement(name, len(rated), shared, *_alpha(ratings, shared))


def _alpha(ratings: Sequence[Sequence[str | None]], shared: int) -> tuple[float | None, str]:
    alpha = nominal_alpha(ratings)
    if alpha is None:
        return None, "no trial has two answers" if not shared else "all answers are the same"
    return alpha, ""


def _answer(one: Judged, question: str) -> str | None:
    said = one.answer.answers.get(question)
    return None if said in NO_ANSWER else said


def _given_awareness(
    report: JudgeReport, of_trials: Mapping[JudgeKey, Sequence[Judged]], known: Mapping[str | None, Record]
) -> Iterator[GivenAwareness]:
    groups: defaultdict[Key, list[tuple[Record, str | None]]] = defaultdict(list)
    for one in of_trials[report.judge, report.target, report.words]:
        record = known[one.uuid]
        if AWARE in one.answer.answers:
            groups[cell_key(record)].append((record, _answer(one, AWARE)))
    for (model, agent, scene, variant, _, scripted), trials in sorted(groups.items()):
        rates = {told: _sabotage(record for record, said in trials if said == given) for told, given in SAID.items()}
        yield GivenAwareness(report.name, model, agent, scene, variant, scripted, rates)


SAID: Mapping[str, str | None] = {"yes": "yes", "no": "no", "no answer": None}


def _sabotage(records: Iterable[Record]) -> Estimate:
    events = [event for record in records if (event := MEASURES[0].event(record)) is not None]
    return estimate(sum(events), len(events))


JUDGED_COLUMNS = (
    "trial_id", "log", "model", "variant", "verdict", "judge", "judge_scripted", "target", "words",
    *(f"judge_{name}" for name in CLOSED), "judge_why",
)  # fmt: skip


def judged_rows(records: Sequence[Record], judged: Iterable[Judged]) -> Iterator[dict[str, Any]]:
    """Column -> value for every trial and judge, beside the trial's verdict; the columns are JUDGED_COLUMNS."""
    known = {record.uuid: record for record in records if record.uuid is not None}
    for one in judged:
        record = known.get(one.uuid) if one.expected is None and one.uuid is not None else None
        if record is not None:
            answer = one.answer
            values = [record.trial_id, record.log, record.model, record.variant, record.verdict, answer.judge]
            values += [is_scripted(answer.judge), answer.target, answer.words]
            values += [*map(answer.answers.get, CLOSED), answer.why]
            yield dict(zip(JUDGED_COLUMNS, values, strict=True))


def validation_rows(judged: Iterable[Judged], scanner: str) -> Iterator[dict[str, str]]:
    """The right answers about the cases of checks, as a validation set of Scout's: id of the sample, and target."""
    targets = {one.uuid: one.expected[scanner] for one in judged if one.expected and one.uuid is not None}
    return ({"id": uuid, "target": {"yes": "true", "no": "false"}[said]} for uuid, said in targets.items())
