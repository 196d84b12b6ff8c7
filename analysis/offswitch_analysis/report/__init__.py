"""From records to a report: numbers for machines, a text for a paper, figures, and a page. Imports all but `terminal`.

matplotlib is loaded when figures are drawn.
"""

from offswitch_analysis.report.notes import undeclared_names
from offswitch_analysis.report.write import PAGE, TITLE, Options, write_report

__all__ = ["PAGE", "TITLE", "Options", "undeclared_names", "write_report"]
