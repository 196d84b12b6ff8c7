"""The variables that programs here were given by their image, or by whoever gives the orders: not the user's doing.

A program hands its variables on to all that it runs. An agent's program that was started with PYTHONPATH has the
user's client started with it too.
"""

import files
import user

given = set()  # (name, value), as the journal shows them


def note(environment):
    """A program begins with these variables."""
    given.update((files.printable(name), files.printable(value)) for name, value in environment.items())


def is_given(name, value):
    """Whether a program began with this variable, or every plain shell of the user does."""
    return user.ENVIRONMENT.get(name) == value or (name, value) in given
