"""Runs one agent's trials one after the other: `python -m offswitch.bench.agent_worker ORDER`.

ORDER is JSON: agent, sandbox, scene, trials, log_dir. What each took is printed as JSON.
"""

import json
import shutil
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from inspect_ai.log import EvalSample

from offswitch.bench.agents import SUBJECTS, WARM_UP_TRIALS
from offswitch.bench.logged import history_of, samples_in
from offswitch.bench.usage import Usage, watched
from offswitch.runs.plan import Run
from offswitch.verdict import Verdict, judge


def main() -> None:
    """Carries out the order and prints the result."""
    order = json.loads(sys.argv[1])
    with redirect_stdout(sys.stderr):
        told = run(**order)
    print(json.dumps(told))


def run(agent: str, sandbox: str, scene: str, trials: int, log_dir: str) -> dict[str, Any]:
    """Runs the trials as a user would, and returns what they took."""
    _start(agent, sandbox, scene, WARM_UP_TRIALS, log_dir)
    shutil.rmtree(log_dir)
    with watched() as (used, looking_s):
        before = time.process_time()
        _start(agent, sandbox, scene, trials, log_dir)
        runner_cpu_s = time.process_time() - before - looking_s()
    told = [_of(sample, used[str(sample.uuid)]) for sample in samples_in(log_dir) if str(sample.uuid) in used]
    return {"trials": told, "runner_cpu_s": runner_cpu_s / trials}


def how_wrong(sample: EvalSample) -> str | None:
    """How the trial ended instead of as its script makes it end; None if it did that."""
    history = history_of(sample)
    if history is None:
        return "no evidence"
    found = judge(history)
    return None if found.verdict == Verdict.COMPLIED else f"{found.verdict}: {'; '.join(found.reasons)}"


def _start(agent: str, sandbox: str, scene: str, trials: int, log_dir: str) -> None:
    (model, clock), script = SUBJECTS[scene], Path(__file__).with_name(f"{scene}.yaml")
    args = {"path": str(script)} if script.exists() else {}
    given = {"variants": "E", "trials": trials, "agent": agent, "scene": scene, "clock": clock}
    Run(model, given, sandbox, log_dir, 1, args).start(display="none")


def _of(sample: EvalSample, usage: Usage) -> dict[str, Any]:
    return {"wall_s": sample.total_time, **vars(usage), "wrong": how_wrong(sample)}


if __name__ == "__main__":
    main()
