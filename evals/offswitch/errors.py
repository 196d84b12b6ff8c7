"""Errors that say what is wrong, where, and what to do; PromptError and MachineError are of other packages."""


class InputError(ValueError):
    """Something a user gave cannot be used: a parameter, a file or a log directory."""


class TrialFailure(RuntimeError):
    """A trial without a verdict, whose machinery broke; Inspect counts, shows and may retry its sample."""


class AgentFailure(RuntimeError):
    """An agent's program failed; says how, in one short line."""
