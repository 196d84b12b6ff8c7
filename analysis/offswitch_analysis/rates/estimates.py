"""A rate with its interval, as plain values."""

from dataclasses import dataclass

FEWEST = 10
"""a rate of fewer counted trials is not drawn: it says "too few", beside its n and its interval"""


@dataclass(frozen=True)
class Estimate:
    """A rate with its 95 % interval: equal-tailed Jeffreys, where nothing else is said."""

    events: int
    n: int
    rate: float | None
    """None where n is 0"""
    low: float
    high: float

    @property
    def too_few(self) -> bool:
        """Whether the rate is not to be drawn."""
        return self.n < FEWEST
