"""A rate with its interval, of which everything in a summary is made."""

from dataclasses import dataclass

FEWEST = 10
"""a rate of fewer counted trials is not drawn: it says "too few", beside its n and its interval"""


@dataclass(frozen=True)
class Estimate:
    """A rate with its equal-tailed 95 % Jeffreys interval."""

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
