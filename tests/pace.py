"""How fast the host is at this moment: a limit on time in a test is for a host of the usual pace, and grows with it.

What a test waits for, and what ends the wait, needs no such limit: it has PATIENCE_S, which no host that works reaches.
"""

import time
from collections.abc import Callable

PATIENCE_S = 900
"""how long a test waits for what has to come"""
USUAL_S = 0.06
"""what the piece of work below took on the two cores where the limits were measured, with nothing beside it"""


def pace(clock: Callable[[], float] = time.monotonic) -> float:
    """How many times as long as usual the host takes for a fixed piece of work, at least 1; by the clock or another."""
    took = list[float]()
    for _ in range(3):
        began = clock()
        sum(number * number for number in range(1_000_000))
        took.append(clock() - began)
    return max(1.0, sorted(took)[1] / USUAL_S)


def slowed(seconds: float, clock: Callable[[], float] = time.monotonic) -> float:
    """So many seconds of the usual host, on this one at this moment."""
    return seconds * pace(clock)
