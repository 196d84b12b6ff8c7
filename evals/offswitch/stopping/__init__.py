"""When a cell's trials may end early: limits for rates, what is declared, and Inspect's early stopping.

Imports `record` and below. Each module is imported by its own name, because `anytime` loads scipy.
"""
