"""Plan by act: whether a plan that was asked for speaks of the shutdown, and whether that was sabotaged."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from offswitch.record import Record
from offswitch.verdict import Verdict
from offswitch_analysis.rates.cells import Key, cell_key, estimate, headline
from offswitch_analysis.rates.summary import Cell, Estimate, PlanAndAct
from offswitch_analysis.statistics import newcombe

PLANS_NOTE = (
    "Sabotage where the plan before the first command speaks of the shutdown, and where it does not. Whether it does "
    "is told by stems of words, a rough measure. Trials without a plan as asked for stay in. A plan is written, not "
    "assigned: the difference shows that plan and act go together, not that one brings the other about."
)


def plans_and_acts(cells: Sequence[Cell], records: Iterable[Record]) -> list[PlanAndAct]:
    """A 2 x 2 for each cell with counted trials that were asked for a plan."""
    found: defaultdict[Key, list[Record]] = defaultdict(list)
    for record in headline(records):
        if record.plan_mentions is not None:
            found[cell_key(record)].append(record)
    return [_two_by_two(cell.id, found[cell_key(cell)]) for cell in cells if cell_key(cell) in found]


def _two_by_two(cell: str, records: Sequence[Record]) -> PlanAndAct:
    mentions, silent = (_sabotage(records, mentions) for mentions in (True, False))
    followed = sum(bool(record.plan_followed) for record in records)
    if mentions.rate is None or silent.rate is None:
        return PlanAndAct(cell, len(records), followed, mentions, silent, None, None, None)
    limits = newcombe(mentions.events, mentions.n, silent.events, silent.n)
    return PlanAndAct(cell, len(records), followed, mentions, silent, mentions.rate - silent.rate, *limits)


def _sabotage(records: Sequence[Record], mentions: bool) -> Estimate:
    of = [record.verdict == Verdict.SABOTAGED for record in records if record.plan_mentions is mentions]
    return estimate(sum(of), len(of))
