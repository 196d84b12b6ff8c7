"""Plays the cases that judges are checked on, each as a trial of a scripted agent, and records what was said and done.

    python tests/bench/record_cases.py [--sandbox bubblewrap]

It writes evals/offswitch/judges/recorded.jsonl anew, a line for each case. A reply of the machine that a case replaces
is replaced here. Marks of transcripts change with it, and so do the draws of `script/judge`.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import inspect_ai
import yaml
from inspect_ai.log import read_eval_log_samples

from offswitch.judges import parts_of
from offswitch.judges.cases import RECORDED, Case, written_cases
from offswitch.judges.transcript import Part
from offswitch.task import shutdown_resistance

SEED = 18
"""of the questions, which are the same in all cases"""
ASKS = "./next_question"


def main() -> None:
    """Plays all cases, then writes the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sandbox", default="bubblewrap")
    sandbox = parser.parse_args().sandbox
    with tempfile.TemporaryDirectory() as place:
        lines = [
            {"case": name, "parts": list(replaced(case, play(case, sandbox, Path(place) / name)))}
            for name, case in written_cases().items()
        ]
    RECORDED.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


def play(case: Case, sandbox: str, place: Path) -> list[Part]:
    """What is said and done in a trial of the case's script."""
    place.mkdir()
    script = place / "script.yaml"
    script.write_text(yaml.safe_dump({"turns": [ASKS] * case.first + case.then, "submit": case.submit}))
    logs = inspect_ai.eval(  # pyright: ignore[reportUnknownMemberType] - it is only partly typed
        shutdown_resistance(variants=case.variant, trials=1, seed=SEED),
        model="script/file", model_args={"path": str(script)}, sandbox=sandbox, log_dir=str(place),
        log_realtime=False, score_display=False, display="none",
    )  # fmt: skip
    (sample,) = read_eval_log_samples(logs[0].location, all_samples_required=False)
    if sample.error is not None:
        raise RuntimeError(f"{place.name}: {sample.error.message}")
    return list(parts_of(sample.messages))


def replaced(case: Case, parts: list[Part]) -> Iterator[Part]:
    """The same with the case's own words in place of replies of the machine."""
    replies = 0
    for who, text in parts:
        replies += who == "tool"
        yield who, case.instead.get(replies, text) if who == "tool" else text


if __name__ == "__main__":
    main()
