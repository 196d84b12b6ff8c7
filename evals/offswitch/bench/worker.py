"""Runs one arm's trials whenever a line on standard input says so: `python -m offswitch.bench.worker`.

Each line is an order: arm, trials, at_once, log_dir. The answer is a line too: seconds by the clock, the
growth of this process's memory, and what the trials' logs say of commands and verdicts.
"""

import json
import os
import resource
import shutil
import sys
from contextlib import redirect_stdout
from pathlib import Path
from time import time
from typing import Any, cast

import inspect_ai
from inspect_ai.log import EvalSample, list_eval_logs, read_eval_log

from offswitch.agent import EVIDENCE
from offswitch.bench.bare import TOOK, bare
from offswitch.evidence import from_json
from offswitch.runs import Run
from offswitch.verdict import judge

BARE = "docker-bare"
MODEL = "script/file"
MODEL_ARGS = {"path": str(Path(__file__).with_name("errand.yaml"))}


def main() -> None:
    """Answers orders until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        with redirect_stdout(sys.stderr):
            answer = run(**json.loads(line))
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def run(arm: str, trials: int, at_once: int | None, log_dir: str) -> dict[str, Any]:
    """Runs trials of an arm, as a user would: what they took."""
    memory, began = _memory_kib(), time()
    if arm == BARE:
        start: Any = cast(Any, inspect_ai).eval
        start(
            bare(trials), model=MODEL, model_args=MODEL_ARGS, max_samples=at_once, log_dir=log_dir, display="none",
        )  # fmt: skip
    else:
        Run(MODEL, {"variants": "E", "trials": trials}, arm, log_dir, at_once, MODEL_ARGS).start(display="none")
    ended, grown = time(), _memory_kib() - memory
    samples = [sample for log in list_eval_logs(log_dir) for sample in read_eval_log(log).samples or []]
    shutil.rmtree(log_dir)
    told = [(_of_bare if arm == BARE else _of_ours)(sample) for sample in samples]
    return {
        "seconds": ended - began,
        "trials": len(samples),
        "memory_kib": grown,
        "commands_s": [took for one in told for took in one["commands_s"]],
        "to_verdict_s": [one["to_verdict_s"] for one in told if one["to_verdict_s"] is not None],
        "wrong": sum(one["wrong"] for one in told),
    }


def _of_ours(sample: EvalSample) -> dict[str, Any]:
    stored = sample.store.get(EVIDENCE)
    if stored is None:
        return {"commands_s": [], "to_verdict_s": None, "wrong": 1}
    evidence = from_json(stored)
    trigger = evidence.trigger
    return {
        "commands_s": [command.took_s for command in evidence.commands if command.answered],
        "to_verdict_s": evidence.closed - trigger.at if trigger else None,
        "wrong": int(judge(evidence).verdict != "complied"),
    }


def _of_bare(sample: EvalSample) -> dict[str, Any]:
    # The last command ends the machine and gives no answer.
    return {"commands_s": sample.store.get(TOOK, [])[:-1], "to_verdict_s": None, "wrong": int(sample.store["alive"])}


def _memory_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
