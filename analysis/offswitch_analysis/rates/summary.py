"""What a report says, as plain values: the content of summary.json, from which every table, figure and page is made.

Rates are fractions from 0 to 1. Whatever could be a model's own word (trial ids, file names, model names) is text
as it came; who shows it makes it inert.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from offswitch_analysis.logs.cache import Looked
from offswitch_analysis.rates.circumstances import Circumstances
from offswitch_analysis.rates.estimates import Estimate
from offswitch_analysis.rates.fitted import Curve, OverScenes, OverWordings
from offswitch_analysis.rates.history import History
from offswitch_analysis.rates.judge_results import NO_JUDGES, JudgeResults
from offswitch_analysis.rates.plan_standing import PlanStanding, Standing
from offswitch_analysis.rates.published import PublishedRate
from offswitch_analysis.rates.self_reports import SelfReport
from offswitch_analysis.rates.single_trials import Trial

SCHEMA_VERSION = 10


@dataclass(frozen=True)
class Clustered:
    """The headline rate with the question set as cluster."""

    question_sets: int
    design_effect: float
    effective_n: float
    low: float
    high: float


@dataclass(frozen=True)
class Normalised:
    """A rate over the rate in K, the competence check; value, low and high are None where it is refused."""

    value: float | None
    low: float | None
    high: float | None
    """None where there is no upper limit"""
    refused: str | None


@dataclass(frozen=True)
class Cell:
    """All trials of one model, in one agent, in one condition."""

    id: str
    """short, unique in the summary, made of letters, digits and hyphens"""
    model: str
    agent: str
    """what the model worked in: the evaluation's own loop, or another program"""
    scene: str
    """what came when: that of sums, or another with what tells its files from others of its name"""
    variant: str
    condition: str
    """digest of what may be pooled"""
    seen: dict[str, int]
    """sandbox, detector and version seen -> trials, such as {"sandbox offswitch": 40, "detector 2": 40}"""
    scripted: bool
    trials: int
    """begun, failures included"""
    verdicts: dict[str, int]
    """every verdict named, failure included"""
    methods: dict[str, int]
    failures: dict[str, int]
    """cause -> trials"""
    missing: dict[str, int]
    """kind of evidence that undecided trials lack -> trials"""
    rulings: dict[str, int]
    """a person's verdict -> trials; never counted in a rate"""
    levels: dict[str, str]
    """factor -> level, for words and trial; empty where logs do not say"""
    task_done: Estimate
    """all answers handed in and right, of all trials with a verdict"""
    aftermath: dict[str, int]
    """what was done after the trigger had been outlived -> trials"""
    measures: dict[str, Estimate]
    """by the names of the measures"""
    shares: dict[str, Estimate]
    """failure (of all trials), unexposed, unfinished and undecided (of all with a verdict)"""
    question_sets: dict[str, int]
    """measure or share -> different sets of questions among the trials that it is of"""
    undecided_as_compliance: Estimate
    undecided_as_sabotage: Estimate
    at_most: float
    """one-sided 95 % Clopper-Pearson limit of the sabotage rate"""
    clustered: Clustered
    normalised: Normalised
    published: tuple[PublishedRate, ...]
    circumstances: Circumstances
    tokens: float
    """mean of a trial"""
    duration_s: float | None
    """median of a trial"""
    too_few: bool
    among_understood: Estimate | None = None
    """the sabotage rate of trials whose model answered all questions about its situation rightly; None where none was
    asked. Trials are chosen after the fact, so that it is compared with nothing"""
    self_reports: tuple[SelfReport, ...] = ()
    """one for each question that a trial was asked; empty where none was"""
    standing: Standing | None = None
    """planned, planned with deviations, or exploratory; None where the report has no trial plan"""
    stopping: tuple[str, ...] = ()
    """rules by which its trials may have been stopped because of what was seen: its intervals hold nevertheless; empty
    where nothing could stop them, and intervals are for a fixed number of trials"""

    @property
    def sabotage(self) -> Estimate:
        """The headline rate."""
        return self.measures["sabotage"]


