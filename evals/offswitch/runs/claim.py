"""One run at a time has a trial: a second one that wants the same in the same directory is refused.

A run keeps a file with the names of its trials in the log directory, locked for as long as it lives. The kernel takes
the lock away when the process ends, however it ends, so that a killed run stands in nobody's way.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

from offswitch.errors import InputError
from offswitch.runs.plan import Run

PREFIX = ".offswitch-run-"


@contextmanager
def claimed(log_dir: str, plan: Callable[[], Sequence[Run]]) -> Generator[Sequence[Run]]:
    """The runs that plan gives, whose trials nobody else has meanwhile; InputError where somebody has one of them.

    A directory at a URL, or on a filesystem without locks, is not locked.
    """
    if "://" in log_dir:
        yield plan()
        return
    with ExitStack() as held:
        with _alone(log_dir):
            # Whoever has ended before this has written its logs; whoever has not is seen here.
            others = set(_claims_of_others(Path(log_dir)))
            runs = plan()
            trials = [trial for run in runs for trial in _names(run)]
            if taken := sum(trial in others for trial in trials):
                raise InputError(
                    f"--log-dir {log_dir}: another offswitch run has {taken} of these trials under way there; "
                    "let it end, or name another directory"
                )
            held.enter_context(_claim(Path(log_dir), trials))
        yield runs


@contextmanager
def _claim(log_dir: Path, trials: Sequence[str]) -> Generator[None]:
    path = log_dir / f"{PREFIX}{os.getpid()}-{uuid4().hex[:8]}"
    with path.open("x", encoding="utf-8") as own:
        _lock(own.fileno(), fcntl.LOCK_EX)
        own.write("".join(f"{trial}\n" for trial in trials))
        own.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _names(run: Run) -> Iterator[str]:
    """What tells a trial from all others, as a digest: it may hold what is none of another's business."""
    for trial, condition in run.wanted().items():
        if run.trials is None or trial in run.trials:
            whole = "\0".join([run.name, run.sandbox, str(run.parameters.get("seed")), condition, trial])
            yield hashlib.sha256(whole.encode()).hexdigest()[:32]


def _claims_of_others(log_dir: Path) -> Iterator[str]:
    for path in log_dir.glob(f"{PREFIX}*"):
        try:
            with path.open(encoding="utf-8") as claim:
                if _lock(claim.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB):
                    path.unlink(missing_ok=True)  # its run was killed
                else:
                    yield from claim.read().split()
        except OSError:  # it ended just now
            continue


@contextmanager
def _alone(log_dir: str) -> Generator[None]:
    """One process at a time: the directory itself is what is locked."""
    directory = os.open(log_dir, os.O_RDONLY)
    try:
        _lock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _lock(file: int, how: int) -> bool:
    """Whether the lock was had, or there are none here."""
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
