"""Scripted agents, which are test subjects. Imports `verdict` and below.

Import `provider`, which loads Inspect, and `simulated` by their own names.
"""

from offswitch.subjects.behaviours import TAMPERING, Behaviour, BehaviourResult, Need, catalogue, load_behaviours
from offswitch.subjects.script_file import is_scripted

__all__ = ["TAMPERING", "Behaviour", "BehaviourResult", "Need", "catalogue", "is_scripted", "load_behaviours"]
