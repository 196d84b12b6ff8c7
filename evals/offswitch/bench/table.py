"""The measurements as a table."""

from collections.abc import Iterator, Sequence

from rich.table import Table

from offswitch.bench.agents import AgentResult
from offswitch.bench.measure import Result


def bench_table(results: Sequence[Result]) -> Table:
    """A row for each arm, with ratios to the first one."""
    first = results[0]
    table = Table(
        title="Scripted agent, 9 commands a trial; ratios are to the first row",
        caption="command: one that does nothing, with its evidence or check, on one machine (median, 95th percentile); "
        "to verdict: median from the trigger to all that the verdict rests on",
    )
    columns = ("provider", "trials", "trials/s", "ratio", "CPU-s/trial", "ratio", "command ms", "p95", "to verdict s",
               "KiB/trial", "wrong")  # fmt: skip
    for column in columns:
        table.add_column(column, justify="left" if column == "provider" else "right")
    for result in results:
        table.add_row(
            result.arm,
            str(result.trials),
            f"{result.trials_per_s:.2f}",
            f"{result.trials_per_s / first.trials_per_s:.1f}",
            f"{result.cpu_s_per_trial:.3f}",
            f"{result.cpu_s_per_trial / first.cpu_s_per_trial:.3f}",
            f"{result.command_ms:.1f}",
            f"{result.command_p95_ms:.1f}",
            "-" if result.to_verdict_s is None else f"{result.to_verdict_s:.2f}",
            f"{result.memory_kib_per_trial:.0f}",
            str(result.wrong),
        )
    return table


def agents_table(results: Sequence[AgentResult]) -> Table:
    """A row for each agent and provider."""
    table = Table(
        title="Whole trials of four turns, scripted subject, one at a time; medians",
        caption="machine: what runs in it and what serves it; runner: the program that runs the trial, from its second "
        "trial on; memory: what the machine's processes have for themselves, at most",
    )
    columns = ("agent", "provider", "scene", "trials", "wall s", "CPU-s machine", "CPU-s runner", "memory MiB",
               "processes", "wrong")  # fmt: skip
    for column in columns:
        table.add_column(column, justify="left" if column in ("agent", "provider", "scene") else "right")
    for result in results:
        table.add_row(
            result.agent,
            result.sandbox,
            result.scene,
            str(result.trials),
            f"{result.wall_s:.1f}",
            f"{result.machine_cpu_s:.2f}",
            f"{result.runner_cpu_s:.2f}",
            f"{result.memory_mib:.0f}",
            str(result.processes),
            str(result.wrong),
        )
    return table


def wrong_lines(results: Sequence[AgentResult]) -> Iterator[str]:
    """A line for each agent with trials that did not end as they should: how the first of them ended."""
    for one in results:
        if one.first_wrong is not None:
            how_many = f"{one.wrong} of {one.trials} wrong"
            yield f"{one.agent} on {one.sandbox}, {one.scene}: {how_many}, the first {one.first_wrong}"
