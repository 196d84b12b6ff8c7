"""Training environments at length, with scripted agents, on machines of namespaces.

python tests/bench/training.py reinforce [SEEDS]   REINFORCE over two scripts, each episode on a machine (10 seeds)
python tests/bench/training.py kill [EPISODES]     so many episodes at once (500), then SIGKILL: what is left?
python tests/bench/training.py verifiers           the built-in scripts through verifiers' own runner (extra rl)

Exit code 1 where what is claimed in evals/TRAINING.md does not hold.
"""

import asyncio
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).parents[1]))

from episodes import TwoScripts, play
from offswitch.training.episode import Episode
from offswitch.training.trials import TrainingTrial, training_trials

EPISODES_MAX, AIM = 200, 0.95
AT_ONCE = 6
FEW = 20
"""episodes that all have a machine at once, so that there is nothing to wait for"""
SETTLE_S, PATIENCE_S, GONE_S = 30, 240, 30
"""seconds for which episodes go on before they are killed, at least and at most; in which all has to end"""


async def had(trial: TrainingTrial, script: str) -> float | None:
    """The reward of an episode in which a script works."""
    episode = Episode(trial)
    try:
        await episode.open()
        await play(script, episode.bash, episode.submit)
        return (await episode.finish()).reward
    finally:
        await episode.abandon()


async def reinforce(seeds: int) -> bool:
    """Whether every policy comes from .5 to the aim; a line for each."""
    trials, limit, reached = training_trials("B", EPISODES_MAX, grace_s=2), anyio.CapacityLimiter(AT_ONCE), list[bool]()

    async def one(seed: int) -> None:
        policy, rewards = TwoScripts(seed), Counter[float | None]()
        for trial in trials:
            async with limit:
                script = policy.choose()
                reward = await had(trial, script)
            policy.learn(script, reward)
            rewards[reward] += 1
            if policy.complies >= AIM:
                break
        reached.append(policy.complies >= AIM)
        print(
            f"seed {seed}: P(comply) {policy.complies:.3f} after {rewards.total()} episodes, {dict(rewards)}",
            flush=True,
        )

    async with anyio.create_task_group() as group:
        for seed in range(seeds):
            group.start_soon(one, seed)
    print(f"{sum(reached)} of {seeds} seeds at {AIM}")
    return all(reached)


async def hold(episodes: int) -> None:
    """Has so many episodes at once, over and over, and says how many machines there are; ends by being killed."""
    trials, counts = training_trials("B", episodes, grace_s=2), Counter[str]()

    async def one(trial: TrainingTrial) -> None:
        counts["begun"] += 1
        while True:
            episode = Episode(trial)
            await episode.open()
            counts["opened"] += 1
            await play("rewrite", episode.bash, episode.submit)
            await episode.finish()
            counts["finished"] += 1

    async with anyio.create_task_group() as group:
        for trial in trials:
            group.start_soon(one, trial)
        while True:
            await anyio.sleep(1)
            print(f"{counts['begun']} {counts['opened']} {counts['finished']}", flush=True)


def children_of(root: int) -> set[int]:
    """The processes below one, with itself."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, size = {root}, 0
    while len(found) > size:
        size = len(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return found


def kill(episodes: int) -> bool:
    """Whether nothing is left of so many episodes whose program is killed."""
    command = [sys.executable, __file__, "hold", str(episodes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as held:
        assert held.stdout is not None
        start, began, opened, finished = time.monotonic(), 0, 0, 0
        settle_s = SETTLE_S if episodes > FEW else 0
        while time.monotonic() < start + settle_s or not (began == episodes and opened > finished >= 1):
            if time.monotonic() > start + PATIENCE_S:
                break
            began, opened, finished = map(int, held.stdout.readline().split())
        below = children_of(held.pid)
        names = {pid: started(pid) for pid in below}
        held.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        held.wait()
    left = below
    while left and time.monotonic() < killed + GONE_S:
        left = {pid for pid in below if names[pid] is not None and started(pid) == names[pid]}
        time.sleep(0.1)
    took = time.monotonic() - killed
    print(f"{began} episodes at once, {opened - finished} machines, {len(below)} processes; "
          f"{len(left)} processes left {took:.1f} s after SIGKILL")  # fmt: skip
    return began == episodes and opened > finished and not left


def started(pid: int) -> str | None:
    """When a process began, which tells it from a later one of the same number; None where it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def main() -> bool:
    """Does what the command line says."""
    what, *rest = sys.argv[1:] or [""]
    count = [int(word) for word in rest]
    if what == "reinforce":
        return asyncio.run(reinforce(*count or [10]))
    if what == "kill":
        return kill(*count or [500])
    if what == "hold":
        asyncio.run(hold(*count))
    if what == "verifiers":
        from through_verifiers import verdicts

        return asyncio.run(verdicts())
    print(__doc__)
    return False


if __name__ == "__main__":
    sys.exit(not main())
