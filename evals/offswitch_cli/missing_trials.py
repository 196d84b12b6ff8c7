"""Runs the trials that a log directory lacks, and says how that ended."""

import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from offswitch_cli.answer import Answer
from offswitch_cli.base import rates_shown, warn
from offswitch_cli.progress_lines import shown_progress
from offswitch_cli.run_options import AUTO, refuse_parts

if TYPE_CHECKING:
    from offswitch.record import Record
    from offswitch.runs.plan import Run

NONE_HAD = 1
INTERRUPTED = 130
INTERRUPTED_RUN = "interrupted"
WHAT_ISOLATES = {
    "offswitch": "containers of the Docker Engine (--sandbox offswitch)",
    "bubblewrap": "Linux namespaces by bubblewrap (--sandbox bubblewrap), because no Docker Engine answers; "
    "no network, a read-only system, a home of their own, and, like containers, the host's kernel",
}


def run_missing(runs: Sequence["Run"], how: Mapping[str, Any]) -> Answer:
    """Runs the trials that the log directory lacks, then says the rates of all; exit code 1 if none has a verdict.

    Args:
        runs: one for each model, with the same log directory.
        how: the options of `offswitch run` by name; a missing one has its default.

    """
    runs, ends = have_missing(runs, how)
    found = finished_records(runs[0].log_dir)
    records = [record for run in runs for record in run.own_records(found)]
    tell_stopped(runs, found)

    def data() -> Any:
        from offswitch_cli.data.results import rates_data

        return {**run_told(runs[0].log_dir, ends, records), "rates": rates_data(records)}

    shown = own_rates(records, runs[0].log_dir) if records else ()
    return Answer(data, shown, exit_code(ends, records))


def own_rates(records: Sequence["Record"], log_dir: str) -> Iterator[Any]:
    """The rates of these records, as tables."""
    from offswitch_analysis.logs import rulings_line
    from offswitch_analysis.rates import cells

    yield from rates_shown(cells(records), rulings_line(records), log_dir)


def run_told(log_dir: str, ends: Sequence[str | None], records: Sequence["Record"]) -> dict[str, Any]:
    """Where a run's logs are, how many trials they have, and what kept it from having all."""
    return {"log_dir": log_dir, "trials": len(records), "not_had": [end for end in ends if end]}


def tell_stopped(runs: Sequence["Run"], records: Sequence["Record"], blind: bool = False) -> None:
    """Says which cells were stopped, and why if that is no look."""
    from offswitch.runs.stopped import stopped_lines

    for run in runs:
        warn(*stopped_lines(run, records, blind))


def have_missing(runs: Sequence["Run"], how: Mapping[str, Any]) -> tuple[Sequence["Run"], list[str | None]]:
    """Runs the trials that the log directory lacks; returns the runs as they were checked, and how each ended."""
    from offswitch.errors import InputError
    from offswitch.runs.claim import claimed
    from offswitch.runs.settings import asks_a_person

    asked_for = runs[0].sandbox
    runs = [run.checked() for run in runs]
    if how.get("processes", 1) > 1 and any(asks_a_person(run.options) for run in runs):
        raise InputError("--processes: a person approves at one terminal, and so in one process; leave it out")
    refuse_parts("--processes", how.get("processes", 1), runs)
    if asked_for == AUTO:
        warn(f"machines: {WHAT_ISOLATES[runs[0].sandbox]}")
    log_dir = runs[0].log_dir
    with claimed(log_dir, runs, lambda runs: _missing(runs, how.get("retry_failures", False))) as missing:
        left = [run for run in missing if run.trials]
        _refuse_too_long(left, how.get("context"))
        if not how.get("no_preflight"):
            _preflight(left)
        tell_of_scripts(left)
        _tell_estimates(left)
        return runs, _start_all(left, how)


def _missing(runs: Sequence["Run"], retry_failures: bool) -> list["Run"]:
    """Each run with its missing trials; warns if some of its trials are in the logs already."""
    from offswitch.runs.stopped import without_stopped

    records = _told_records(runs[0].log_dir)
    missing = [run.missing(records, retry_failures) for run in runs]
    for asked_for, run in zip(runs, missing, strict=True):
        wanted, left = len(asked_for.chosen), len(run.chosen)
        if wanted > left:
            warn(f"{run.name}: {wanted - left} of {wanted} trials are in {run.log_dir} already")
    return [without_stopped(run, records) for run in missing]


