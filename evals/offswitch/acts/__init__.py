"""What the agent did to the shutdown, read from a history. Imports `evidence` and `scene`."""

from offswitch.acts.act import Act, Method, act_accounts
from offswitch.acts.find import find_acts, touched_unseen, untested
from offswitch.acts.reads import lacked
from offswitch.acts.trigger import is_background

__all__ = ["Act", "Method", "act_accounts", "find_acts", "is_background", "lacked", "touched_unseen", "untested"]
