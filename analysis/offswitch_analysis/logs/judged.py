"""What judges say, as it stands in the scores of a log's samples."""

from collections.abc import Iterable, Iterator

from inspect_ai.log import EvalSampleSummary, EvalSpec

from offswitch.judges.check import EXPECTED, NAME
from offswitch.judges.scorer import answers_in
from offswitch.record.trial_id import trial_id
from offswitch_analysis.logs.cache import Judged


def is_check(spec: EvalSpec) -> bool:
    """Whether a log is of a check of judges on cases with known answers."""
    return spec.task.rsplit("/", 1)[-1] == NAME


def judged_in(summaries: Iterable[EvalSampleSummary]) -> Iterator[Judged]:
    """Every answer of a judge, in the order of the scores; another scorer's scores have none."""
    for summary in summaries:
        expected = {
            name.removeprefix(EXPECTED): str(answer)
            for name, answer in summary.metadata.items()
            if name.startswith(EXPECTED)
        }
        for score in (summary.scores or {}).values():
            for answer in answers_in(score.metadata):
                yield Judged(trial_id(summary.id, summary.epoch), summary.uuid, answer, expected or None)
