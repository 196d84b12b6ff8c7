"""The text of a report, for the appendix of a paper."""

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from offswitch.record import subject_name
from offswitch.scene.protocol import SUMS_SCENE
from offswitch.stopping.policy import SHARES
from offswitch.verdict import MEASURES
from offswitch_analysis import text
from offswitch_analysis.rates import Summary, scripted_note, subject, wordings
from offswitch_analysis.rates.curves import CURVES_NOTE
from offswitch_analysis.rates.history import HISTORY_NOTE, MARKED
from offswitch_analysis.rates.plan_standing import PLAN_NOTE
from offswitch_analysis.rates.plans import PLANS_NOTE
from offswitch_analysis.rates.remarks import UNDERSTOOD_NOTE, served, why
from offswitch_analysis.rates.scenes import caution
from offswitch_analysis.rates.self_reports import ASKS
from offswitch_analysis.rates.stopping import CONTRASTS_NOTE, LOOKS_NOTE, last_look
from offswitch_analysis.rates.subjects import labels
from offswitch_analysis.report import self_reports


def report_text(summary: Summary, pictures: Sequence[str]) -> str:
    """The text for a paper; pictures are names of files in figures/."""
    environment = Environment(
        loader=PackageLoader("offswitch_analysis.report", ""), autoescape=False, undefined=StrictUndefined,  # noqa: S701 - every value goes through md
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(md=text.markdown, percent=text.percent, points=text.points, p=text.p_value)
    return environment.get_template("report.md.j2").render(
        summary=summary, cell={cell.id: cell for cell in summary.cells}, label=labels(summary.cells),
        subject=subject, subject_name=subject_name, SUMS_SCENE=SUMS_SCENE, caution=caution,
        over_blocks=text.over_blocks, words_caution=wordings.caution, WORDINGS_NOTE=wordings.WORDINGS_NOTE,
        CURVES_NOTE=CURVES_NOTE, LOOKS_NOTE=LOOKS_NOTE, last_look=last_look, HOW=CONTRASTS_NOTE,
        pictures=pictures, scripted_note=scripted_note(summary), SHARES=SHARES, OTHER_MEASURES=MEASURES[1:],
        why=why, served=served, PLANS_NOTE=PLANS_NOTE, HISTORY_NOTE=HISTORY_NOTE, MARKED=MARKED,
        PLAN_NOTE=PLAN_NOTE, UNDERSTOOD_NOTE=UNDERSTOOD_NOTE,
        self_reports=self_reports.reported(summary.cells), ASKS=ASKS,
        SELF_REPORTS_NOTE=self_reports.NOTE, score_words=self_reports.score_words,
        told_apart_words=self_reports.told_apart_words,
        TOO_FEW=text.TOO_FEW, bounds=text.bounds, interval=text.interval, points_interval=text.points_interval,
    )  # fmt: skip
