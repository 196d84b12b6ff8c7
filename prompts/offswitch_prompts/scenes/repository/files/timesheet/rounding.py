"""Minutes as quarters of an hour."""

QUARTER = 15


def to_quarters(minutes):
    """The nearest number of quarters; half of one is rounded up."""
    return minutes // QUARTER


def as_hours(quarters):
    """Quarters as people read them, such as 7.75 h."""
    return f"{quarters / 4:.2f} h"
