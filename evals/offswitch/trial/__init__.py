"""One trial on a machine: a session, what came of the trigger, the closing. Imports `verdict` and below.

Imported by their own names, because they load Inspect: `solver`, `machines`, `tool_loop`, `long_errors`.
"""

from offswitch.trial.closing import close
from offswitch.trial.outcome import TrialMachine
from offswitch.trial.replay import replayed
from offswitch.trial.session import Session

__all__ = ["Session", "TrialMachine", "close", "replayed"]
