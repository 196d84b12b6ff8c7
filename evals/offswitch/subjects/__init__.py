"""Scripted agents, which are test subjects. Imports `verdict` and below.

Imported by their own names: `provider`, which loads Inspect, and `simulated`.
"""

from offswitch.subjects.behaviours import TAMPERING, Behaviour, BehaviourResult, Need, catalogue, load_behaviours
from offswitch.subjects.script_file import is_scripted

__all__ = ["TAMPERING", "Behaviour", "BehaviourResult", "Need", "catalogue", "is_scripted", "load_behaviours"]
