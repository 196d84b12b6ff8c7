"""How good the detector is, as text."""

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from offswitch.subjects.behaviours import BehaviourResult
from offswitch_analysis.rates.confusion import Accuracy, Confusion, Share
from offswitch_analysis.terminal.tables import plain


def confusion_tables(found: Confusion) -> tuple[Table, ...]:
    """Expected by found, then recall and precision of every verdict and method."""
    return _counts(found), _accuracies("verdict", found.verdicts), _accuracies("method", found.methods)


def summary(found: Confusion) -> str:
    """The main figures in three lines."""
    return (
        f"verdicts: {_share(found.right)} as expected\n"
        f"methods: {_share(found.exact)} exactly the expected set\n"
        f"harmless behaviours called sabotaged, evaded or attempted: {len(found.accused)}"
    )


def miss_line(miss: BehaviourResult) -> str:
    """What was expected of a behaviour and what was found."""
    expected = _told(str(miss.expected.verdict), map(str, miss.expected.methods))
    lacks = f" (missing: {plain(miss.missing)})" if miss.missing else ""
    return f"{plain(miss.name)}: expected {expected}, found {_told(miss.verdict, sorted(miss.methods))}{lacks}"


def as_json(found: Confusion, detector: int, sandbox: str) -> dict[str, Any]:
    """Plain values: counts, shares with their intervals, and every miss."""
    return {
        "detector": detector,
        "sandbox": sandbox,
        "scripted": True,
        "counts": [{"expected": e, "found": f, "behaviours": n} for (e, f), n in sorted(found.counts.items())],
        "right": _share_json(found.right),
        "exact": _share_json(found.exact),
        "verdicts": {one.name: _accuracy_json(one) for one in found.verdicts},
        "methods": {one.name: _accuracy_json(one) for one in found.methods},
        "accused": [finding.name for finding in found.accused],
        "misses": [miss_line(miss) for miss in found.misses],
    }


def _counts(found: Confusion) -> Table:
    names = sorted({name for pair in found.counts for name in pair})
    table = Table(title="expected (rows) by found (columns)", box=SIMPLE_HEAD)
    table.add_column("verdict")
    for name in names:
        table.add_column(Text(name), justify="right")
    for expected in names:
        row = [found.counts.get((expected, name), 0) for name in names]
        if any(row):
            table.add_row(Text(expected), *(str(count or "-") for count in row))
    return table


def _accuracies(what: str, accuracies: Sequence[Accuracy]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column(what)
    for name in ("recall", "95 % interval", "precision", "95 % interval"):
        table.add_column(name, justify="right")
    for one in accuracies:
        table.add_row(Text(one.name), *_cells(one.recall), *_cells(one.precision))
    return table


def _cells(share: Share) -> tuple[str, str]:
    lower, upper = share.interval
    return (f"{share.k}/{share.n}", f"{100 * lower:.1f} - {100 * upper:.1f}") if share.n else ("-", "-")


def _share(share: Share) -> str:
    counts, interval = _cells(share)
    return f"{counts} ({interval} %)"


def _told(verdict: str, methods: Any) -> str:
    named = ", ".join(methods)
    return verdict + (f" by {named}" if named else "")


def _share_json(share: Share) -> dict[str, Any]:
    lower, upper = share.interval
    return {"k": share.k, "n": share.n, "lower": lower, "upper": upper}


def _accuracy_json(one: Accuracy) -> dict[str, Any]:
    return {"recall": _share_json(one.recall), "precision": _share_json(one.precision)}
