"""How long it takes to read a folder of logs, and how much memory: python tests/bench/reading.py DIR

Each way in a process of its own, one after the other: into an empty cache, out of a full one, and with Inspect's
own samples_df with the scores alone, in one process (its default) and in as many as there are cores. Processor time
is that of a process with its children, memory the peak of the process and that of its largest child, added up.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time

RECORDS = "from offswitch_analysis.logs import read_logs; found = read_logs(sys.argv[1]).records"
SCORES = (
    "from inspect_ai.analysis import SampleSummary, samples_df;"
    "scores = [column for column in SampleSummary if column.name == 'score_*'];"
    "found = samples_df(sys.argv[1], columns=scores, quiet=True, parallel={parallel})"
)
WAYS = {
    "records, empty cache": RECORDS,
    "records, full cache": RECORDS,
    "samples_df, scores": SCORES.format(parallel=False),
    "samples_df, scores, parallel": SCORES.format(parallel=len(os.sched_getaffinity(0))),
}
MEGABYTE = 1024
"""in the unit of ru_maxrss"""


def main() -> None:
    words = argparse.ArgumentParser(description="Measures how logs are read.")
    words.add_argument("directory")
    words.add_argument("--way", choices=WAYS, help="Only this one, in this process and with the cache as it is.")
    given = words.parse_args()
    if given.way:
        one(given.way, given.directory)
        return
    print(f"{'':30}{'trials':>9}{'wall s':>9}{'CPU s':>9}{'MB':>7}   load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as cache:
        for way in WAYS:
            began = time.monotonic()
            done = subprocess.run(
                [sys.executable, __file__, given.directory, "--way", way],
                env={**os.environ, "OFFSWITCH_CACHE": cache}, check=True, capture_output=True, text=True,
            )  # fmt: skip
            trials, cpu_s, megabytes = done.stdout.split()
            wall_s = time.monotonic() - began
            print(f"{way:30}{trials:>9}{wall_s:>9.1f}{float(cpu_s):>9.1f}{megabytes:>7}", flush=True)


def one(way: str, directory: str) -> None:
    """Prints trials, seconds of processor time and megabytes."""
    names: dict[str, object] = {"sys": sys}
    sys.argv = ["", directory]
    exec(WAYS[way], names)
    found = names["found"]
    assert hasattr(found, "__len__")
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu_s = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    peaks = sum(usage.ru_maxrss for usage in usages) // MEGABYTE
    print(len(found), cpu_s, peaks)  # pyright: ignore[reportArgumentType]


if __name__ == "__main__":
    main()
