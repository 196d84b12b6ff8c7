"""Finds the logs of a place and reads each: from the cache, or else through Inspect, in several processes.

If all are in the cache, Inspect is not even loaded.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from offswitch.errors import InputError
from offswitch_analysis.logs.beside import load
from offswitch_analysis.logs.cache import Cache, LogRecords, file_name, packed, unpacked
from offswitch_analysis.logs.content import digests_of
from offswitch_analysis.logs.meanwhile import is_safe, no_garbage_before
from offswitch_analysis.logs.rulings import local_path

S = TypeVar("S")
T = TypeVar("T")
LOG_NAME = re.compile(r"(?s:.*)\.eval|\d{4}-\d\d-\d\dT\d\d[:-]\d\d[:-]\d\d.*\.json")
"""names that Inspect takes for those of logs"""
PARALLEL_FROM = 8
"""number of new logs from which starting processes pays"""


def log_names(place: str) -> list[str]:
    """The logs at a path or URL, oldest first; InputError if nothing can be read there.

    Local logs are named by path, not URL, because Inspect does not find a URL with a #, a ? or a % in its name.
    """
    return [name.removeprefix("file://") for name in _found_at(place)]


def _found_at(place: str) -> list[str]:
    try:
        if "://" not in place and not Path(place).exists():
            raise InputError(f"{place}: no such log or directory; give the --log-dir of a run")
        if is_log(place):
            return [place]
        if Path(place).is_file():
            raise InputError(f"{place}: is no log, whose name ends in .eval or .json; give a log or a directory")
        if "://" not in place:
            return sorted(_names_in(Path(place)), key=_age)
        from inspect_ai.log import list_eval_logs

        return sorted((info.name for info in list_eval_logs(place)), key=_age)
    except InputError:
        raise
    except Exception as error:  # each filesystem has its own errors, such as one for missing credentials
        raise InputError(
            f"{place}: cannot be read ({' '.join(str(error).split())}); give a directory of logs"
        ) from error


def is_log(place: str) -> bool:
    """Whether a path or URL is that of a log; a directory is none, even if it is named like one."""
    path = local_path(place)
    return place.endswith((".eval", ".json")) and not (path is not None and path.is_dir())


def _age(name: str) -> tuple[str, str]:
    """Sorts names by age: they begin with the time; a log that `inspect score` made comes after the original."""
    return name.rsplit("/", 1)[-1].rsplit(".", 1)[0], name


def _names_in(directory: Path) -> Iterator[str]:
    """The logs below a directory, as Inspect would list them, without loading Inspect, which takes seconds."""

    def fail(error: OSError) -> None:
        raise error

    for place, _, names in os.walk(directory.absolute(), onerror=fail):
        yield from (f"{place}/{name}" for name in names if LOG_NAME.fullmatch(name))


def forget_json_log() -> None:
    """Clears Inspect's memory of the last JSON log, which it finds by name alone, even if the file has changed."""
    recorder = sys.modules.get("inspect_ai.log._recorders.json")
    if recorder is not None:
        recorder.JSONRecorder._FileRecorder__last_read_sample_log = None  # there is no public way


def read_all(digests: Mapping[str, str | None], cache: Cache) -> list[LogRecords]:
    """The records of each log: from beside it or from the cache; reads only the others."""
    known = {name: _beside(name, digest, cache) or cache.load(digest) for name, digest in digests.items() if digest}
    logs = {name: log.renamed(file_name(name)) for name, log in known.items() if log}
    new = [name for name in digests if name not in logs]
    if new:
        logs |= zip(new, _read_new(new, cache), strict=True)
        cache.drop_old()
    return [logs[name] for name in digests]


def _beside(name: str, digest: str, cache: Cache) -> LogRecords | None:
    found = load(name, digest, cache.made_by)
    return found.log_records(file_name(name)) if found else None


def _read_new(names: Sequence[str], cache: Cache) -> list[LogRecords]:
    # Loads Inspect here once, so that forked processes need not load it again.
    from offswitch_analysis.logs.reading import read_log

    return list(map(unpacked, in_processes(partial(_read_and_cache, read_log, cache), names)))


def in_processes(work: Callable[[S], T], of: Sequence[S]) -> list[T]:
    """What `work` gives for each of many logs, from several processes where that pays and is safe."""
    if len(of) >= PARALLEL_FROM and is_safe():
        with (
            suppress(BrokenProcessPool),
            ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("fork")) as pool,
        ):
            with no_garbage_before():
                found = pool.map(work, of)
            return list(found)
    return list(map(work, of))


def _read_and_cache(read: Callable[[str], LogRecords], cache: Cache, name: str) -> bytes:
    (before,) = digests_of([name]).values()
    try:
        data = packed(read(name))
    except Exception as error:  # noqa: BLE001 - a broken file breaks in as many ways as there are readers
        # The message of an ImportError says what to install for this kind of URL.
        why = str(error) if isinstance(error, ImportError) else type(error).__name__
        return packed(LogRecords("", remark=f"skipped, it cannot be read ({why})"))
    # Not kept if the log was written to meanwhile: the records may be of neither state.
    if before and before == digests_of([name])[name]:
        cache.keep(before, data)
    return data
