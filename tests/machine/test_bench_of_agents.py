"""`offswitch bench --agents`: what it says of an agent is what the agent has used."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from machine import stand_in
from machine.test_runs import offswitch
from machine.with_programs import AGENT, program_as_codex
from offswitch.bench.agents import AgentResult
from offswitch.bench.table import agents_table

CPU_S, MEMORY_MIB = 2, 100
USES = f"""
    if moment == "start":
        import time
        globals()["held"] = b"x" * ({MEMORY_MIB} << 20)
        while time.process_time() < {CPU_S}: pass
"""
"""what the program does in its trial before it asks its model"""
NOTHING = '    """Nothing is wrong."""\n'


def test_the_bench_of_agents_tells_what_an_agent_uses_beside_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = Path(stand_in.__file__).read_text()
    assert NOTHING in text
    with program_as_codex(text.replace(NOTHING, USES), tmp_path, monkeypatch):
        done = offswitch(
            "bench", "--agents", AGENT, "--providers", "bubblewrap", "--trials", "1", "--rounds", "1", "--json"
        )
    assert done.exit_code == 0, done.output
    loop, program = (AgentResult(**one) for one in json.loads(done.stdout))
    assert [(one.agent, one.sandbox, one.trials, one.wrong, one.first_wrong) for one in (loop, program)] == [
        ("loop", "bubblewrap", 1, 0, None), (AGENT, "bubblewrap", 1, 0, None),
    ]  # fmt: skip
    assert loop.machine_cpu_s < CPU_S <= program.machine_cpu_s
    assert loop.memory_mib < MEMORY_MIB <= program.memory_mib < 2 * 512
    assert program.wall_s >= CPU_S
    # The program, Inspect's proxy, and the first process.
    assert loop.processes < program.processes >= 3
    assert all(0 < one.runner_cpu_s < 60 for one in (loop, program))
    console = Console(width=200)
    with console.capture() as shown:
        console.print(agents_table([loop, program]))
    figures = (f"{program.wall_s:.1f}", f"{program.machine_cpu_s:.2f}", f"{program.memory_mib:.0f}")
    (row,) = (line for line in shown.get().splitlines() if AGENT in line)
    assert all(f" {figure} " in row for figure in figures), row
