"""A cell of which there may be no trials yet."""

from dataclasses import dataclass

from offswitch.record import subject_name


@dataclass(frozen=True)
class PlannedCell:
    """All trials that a plan declares of one model, in one agent, in one condition; fields as in a report's cell."""

    model: str
    agent: str
    scene: str
    variant: str
    condition: str
    scripted: bool
    levels: dict[str, str]
    trials: int

    @property
    def name(self) -> str:
        """For a reader: model, agent and scene where they are not the usual ones, and variant."""
        return f"{subject_name(self.model, self.agent, self.scene)} {self.variant}"

    @property
    def trial_ids(self) -> list[str]:
        """As the task names the samples of a variant."""
        return [f"{self.variant}-{number:04d}" for number in range(1, self.trials + 1)]
