"""How a log says that cells of it may have been stopped, and what was seen of them."""

from collections.abc import Iterator

from inspect_ai.log import EvalLog

from offswitch.record import STOPPING
from offswitch.stopping.looks import LOOKS, MANAGER, from_json
from offswitch_analysis.logs.cache import Looked, file_name


def stopping_of(header: EvalLog) -> str | None:
    """The rule of this project, or the name of another early stopping; None where nothing could stop a trial."""
    summary = header.results.early_stopping if header.results else None
    told = (header.eval.metadata or {}).get(STOPPING)
    return str(told) if told else f"early stopping by {summary.manager}" if summary else None


def looks_in(header: EvalLog) -> Iterator[Looked]:
    """The looks of this project's rule; none of a run that was broken off, since Inspect keeps none there."""
    summary = header.results.early_stopping if header.results else None
    if summary and summary.manager == MANAGER:
        for cell in from_json(summary.metadata.get(LOOKS)):
            yield Looked(header.eval.model, file_name(header.location), cell)
