"""Trials of logs as rows that others train on: trajectories, and pairs of them. Imports `logs` and below."""

from offswitch_analysis.training_data.export import Exported, export
from offswitch_analysis.training_data.pairs import preference_pairs
from offswitch_analysis.training_data.trajectories import Trajectory

__all__ = ["Exported", "Trajectory", "export", "preference_pairs"]
