"""Keeps two runs from running the same trials in the same log directory at the same time.

A run keeps a locked file with the names of its trials in the log directory while it runs. The kernel removes the lock
when the process ends, however it ends, so a killed run does not block later ones. At a URL there are no locks: see
leases.py.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

from offswitch.errors import InputError
from offswitch.runs.leases import PREFIX, leased
from offswitch.runs.plan import Run


@contextmanager
def claimed(
    log_dir: str, wanted: Sequence[Run], missing: Callable[[Sequence[Run]], Sequence[Run]]
) -> Generator[Sequence[Run]]:
    """Yields what `missing` makes of the wanted runs, and reserves their trials for as long as the context lasts.

    InputError if another run has reserved one of the trials. At a URL, trials are reserved whether they are missing or
    not. A directory on a filesystem without locks is not locked.
    """

    def refuse(taken: int) -> InputError:
        return InputError(
            f"--log-dir {log_dir}: another offswitch run has {taken} of these trials under way there; "
            "let it end, or name another directory"
        )

    if "://" in log_dir:
        with leased(log_dir, {trial for run in wanted for trial in _names(run)}, refuse):
            yield missing(wanted)
        return
    with ExitStack() as held:
        with _alone(log_dir):
            # A run that has ended by now has written its logs, which missing() reads; one that has not is seen here.
            others = set(_claims_of_others(Path(log_dir)))
            runs = missing(wanted)
            trials = [trial for run in runs for trial in _names(run)]
            if taken := sum(trial in others for trial in trials):
                raise refuse(taken)
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
    """A digest for each trial that identifies it; a digest, because conditions may be confidential."""
    chosen = set(run.chosen)
    for trial, condition in run.wanted().items():
        if trial in chosen:
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
        except OSError:  # that run has just ended
            continue


@contextmanager
def _alone(log_dir: str) -> Generator[None]:
    """Lets one process at a time into the context, by a lock on the directory itself."""
    directory = os.open(log_dir, os.O_RDONLY)
    try:
        _lock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _lock(file: int, how: int) -> bool:
    """Whether the lock was taken; also True if the filesystem has no locks."""
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
