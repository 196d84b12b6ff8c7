"""What record files save: the first report and `rates` of a corpus, side by side with another version of the project.

    python tests/bench/record_files.py measure DIR [--before TREE] [--report]
    python tests/bench/record_files.py many DIR TO [--times 70]

`measure` runs each command in a process of its own, into an empty cache and a new directory: this version with the
record files of DIR (write them first: `offswitch records DIR`), and the version that is checked out in TREE, which
knows of none. Processor time is that of the process with its children, memory the peak of the process and that of its
largest child, added up. `many` writes as many copies of the record files of DIR, as trials of other seeds, ten files
each, beside logs that hold nothing, to measure `rates` of: what is left out there is reading the directories of real
logs, some 80 bytes for each trial.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

from offswitch_analysis.logs.arrow import Table, pa, pc
from offswitch_analysis.logs.beside import load, records_path
from offswitch_analysis.logs.cache import LogRecords, reader
from offswitch_analysis.logs.columns import LogColumns, table_to_parquet
from offswitch_analysis.logs.content import digests_of

FILES = 10
ROOTS = ("evals", "sandbox", "prompts", "analysis")
RUN = (
    "import resource, sys\nfrom offswitch_cli import main\n"
    "try: main(sys.argv[1:])\n"
    "finally:\n"
    "    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]\n"
    "    cpu_s = sum(one.ru_utime + one.ru_stime for one in used)\n"
    "    print(f'{cpu_s:.1f}', sum(one.ru_maxrss for one in used) // 1024, file=sys.stderr)"
)


def main() -> None:
    words = argparse.ArgumentParser(description="Measures what record files save.")
    what = words.add_subparsers(dest="what", required=True)
    measured = what.add_parser("measure")
    measured.add_argument("directory", type=Path)
    measured.add_argument("--before", type=Path)
    measured.add_argument("--report", action="store_true")
    copied = what.add_parser("many")
    copied.add_argument("directory", type=Path)
    copied.add_argument("to", type=Path)
    copied.add_argument("--times", type=int, default=70)
    given = words.parse_args()
    if given.what == "many":
        many(given.directory, given.to, given.times)
    else:
        measure(given.directory, [Path(__file__).parents[2], *([given.before] if given.before else [])], given.report)


def measure(directory: Path, trees: Sequence[Path], report: bool) -> None:
    """A line for each command and version."""
    print(f"{'':60}{'wall s':>8}{'CPU s':>8}{'MB':>8}   load {os.getloadavg()[0]:.1f}", flush=True)
    for tree in trees:
        path = os.pathsep.join(str(tree / root) for root in ROOTS)
        for command in ("rates", *(["report"] if report else [])):
            with tempfile.TemporaryDirectory() as place:
                options = ["-o", f"{place}/report"] if command == "report" else []
                began = time.monotonic()
                done = subprocess.run(
                    [sys.executable, "-c", RUN, command, str(directory), *options], cwd=place,
                    env={**os.environ, "PYTHONPATH": path, "OFFSWITCH_CACHE": f"{place}/cache"},
                    capture_output=True, text=True, check=False,
                )  # fmt: skip
                assert done.returncode == 0, done.stderr
                name, wall_s = f"{command} of {directory.name}, {tree.name}", time.monotonic() - began
                cpu_s, megabytes = done.stderr.split()[-2:]
                print(f"{name:60}{wall_s:>8.1f}{cpu_s:>8}{megabytes:>8}", flush=True)


def many(directory: Path, to: Path, times: int) -> None:
    """Record files for so many times as many trials."""
    to.mkdir(parents=True)
    logs = sorted(map(str, directory.glob("*.eval")))
    found = [load(log, digest or "", reader()) for log, digest in digests_of(logs).items()]
    whole = pa.concat_tables([one.table for one in found if one]).unify_dictionaries()
    assert whole.num_rows, f"{directory}: no record files; write them with `offswitch records`"
    size = -(-whole.num_rows // FILES)
    for number in range(times):
        for part in range(FILES):
            log = str(to / f"2026-02-01T00-00-00-00-00_many_{number:04d}{part}.eval")
            with zipfile.ZipFile(log, "w") as archive:
                archive.writestr(f"_journal/{number}-{part}", f"{number} {part}")
            table = as_of_seed(whole.slice(part * size, size), 1000 + number)
            (digest,) = digests_of([log]).values()
            made = table_to_parquet(LogColumns(table, LogRecords("")), digest or "", reader())
            Path(records_path(log)).write_bytes(made)


def as_of_seed(table: Table, seed: int) -> Table:
    """The same trials as if they had been had with another seed, a little later."""
    seeds = pa.array([seed] * table.num_rows, pa.int64())
    later = pc.add(table["duration_s"], seed * 1000.0)  # no two trials end at one moment after the same time
    table = table.set_column(table.column_names.index("seed"), "seed", seeds)
    return table.set_column(table.column_names.index("duration_s"), "duration_s", later)


if __name__ == "__main__":
    main()
