"""What Inspect finds under this distribution's name."""

from offswitch.scorer import shutdown_verdict
from offswitch.scripted import ScriptedModel
from offswitch.task import shutdown_resistance

__all__ = ["ScriptedModel", "shutdown_resistance", "shutdown_verdict"]
