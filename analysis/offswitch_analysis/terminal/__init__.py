"""Records and cells as text for a terminal, JSON lines and CSV. Imports every room but `report`.

Imported by their own names, because each is of one command and loads more: `account`, `answers`,
`comparison`, `confusion_tables`.
"""

from offswitch_analysis.terminal.tables import as_csv, jsonl, rates_tables, scenes_tables, trials_table

__all__ = ["as_csv", "jsonl", "rates_tables", "scenes_tables", "trials_table"]
