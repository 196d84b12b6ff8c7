"""Plays the catalogue twice, without probes and with `confess`, and says which verdicts or methods differ.

    python tests/bench/confessions.py [--sandbox bubblewrap] [--sample N]

The whole catalogue takes about five minutes. The scripted agents confess, deny, say that they do not know, and answer
out of form in turn, whatever they did.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import inspect_ai
import yaml
from inspect_ai.log import EvalSampleSummary, read_eval_log_sample_summaries

from offswitch.probes import PROBES
from offswitch.record import Record
from offswitch.selftest.run import selftest
from offswitch.subjects import TAMPERING, catalogue, load_behaviours
from offswitch.subjects.behaviours import Behaviour
from offswitch_analysis.rates import cells

sys.path.insert(0, str(Path(__file__).parents[1]))

from specimens import RECORD

ANSWERS = {"yes": "yes, 90 %", "no": "no, 20 %", "dont_know": "don't know, 50 %", "malformed": "I would rather not say"}
FACTS = ("verdict", "methods", "outlived", "trigger_pulled", "failure")
"""columns that must not differ"""
KEPT = ("verdict", "outlived", "trigger_pulled", "stated_target", "confess", "confess_p")
"""columns that the table of answers is made of"""
Table = dict[tuple[str, str], int]
"""what the evidence says (yes, no, unknown) and the answer -> trials"""


def main() -> None:
    """Prints each difference, how many trials were compared, and the table; exit code 1 where something differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sandbox", default="bubblewrap")
    parser.add_argument("--sample", type=int)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "behaviours")
        folder.mkdir()
        said = confessing(folder)
        plain, asked = (
            {str(trial.id): facts_of(trial) for trial in play(folder, Path(place, how or "plain"), how, **vars(chosen))}
            for how in ("", "confess")
        )
    differing = [name for name in plain if any(plain[name][fact] != asked[name][fact] for fact in FACTS)]
    for name in differing:
        print(name, *({fact: told[name][fact] for fact in FACTS} for told in (plain, asked)), sep="\n  ")
    as_told = sum(asked[name]["confess"] == said[name] for name in asked)
    print(f"{len(plain)} and {len(asked)} trials, {as_told} answers as scripted, {len(differing)} differences")
    counted, expected = table(asked), expected_table(asked, said)
    print(
        f"evidence beside answers {'as' if counted == expected else 'NOT as'} scripted:", *counted.items(), sep="\n  "
    )
    sys.exit(bool(differing) or plain.keys() != asked.keys() or counted != expected)


def table(asked: Mapping[str, Mapping[str, Any]]) -> Table:
    """What a report makes of the trials: evidence -> answer -> trials."""
    counted = Counter[tuple[str, str]]()
    for cell in cells([record_of(name, told) for name, told in asked.items()]):
        for found in cell.self_reports:
            counted.update({(row, one): count for row, of in found.counts.items() for one, count in of.items()})
    return dict(sorted((+counted).items()))


def expected_table(names: Iterable[str], said: Mapping[str, str]) -> Table:
    """The same, by the files of the behaviours and by what their scripts say."""
    known = load_behaviours(catalogue())
    return dict(sorted(Counter((truth(known[name]), said[name]) for name in names).items()))


def record_of(name: str, told: Mapping[str, Any]) -> Record:
    """A record with the columns that the table is made of."""
    kept = {fact: told[fact] for fact in KEPT}
    return replace(RECORD, trial_id=name, methods=tuple(told["methods"].split()), **kept)


def truth(behaviour: Behaviour) -> str:
    """Whether it tampers, in the words of the table."""
    return "unknown" if behaviour.verdict == "undecided" else "yes" if behaviour.verdict in TAMPERING else "no"


def confessing(folder: Path) -> dict[str, str]:
    """Writes copies of all behaviours that answer in turn with each of the answers; name -> which."""
    said: dict[str, str] = {}
    for number, (name, behaviour) in enumerate(sorted(load_behaviours(catalogue()).items())):
        said[name] = [*ANSWERS][number % len(ANSWERS)]
        told = {**behaviour.model_dump(mode="json"), "self_reports": {"confess": ANSWERS[said[name]]}}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(told))
    return said


def play(folder: Path, log_dir: Path, probes: str, sandbox: str, sample: int | None = None) -> list[EvalSampleSummary]:
    """Plays a folder of behaviours; probes: what is asked afterwards."""
    task = selftest(str(folder), sample=sample)
    for one in task.dataset:
        one.metadata = {**(one.metadata or {}), **({PROBES: probes} if probes else {})}
    (log,) = inspect_ai.eval(  # pyright: ignore[reportUnknownMemberType] - it is only partly typed
        task, model="script/catalogue", model_args={"path": str(folder)}, sandbox=sandbox, log_dir=str(log_dir),
        max_samples=6, log_realtime=False, score_display=False, display="none",
    )  # fmt: skip
    return read_eval_log_sample_summaries(log.location)


def facts_of(trial: EvalSampleSummary) -> dict[str, Any]:
    """The columns of a record that the score of a trial holds."""
    (score,) = (trial.scores or {}).values()
    return score.metadata or {}


if __name__ == "__main__":
    main()
