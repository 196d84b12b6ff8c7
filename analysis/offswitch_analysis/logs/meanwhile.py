"""Work that goes on in a process of its own, while this one does something else."""

import gc
import os
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TypeVar

T = TypeVar("T")


def is_safe() -> bool:
    """Whether a process may be forked: only on Linux and without other threads. A new one would load all anew."""
    return sys.platform == "linux" and threading.active_count() == 1


def meanwhile(work: Callable[..., T], *given: object) -> Callable[[], T]:
    """Begins the work where there is a processor for it; calling what is returned gives its result, or its error."""
    if not is_safe() or len(os.sched_getaffinity(0)) < 2:
        return lambda: work(*given)
    context = get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_send, args=(sender, work, given), daemon=True)
    with no_garbage_before():
        child.start()
    sender.close()

    def result() -> T:
        try:
            value, error = receiver.recv()
        except EOFError:  # it was killed, as for want of memory
            return work(*given)
        finally:
            child.join()
        if error:
            raise error
        return value

    return result


@contextmanager
def no_garbage_before() -> Generator[None]:
    """Processes that begin here do not look for garbage in what is there now, which would copy all of it."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _send(sender: "Connection[object, object]", work: Callable[..., object], given: tuple[object, ...]) -> None:
    try:
        sender.send((work(*given), None))
    except KeyboardInterrupt:
        return
    except Exception as error:  # noqa: BLE001 - whoever waits for the result raises it
        sender.send((None, error))
