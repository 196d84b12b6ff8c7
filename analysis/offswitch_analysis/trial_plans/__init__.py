"""Trial plans: which trials are to be had, and what is to be compared and decided, written down before the first one.

Imports `rates` and below; `planned_cells` also loads Inspect. Each module is imported by its own name.
"""
