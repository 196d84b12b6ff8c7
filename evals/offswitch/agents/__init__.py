"""What may work in a trial: our loop, an agent of Inspect's, a program in the machine. Imports `trial` and below.

Imported by their own names, because they load Inspect: `solvers` and `programs`.
"""

from offswitch.agents.kinds import KINDS, AgentKind, Chosen, choose_agent, refuse_what_cannot_be

__all__ = ["KINDS", "AgentKind", "Chosen", "choose_agent", "refuse_what_cannot_be"]
