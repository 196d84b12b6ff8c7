"""What can be wrong with what a user gave; every message says what, where and what to do.

InputError               a parameter, script file, rates file or log directory
PromptError              a prompt file or a choice of variants (offswitch_prompts)
MachineError             the engine, the image or the desk (offswitch_sandbox)
TrialFailure             one trial's machinery broke; its sample is an error in the log
"""


class InputError(ValueError):
    """Something a user gave cannot be used."""


class TrialFailure(RuntimeError):
    """A trial without a verdict; Inspect counts, shows and may retry its sample."""