def tell_of_scripts(runs: Sequence["Run"]) -> None:
    """Scripts that come with this program ask for questions."""
    from offswitch.subjects.script_file import asks_for_questions

    for run in runs:
        if asks_for_questions(run.model) and run.scene.work is not None:
            warn(
                f"{run.model} asks for questions, of which scene={run.scene.name} has none: its work will not be done; "
                "a script of your own can do it, with --model script/file -M path=FILE.yaml"
            )


def _tell_estimates(runs: Sequence["Run"]) -> None:
    from offswitch.runs.estimate import estimate_line

    records = finished_records(runs[0].log_dir) if runs else ()
    for run in runs:
        warn(estimate_line(run, records))


def _refuse_too_long(runs: Sequence["Run"], context: int | None) -> None:
    """InputError with a line for each model whose context is known not to hold the longest prompt."""
    from offswitch.runs.context import context_fault

    _refuse([fault for run in runs if (fault := context_fault(run, context))])


def _preflight(runs: Sequence["Run"]) -> None:
    """Asks each model a small question; InputError with a line for each model that cannot do what trials need.

    Where trials begin with demonstrations, each is also asked with the longest prompt.
    """
    from offswitch.runs.context import longest_demonstrations
    from offswitch.runs.preflight import is_asked, preflight

    _refuse([
        f"--model {run.model}: {fault}; --no-preflight leaves this question out"
        for run in runs
        if is_asked(run.model)
        and (fault := preflight(run.inspect_model(memoize=False), longest_demonstrations(run)))
    ])  # fmt: skip


def _refuse(faults: Sequence[str]) -> None:
    from offswitch.errors import InputError

    if faults:
        raise InputError(*faults)


def _start_all(runs: Sequence["Run"], how: Mapping[str, Any]) -> list[str | None]:
    """Runs one after the other and returns how each ended, see _start; stops after one that was interrupted."""
    ends: list[str | None] = []
    for run in runs:
        if INTERRUPTED_RUN not in ends:
            ends.append(_start(run, how))
    return ends


def _start(run: "Run", how: Mapping[str, Any]) -> str | None:
    """Runs trials; returns why they did not all run, or None if they did."""
    from offswitch.runs.progress import Watch, listening
    from offswitch.runs.shards import start_shards

    # A person who approves calls needs the terminal, with Inspect's own display.
    by_hand = run.options.get("approval") is not None
    watch = Watch(len(run.chosen), how.get("halt_after", 5), say=warn, blind=bool(how.get("plan")))
    with shown_progress(watch, bar=sys.stderr.isatty() and not by_hand):
        if how.get("processes", 1) > 1:
            whole = not any(start_shards(run, how["processes"], watch))
        else:
            watch.halt = lambda: signal.raise_signal(signal.SIGINT)
            try:
                with listening(watch.note):
                    whole = run.start(display=None if by_hand else "none")
            except KeyboardInterrupt:  # Inspect has finished the log and removed the machines
                whole = False
    if watch.halted:
        return f"{run.name}: {watch.halted}; {watch.trials - watch.done} of its trials were not had"
    return None if whole else INTERRUPTED_RUN


def exit_code(ends: Sequence[str | None], records: Sequence["Record"]) -> int:
    """Says what went wrong, if anything, and gives the matching code."""
    halted = [end for end in ends if end not in (None, INTERRUPTED_RUN)]
    for end in halted:
        warn(end)
    if halted:
        warn("mend the cause; the same command then goes on, and with --retry-failures has the failed trials again")
        return NONE_HAD
    if any(ends):
        warn("not all trials were had; the same command goes on from here")
        return INTERRUPTED
    if not records:
        warn("no trial is in the logs; `offswitch doctor` tells what works here")
        return NONE_HAD
    if all(record.verdict == "failure" for record in records):
        warn("every trial failed; `offswitch trials` names the causes, and --retry-failures has them again")
        return NONE_HAD
    return 0


def _told_records(log_dir: str) -> Any:
    """The records that are in the logs already; warns of each log that cannot be read.

    InputError if the place cannot be read.
    """
    from offswitch.errors import InputError
    from offswitch_analysis.logs import log_names, read_logs

    if not log_names(log_dir):
        return ()
    try:
        found = read_logs(log_dir)
    except InputError as error:
        warn(error)
        return ()
    warn(*found.unread)
    return found.records


def finished_records(log_dir: str) -> Any:
    """The records of logs; none where there are no logs, or they cannot be read."""
    from offswitch.errors import InputError
    from offswitch_analysis.logs import read_logs

    try:
        return read_logs(log_dir).records
    except InputError:
        return ()
