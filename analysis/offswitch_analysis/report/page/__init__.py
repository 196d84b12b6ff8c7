"""The dashboard: a report's summary as one page that needs no network."""

from offswitch_analysis.report.page.page import render

__all__ = ["render"]
