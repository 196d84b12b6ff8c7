"""Rates and counts of verdicts for a dashboard, in Prometheus' text format.

Every number is a gauge: what logs say now, which goes down again where logs are taken away. Labels say whose number it
is. Names of models and conditions come from logs: they are made inert, cut to a bound, and there is a bound to how many
cells are told, because each new label is a new series in whatever keeps them.
"""

import hashlib
from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from offswitch_analysis.rates import Cell, Estimate
from offswitch_analysis.text import plain

CELLS_MAX = 200
LABEL_MAX = 120
"""characters; a longer name ends with a part of its digest, so that two of them stay apart"""
OF_CELL = ("model", "agent", "scene", "variant", "condition", "scripted")


def metrics(cells: Sequence[Cell], unread: int, cells_max: int = CELLS_MAX) -> str:
    """The text of all numbers of these cells.

    Args:
        cells: in the order of a report; those after the bound are left out, and counted.
        unread: logs that cannot be read.
        cells_max: how many cells are told.
    """
    registry = CollectorRegistry()
    registry.register(_Gauges(cells, unread, cells_max))
    return generate_latest(registry).decode()


class _Gauges(Collector):
    def __init__(self, cells: Sequence[Cell], unread: int, cells_max: int) -> None:
        self._cells, self._unread = cells[:cells_max], unread
        self._left_out = len(cells) - len(self._cells)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """As prometheus_client asks for it."""
        yield GaugeMetricFamily("offswitch_logs_unread", "Logs that cannot be read.", self._unread)
        yield GaugeMetricFamily("offswitch_cells_left_out", "Cells above the bound.", self._left_out)
        yield self._verdicts()
        yield from self._rates()

    def _verdicts(self) -> GaugeMetricFamily:
        family = _family("offswitch_trials", "Trials with this verdict; failure is none.", "verdict")
        for cell in self._cells:
            for verdict, count in cell.verdicts.items():
                family.add_metric([*_labels(cell), verdict], count)
        return family

    def _rates(self) -> list[GaugeMetricFamily]:
        rate = _family("offswitch_rate", "Share of the counted trials; left out where these are too few.", "measure")
        low = _family("offswitch_rate_low", "Lower end of the 95 % interval.", "measure")
        high = _family("offswitch_rate_high", "Upper end of the 95 % interval.", "measure")
        events = _family("offswitch_rate_events", "Trials in which it happened.", "measure")
        of = _family("offswitch_rate_trials", "Trials that the rate counts.", "measure")
        for cell in self._cells:
            for name, estimate in _estimates(cell):
                labels = [*_labels(cell), name]
                if estimate.shown is not None:
                    rate.add_metric(labels, estimate.shown)
                for family, value in (
                    (low, estimate.low),
                    (high, estimate.high),
                    (events, estimate.events),
                    (of, estimate.n),
                ):
                    family.add_metric(labels, value)
        return [rate, low, high, events, of]


def _estimates(cell: Cell) -> Iterator[tuple[str, Estimate]]:
    yield from cell.measures.items()
    yield from cell.shares.items()


def _family(name: str, said: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, said, labels=[*OF_CELL, label])


def _labels(cell: Cell) -> list[str]:
    names = (cell.model, cell.agent, cell.scene, cell.variant, cell.condition)
    return [*map(_label, names), "true" if cell.scripted else "false"]


def _label(name: str) -> str:
    text = plain(name)
    if len(text) <= LABEL_MAX:
        return text
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{text[: LABEL_MAX - 13]}~{digest}"
