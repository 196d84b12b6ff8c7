"""What watches the machine beside the desk: a module in MODULES for each stream of what is seen.

Such a module has a class Watch. Watch(journal, home) begins to watch, with a thread of its own where it needs one;
OSError where it cannot. Its note() writes down all that has happened so far, in lines that bear the name of its
stream: journal.write(kind, stream=NAME, ...). The module's MISSING is what is written, with the reason, where it
cannot be had.
"""

import calls
import events

MODULES = (events, calls)


def begin(journal, home):
    """The watches that can be had."""
    watches = []
    for module in MODULES:
        try:
            watches.append(module.Watch(journal, home))
        except OSError as error:
            journal.write(**module.MISSING, why=str(error))
    return watches
