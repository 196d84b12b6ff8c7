"""The page: a template that escapes and makes inert whatever it is given, and the rules for what the page may load."""

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from jinja2.utils import htmlsafe_json_dumps

from offswitch.errors import InputError
from offswitch.record import LOOP, subject_name
from offswitch.scene.protocol import SUMS_SCENE
from offswitch.verdict import MEASURES
from offswitch_analysis.rates import PUBLISHED_NOTE, Cell, Summary, wordings
from offswitch_analysis.rates.curves import CURVES_NOTE
from offswitch_analysis.rates.plan_standing import PLAN_NOTE
from offswitch_analysis.rates.plans import PLANS_NOTE
from offswitch_analysis.rates.remarks import UNDERSTOOD_NOTE
from offswitch_analysis.rates.scenes import caution
from offswitch_analysis.rates.self_reports import ASKS
from offswitch_analysis.rates.stopping import CONTRASTS_NOTE, LOOKS_NOTE, last_look
from offswitch_analysis.rates.subjects import several_agents, several_scenes
from offswitch_analysis.report import self_reports
from offswitch_analysis.report.page import columns, histories, models, stories, views, words
from offswitch_analysis.report.page.templates import PACKAGE, environment
from offswitch_analysis.text import SCRIPTED_NOTE, TOO_FEW, bounds, over_blocks

TEMPLATE_NAMES: dict[str, Any] = {
    "MEASURES": MEASURES, "MEANINGS": words.MEANINGS, "full_rate": words.full_rate, "kind": columns.kind,
    "published_text": columns.published_text, "scripted_note": SCRIPTED_NOTE, "published_note": PUBLISHED_NOTE,
    "TOO_FEW": TOO_FEW, "LOOP": LOOP, "SUMS_SCENE": SUMS_SCENE, "subject": words.subject, "subject_name": subject_name,
    "caution": caution, "bounds": bounds, "limited": words.limited, "over_blocks": over_blocks,
    "words_caution": wordings.caution, "WORDINGS_NOTE": wordings.WORDINGS_NOTE, "CURVES_NOTE": CURVES_NOTE,
    "looks_note": LOOKS_NOTE, "last_look": last_look, "contrasts_note": CONTRASTS_NOTE,
    "points": words.points, "plans_note": PLANS_NOTE, "plan_note": PLAN_NOTE, "understood_note": UNDERSTOOD_NOTE,
    "self_reports_note": self_reports.NOTE,
    "ASKS": ASKS, "score_words": self_reports.score_words, "told_apart_words": self_reports.told_apart_words,
}  # fmt: skip


def render(summary: Summary) -> str:
    """The whole dashboard as one HTML document that loads nothing; InputError if the summary has no cells."""
    if not summary.cells:
        raise InputError("the summary has no cells, so there is nothing to show; give logs with at least one trial")
    style, script = _own("style.css"), _own("page.js")
    ours = {"style": style, "script": script, "policy": _policy(style, script), "data": _data(summary.cells)}
    return (
        environment().get_template("page.html.j2").render(TEMPLATE_NAMES | histories.names() | _facts(summary) | ours)
    )


def _facts(summary: Summary) -> dict[str, Any]:
    agents, table = several_agents(summary.cells), columns.columns(summary.cells)
    return {
        "summary": summary, "trials": sum(cell.trials for cell in summary.cells),
        "by_id": {cell.id: cell for cell in summary.cells},
        "variants": sorted({cell.variant for cell in summary.cells}), "groups": views.groups(summary),
        "models": list(dict.fromkeys(cell.model for cell in summary.cells)), "agents": agents,
        "scenes": several_scenes(summary.cells),
        "pairs": views.pairs(summary), "differences": views.differences(summary),
        "methods": models.methods(summary), "quality": models.quality(summary),
        "reported": self_reports.reported(summary.cells),
        "columns": table, "column_groups": _spans(table), "stories": stories.stories(summary),
    }  # fmt: skip


def _spans(table: Sequence[columns.Column]) -> list[tuple[str, int, str]]:
    """(group, how many columns it spans, its style)"""
    spans = Counter(column.group for column in table)
    return [(group, span, "aside" if group in columns.ASIDE else "") for group, span in spans.items()]


def _data(cells: Sequence[Cell]) -> str:
    """What the script knows of every cell: JSON that cannot end the element it stands in."""
    table = columns.columns(cells)
    known = [
        {
            "id": cell.id,
            "subject": words.subject(cell),
            "model": words.name(cell.model),
            "agent": words.name(cell.agent),
            "scene": words.name(cell.scene),
            "variant": words.name(cell.variant),
            "kind": columns.kind(cell),
            "verdict": [name for name, count in cell.verdicts.items() if count],
            "sort": {column.key: column.value(cell) for column in table},
        }
        for cell in cells
    ]
    return htmlsafe_json_dumps(known, allow_nan=False, separators=(",", ":"))


def _policy(style: str, script: str) -> str:
    """Nothing is loaded, and nothing runs but the two texts that are ours."""
    return (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}'; script-src 'sha256-{_digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _own(name: str) -> str:
    return files(PACKAGE).joinpath(name).read_text(encoding="utf-8")
