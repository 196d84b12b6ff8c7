"""What scanners of Inspect Scout say, read from its results. Needs the extra offswitch[scout]."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from offswitch.errors import InputError
from offswitch.extras import require_extra
from offswitch.judges import SCANS, JudgeAnswer
from offswitch_analysis.logs.cache import Judged


def read_scans(place: str, judged: Iterable[Judged] = ()) -> Iterator[Judged]:
    """Every answer of the project's scanners below a directory of scans, oldest scan first.

    Args:
        place: What Scout's `--scans` named.
        judged: What judges say of the same logs; cases among them say what is right of their transcripts.

    Raises:
        InputError: Scout is missing, or there are no scans.
    """
    if "://" not in place and not Path(place).is_dir():
        raise InputError(f"{place}: no directory of scans; give what --scans named for Inspect Scout")
    require_extra("scout", f"scans in {place}")
    from inspect_scout import scan_list, scan_results_df

    right = {one.uuid: one for one in judged if one.expected is not None}
    found = [status.location for status in sorted(scan_list(place), key=lambda status: status.spec.timestamp)]
    if not found:
        raise InputError(f"{place}: no scans here; give what --scans named for Inspect Scout")
    for location in found:
        results = scan_results_df(location)
        for name in results.scanners:
            if name.rsplit("/", 1)[-1] in SCANS:
                table: Any = results.scanners[name]  # of pandas, which is only partly typed
                rows: list[dict[str, Any]] = table.to_dict("records")
                yield from _answers(rows, right)


def _answers(rows: Iterable[dict[str, Any]], right: dict[str | None, Judged]) -> Iterator[Judged]:
    for row in rows:
        try:
            answer = JudgeAnswer.from_dict(json.loads(row.get("metadata") or "null"))
        except (TypeError, ValueError):
            continue
        if answer is not None:
            uuid = str(row["transcript_id"])
            case = right.get(uuid)
            yield Judged(case.name if case else uuid, uuid, answer, case.expected if case else None)
