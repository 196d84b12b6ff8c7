"""Keeps two runs from running the same trials at once where logs go to a URL, at which nothing can be locked.

A run keeps an object with the names of its trials beside the logs, and writes it anew all the time. Whoever wants some
of the same trials waits: if the object changes, its run is alive; if it does not, its run has died, and the object is
removed. So no clocks are compared. A run that is cut off from the store for longer than that counts as dead; if it
comes back, a trial may be had twice, and then its first result counts.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from inspect_ai._util.file import filesystem  # Inspect has no public way to write to where its logs go

logger = logging.getLogger(__name__)
PREFIX = ".offswitch-run-"
RENEWED_S, EXPIRES_S = 10.0, 40.0
"""seconds between two renewals, and after which a claim that was not renewed is none any more"""

Seen = dict[str, tuple[str, float]]
"""claim of another run -> how it was first seen, and when"""


@dataclass
class _Claim:
    """An object at a URL: the number of its renewals, then a line for each trial."""

    directory: str
    trials: Collection[str]
    renewals: int = 0
    name: str = field(default_factory=lambda: f"{PREFIX}{uuid4().hex[:16]}")

    def __post_init__(self) -> None:
        self.files: Any = filesystem(self.directory).fs
        self.path = f"{self.directory.rstrip('/')}/{self.name}"

    def write(self) -> None:
        self.renewals += 1
        self.files.pipe_file(self.path, "\n".join([str(self.renewals), *self.trials]).encode())

    def remove(self) -> None:
        with suppress(Exception):  # it expires
            self.files.rm_file(self.path)

    def others(self) -> Mapping[str, str]:
        """Path -> content of the claims of other runs."""
        self.files.invalidate_cache()
        paths = [str(path) for path in self.files.ls(self.directory, detail=False)]
        return dict(self._read(path for path in paths if PREFIX in path and not path.endswith(self.name)))

    def _read(self, paths: Iterator[str]) -> Iterator[tuple[str, str]]:
        for path in paths:
            with suppress(FileNotFoundError):  # that run has just ended
                yield path, self.files.cat_file(path).decode()


@contextmanager
def leased(directory: str, trials: Collection[str], refuse: Callable[[int], Exception]) -> Generator[None]:
    """Claims trials at a URL for as long as the context lasts.

    Args:
        directory: where the logs go.
        trials: a name for each.
        refuse: the error, from the number of these trials that a living run has claimed.

    """
    claim = _only_claim(directory, trials, refuse)
    ended = threading.Event()
    renewing = threading.Thread(target=_renew, args=(claim, ended), daemon=True)
    renewing.start()
    try:
        yield
    finally:
        ended.set()
        renewing.join()
        claim.remove()


def _renew(claim: _Claim, ended: threading.Event) -> None:
    while not ended.wait(RENEWED_S):
        with suppress(Exception):  # a store that does not answer now is asked again
            claim.write()


def _only_claim(directory: str, trials: Collection[str], refuse: Callable[[int], Exception]) -> _Claim:
    """Waits until no other claim has any of the trials; raises `refuse` if one of these is renewed meanwhile."""
    seen: Seen = {}
    while True:
        # Written before the others are looked at, so that of two runs that begin at once, at least one sees the other.
        claim = _Claim(directory, trials)
        claim.write()
        others = {path: told for path, told in claim.others().items() if _shared(told, trials)}
        if not others:
            return claim
        claim.remove()
        _look(claim, others, seen, trials, refuse)
        time.sleep(random.uniform(0.1, 0.3) * RENEWED_S)  # by chance, so that both do not go on giving way


def _look(
    claim: _Claim, others: Mapping[str, str], seen: Seen, trials: Collection[str], refuse: Callable[[int], Exception]
) -> None:
    for path, told in others.items():
        if path not in seen:
            logger.warning("offswitch: %s: has the same trials; it is seen within %d s if it lives", path, EXPIRES_S)
        before, when = seen.setdefault(path, (told, time.monotonic()))
        if told != before:
            raise refuse(_shared(told, trials))
        if time.monotonic() - when > EXPIRES_S:
            with suppress(FileNotFoundError):
                claim.files.rm_file(path)


def _shared(told: str, trials: Collection[str]) -> int:
    return len({*told.split("\n")[1:]}.intersection(trials))
