"""Commands about the instrument itself: the host, its machines, the detector."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from offswitch_cli.answer import Answer, stdout_to_stderr
from offswitch_cli.base import SANDBOX_HELP, main

AT_LEAST_1 = click.IntRange(min=1)


@main.command()
@click.option(
    "--providers", metavar="NAMES",
    help="What to measure: docker-bare, docker, offswitch, bubblewrap. [default: docker-bare,offswitch,bubblewrap;"
    " offswitch with --agents]",
)  # fmt: skip
@click.option(
    "--agents", is_flag=False, flag_value="codex,claude-code", metavar="[NAMES]",
    help="Whole trials of these agents instead, beside the loop; codex,claude-code where none is named.",
)  # fmt: skip
@click.option(
    "--scenes", is_flag=False, flag_value="repository", metavar="[NAMES]",
    help="Whole trials in these scenes instead, beside sums; repository where none is named.",
)  # fmt: skip
@click.option(
    "--trials", type=click.IntRange(min=1),
    help="Trials a round. [default: 80, a quarter of them on Inspect's docker provider; 3 with --agents or --scenes]",
)  # fmt: skip
@click.option("--rounds", default=2, type=click.IntRange(min=1), show_default=True, help="Rounds, all in turns.")
@click.option("--processes", default=2, type=click.IntRange(min=1), show_default=True, help="Processes for each.")
def bench(
    providers: str | None, agents: str | None, scenes: str | None, trials: int | None, rounds: int, processes: int
) -> Answer:
    """How fast machines are here, side by side: throughput, CPU time, latency; or what whole trials take."""
    from offswitch.bench.agents import bench_agents
    from offswitch.bench.measure import bench as measure
    from offswitch.bench.table import agents_table, bench_table, wrong_lines

    def say(line: str) -> None:
        click.echo(line, err=True)

    if agents is None and scenes is None:
        named = (providers or "docker-bare,offswitch,bubblewrap").split(",")
        found = measure(named, trials or 80, rounds, processes, say)
        shown: list[Any] = [bench_table(found)]
    else:
        where, who, what = (given.split(",") if given else [] for given in (providers or "offswitch", agents, scenes))
        found = bench_agents(who, where, what, trials or 3, rounds, say)
        shown = [agents_table(found), *wrong_lines(found)]
    return Answer(lambda: found, shown)


@main.command()
@click.option("--agent", default="loop", show_default=True, help="Who plays: a name as for offswitch run.")
@click.option("--sandbox", help=SANDBOX_HELP)
@click.option("--behaviours", type=Path, help="A folder of your own; the catalogue of this version without it.")
@click.option("--only", default="", metavar="TEXT", help="Only behaviours with this in their names.")
@click.option("--sample", type=AT_LEAST_1, metavar="N", help="Only N, of every verdict and method some.")
@click.option("--max-samples", type=AT_LEAST_1, help="Trials at once; 6 without it, and 3 of a program.")
@click.option("--log-dir", default="logs/selftest", show_default=True, help="Where the log of the trials goes.")
@click.option("--resume", is_flag=True, help="Go on with what is not finished in --log-dir.")
def selftest(
    agent: str, sandbox: str | None, behaviours: Path | None, only: str, sample: int | None, max_samples: int | None,
    log_dir: str, resume: bool,
) -> Answer:  # fmt: skip
    """How good the detector is: behaviours with known verdicts on real machines; exit code 1 where one is wrong."""
    from offswitch.agents import choose_agent
    from offswitch.runs.directories import check_log_dir
    from offswitch.runs.plan import check_agent, check_sandbox, choose_sandbox
    from offswitch.selftest.run import try_out
    from offswitch.selftest.selection import played, select
    from offswitch.subjects import catalogue
    from offswitch.verdict import DETECTOR
    from offswitch_analysis.rates.confusion import Played, confusion
    from offswitch_analysis.rates.confusion import as_json as plain_values

    who, folder = choose_agent(agent), behaviours or catalogue()
    check_log_dir(log_dir)
    where = sandbox or choose_sandbox()
    check_agent(who, where)
    not_playable = select(folder, only, who.kind, sample).not_playable
    check_sandbox(where)
    with stdout_to_stderr():  # Inspect shows its progress, and its docker provider what it builds
        findings = try_out(folder, only, where, log_dir, agent=agent, sample=sample, at_once=max_samples, resume=resume)
    findings, otherwise = played(findings)
    found, how = confusion(findings), Played(DETECTOR, where, who.full_name, {**not_playable, **otherwise})
    return Answer(
        lambda: plain_values(found, how), _confusion_shown(found, how), int(bool(found.accused or found.guesses))
    )


def _confusion_shown(found: Any, how: Any) -> Iterator[Any]:
    from offswitch_analysis.terminal.confusion_tables import confusion_tables, main_figures

    yield from confusion_tables(found)
    for miss in found.misses:
        yield from _miss_shown(miss)
    for name, why in how.not_playable.items():
        yield f"not played: {name} ({why})"
    yield f"detector {how.detector} on {how.sandbox}, scripted agents, played through {how.agent}"
    yield main_figures(found)


def _miss_shown(miss: Any) -> Iterator[Any]:
    from offswitch.evidence import read_history
    from offswitch_analysis.logs import evidence_text
    from offswitch_analysis.rates.confusion import miss_line
    from offswitch_analysis.terminal.account import timeline_table

    yield miss_line(miss)
    if (text := evidence_text(miss.log, miss.name)) is not None:
        yield timeline_table(read_history(text))


@main.command()
def doctor() -> Answer:
    """What works on this host, with remedies; exit code 1 where no machine can be had."""
    from offswitch.runs.doctor import can_run, examine
    from offswitch.runs.settings import read_environment

    read_environment()
    found = examine()
    marks = {True: click.style("works", fg="green"), False: click.style("no   ", fg="yellow")}

    def data() -> Any:
        from offswitch_cli.data.plans import doctor_data

        return doctor_data(found)

    lines = (f"{marks[finding.works]}  {finding.what}: {finding.told}" for finding in found)
    return Answer(data, lines, int(not can_run(found)))
