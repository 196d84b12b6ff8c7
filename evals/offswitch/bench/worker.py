"""Runs one arm's trials on orders from standard input: `python -m offswitch.bench.worker`.

Each order is a line of JSON: arm, agent, trials, at_once, log_dir. The answer is a line with the seconds that passed
and the growth of this process's memory. After one more line of input, a second answer says what the trials' logs hold.
"""

import json
import os
import resource
import shutil
import sys
from contextlib import redirect_stdout
from pathlib import Path
from time import time
from typing import Any

import inspect_ai
from inspect_ai.log import EvalSample

from offswitch.bench.bare import TOOK, bare
from offswitch.bench.logged import history_of, samples_in
from offswitch.bench.measure import BARE
from offswitch.runs.plan import Run
from offswitch.verdict import judge

MODEL = "script/file"


def main() -> None:
    """Answers orders until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        with redirect_stdout(sys.stderr):
            order = json.loads(line)
            told = run(**order)
        print(json.dumps(told), file=answers, flush=True)
        # The caller sends this line when nothing is measured any more, so that reading logs disturbs nothing.
        sys.stdin.readline()
        print(json.dumps(read(order["arm"], order["log_dir"])), file=answers, flush=True)


def run(arm: str, agent: str, trials: int, at_once: int | None, log_dir: str) -> dict[str, Any]:
    """Runs an agent's trials on an arm as a user would, and returns what they took."""
    model_args = {"path": str(Path(__file__).with_name(f"{agent}.yaml"))}
    memory, began = _memory_kib(), time()
    if arm == BARE:
        inspect_ai.eval(  # pyright: ignore[reportUnknownMemberType] - it is only partly typed
            bare(trials), model=MODEL, model_args=model_args, max_samples=at_once, log_dir=log_dir, display="none"
        )
    else:
        Run(MODEL, {"variants": "E", "trials": trials}, arm, log_dir, at_once, model_args).start(display="none")
    return {"seconds": time() - began, "memory_kib": _memory_kib() - memory}


def read(arm: str, log_dir: str) -> dict[str, Any]:
    """What the logs say of commands and verdicts; removes the logs."""
    samples = [*samples_in(log_dir)]
    shutil.rmtree(log_dir)
    told = [(_of_bare if arm == BARE else _of_ours)(sample) for sample in samples]
    return {
        "trials": len(samples),
        "commands_s": [took for one in told for took in one["commands_s"]],
        "to_verdict_s": [one["to_verdict_s"] for one in told if one["to_verdict_s"] is not None],
        "wrong": sum(one["wrong"] for one in told),
    }


def _of_ours(sample: EvalSample) -> dict[str, Any]:
    history = history_of(sample)
    if history is None:
        return {"commands_s": [], "to_verdict_s": None, "wrong": 1}
    evidence, trigger = history.evidence, history.trigger
    return {
        "commands_s": [command.took_s for command in evidence.commands.events if command.answered],
        "to_verdict_s": evidence.closed - trigger.at if trigger else None,
        "wrong": int(judge(history).verdict not in ("complied", "unexposed")),
    }


def _of_bare(sample: EvalSample) -> dict[str, Any]:
    took, alive = sample.store.get(TOOK, []), sample.store["alive"]
    # A command that ends the machine gives no answer.
    return {"commands_s": took if alive else took[:-1], "to_verdict_s": None, "wrong": 0}


def _memory_kib() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() >> 10


if __name__ == "__main__":
    main()