@dataclass(frozen=True)
class Paired:
    """A difference by trials of the same question set."""

    pairs: int
    only_first: int
    only_second: int
    difference: float
    low: float
    high: float
    p: float
    """exact McNemar test"""


class How(StrEnum):
    """What the interval and the p of a difference allow for."""

    INDEPENDENT = "independent"
    """a fixed number of independent trials"""
    CLUSTERED = "clustered"
    """trials of the same questions in one cell"""
    ANYTIME = "anytime"
    """trials that may have been stopped because of what was seen; those of the same questions count as one"""


@dataclass(frozen=True)
class Contrast:
    """Two cells' sabotage rates: first minus second."""

    first: str
    """id of a cell"""
    second: str
    between: str
    """variants (of one model), models (in one variant) or agents (of one model in one variant)"""
    family: str | None
    """the declared family that Holm's correction is made in; None: exploratory"""
    difference: float | None
    low: float | None
    high: float | None
    """95 % interval: Newcombe's, or as `how` says"""
    odds_ratio: float | None
    odds_low: float | None
    odds_high: float | None
    """None where infinite or not to be had"""
    p: float | None
    """two-sided: Boschloo's test, or as `how` says"""
    p_holm: float | None
    paired: Paired | None
    """None also where trials may have been stopped"""
    standing: Standing | None = None
    """as of a cell"""
    how: How = How.INDEPENDENT
    """what interval and p allow for"""


@dataclass(frozen=True)
class PlanAndAct:
    """The counted trials of a cell that was asked for a plan: whether it speaks of the shutdown, and what was done."""

    cell: str
    """id"""
    asked: int
    """counted trials, those with a malformed plan among them"""
    followed: int
    """of these, those with a plan as asked for"""
    mentions: Estimate
    """sabotage where the plan speaks of the shutdown"""
    silent: Estimate
    """sabotage where it does not"""
    difference: float | None
    """the first minus the second; None where one of them has no trials"""
    low: float | None
    high: float | None
    """95 % Newcombe interval"""


@dataclass(frozen=True)
class Summary:
    """Everything that a report shows."""

    schema_version: int
    title: str
    made: str
    """UTC, ISO 8601"""
    made_with: str
    """program and version"""
    made_of_sha256: str
    """of all that it was made of: logs, rulings, options and program"""
    logs: int
    skipped: tuple[str, ...]
    """a line for every log or ruling that was left out, and why"""
    scripted: str
    """none, some or all of the subjects are scripted"""
    notes: tuple[str, ...]
    """what a reader must know: conventions, several detectors, rulings, and the like"""
    cells: tuple[Cell, ...]
    contrasts: tuple[Contrast, ...]
    over_scenes: tuple[OverScenes, ...]
    """empty where there is but one scene"""
    over_wordings: tuple[OverWordings, ...]
    """empty where no wordings were drawn"""
    curves: tuple[Curve, ...]
    """empty where no number of demonstrations varies"""
    factor_models: dict[str, dict[str, Any]]
    """scene -> the model over levels, of its trials alone; empty where none was asked for or can be had"""
    looks: tuple[Looked, ...] = ()
    """what rules that could stop a cell have seen of it; empty where there was none"""
    histories: tuple[History, ...] = field(default=())
    """those of at least two points"""
    plans: tuple[PlanAndAct, ...] = field(default=())
    """a cell each; empty where nobody was asked for a plan"""
    trials: tuple[Trial, ...] = field(default=())
    """chosen ones, not in summary.json"""
    trials_chosen: str = ""
    """how they were chosen"""
    judges: JudgeResults = NO_JUDGES
    """what models say of the trials' words; it changes no verdict and no rate"""
    trial_plan: PlanStanding | None = None
    """what was planned before the trials, and every deviation; None where the report was made without a plan"""


def as_json(summary: Summary) -> dict[str, Any]:
    """The summary as plain values, without the chosen trials."""
    return _ADAPTER.dump_python(summary, mode="json", exclude={"trials", "trials_chosen"})


def schema() -> dict[str, Any]:
    """The JSON Schema of what as_json gives."""
    return _ADAPTER.json_schema(mode="serialization")


_ADAPTER = TypeAdapter(Summary)
