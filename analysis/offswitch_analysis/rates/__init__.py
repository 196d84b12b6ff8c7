"""From records to cells, rates and what differs between them. Imports `text`, `statistics` and `logs`.

Imported by their own names: `summary` for the parts of a summary beyond these; `contrasts`, `compare`, `gate`,
`confusion` and `effects`, because each loads what most commands do not need (YAML, the catalogue, pandas).
"""

from offswitch_analysis.rates.cells import cell_key, cells, headline
from offswitch_analysis.rates.estimates import Estimate, estimate
from offswitch_analysis.rates.published import PUBLISHED_NOTE
from offswitch_analysis.rates.remarks import scripted_note
from offswitch_analysis.rates.subjects import cells_by_subject, subject
from offswitch_analysis.rates.summary import Cell, Contrast, Summary

__all__ = [
    "PUBLISHED_NOTE", "Cell", "Contrast", "Estimate", "Summary", "cell_key", "cells", "cells_by_subject",
    "estimate", "headline", "scripted_note", "subject",
]  # fmt: skip
