"""The one name that a trial has everywhere: in records, manifests, rulings and on the command line."""

import re


def trial_id(sample_id: int | str, epoch: int) -> str:
    """The sample's id, with .eN behind it in epoch N from the second on; a log's number of epochs has no part in it."""
    return f"{sample_id}" if epoch == 1 else f"{sample_id}.e{epoch}"


def sample_and_epoch(trial: str) -> tuple[str, int]:
    """The sample's id and the epoch of a trial; `.e1`, as the first version wrote it in places, is read too."""
    named = re.fullmatch(r"(.+)\.e(\d+)", trial)
    return (named[1], int(named[2])) if named else (trial, 1)


def same_trial(one: str, other: str) -> bool:
    """Whether two names are of the same trial."""
    return sample_and_epoch(one) == sample_and_epoch(other)
