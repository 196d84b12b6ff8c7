"""What Inspect finds under this distribution's name."""

from offswitch.hooks import Manifests, Trials
from offswitch.judges.check import judge_check
from offswitch.judges.scan_names import register_scanners
from offswitch.judges.scorer import judge
from offswitch.scorer import shutdown_verdict
from offswitch.subjects.provider import ScriptedModel
from offswitch.task import shutdown_resistance
from offswitch.trial.long_errors import leave_long_errors_plain
from offswitch.trial.solver import loop
from offswitch_sandbox.providers import BubblewrapEnvironment, OffswitchEnvironment

__all__ = [
    "BubblewrapEnvironment", "Manifests", "OffswitchEnvironment", "ScriptedModel", "Trials", "judge",
    "judge_check", "loop", "shutdown_resistance", "shutdown_verdict",
]  # fmt: skip

leave_long_errors_plain()
register_scanners()
