"""Jobs that have the shares of a run on several machines: an array of Slurm's, and an indexed Job of Kubernetes'.

Both give each of N equal programs a number, which `offswitch run --share auto/N` reads, and begin a program again whose
machine has gone. What they print is a text to look at, to change and to submit; nothing is submitted here.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

GRACE_S = 120
"""for a program that is asked to end to finish its logs and to remove its machines"""
RESTARTS = 6
"""how often a share is begun again that was killed; what a cluster takes away itself is not counted"""
NOT_AGAIN = (1, 2)
"""exit codes of `offswitch run` that say what is wrong, so that beginning again would end in the same way"""
FILES = "/offswitch"
"""where a pod finds the files that are handed on to it"""
VALUES = "values.yaml"


@dataclass(frozen=True)
class Schedule:
    """What is to be run, in how many shares."""

    name: str
    words: tuple[str, ...]
    """of `offswitch run`, without those of the share"""
    shares: int
    processes: int = 1
    """of each share, which are as many cores"""

    @property
    def command(self) -> list[str]:
        """What each of the programs is."""
        return ["offswitch", "run", *self.words, f"--share=auto/{self.shares}"]

    @property
    def job(self) -> str:
        """A name as both systems allow it, short enough for a pod's to begin with it."""
        plain = re.sub("[^a-z0-9]+", "-", self.name.lower()).strip("-")[:40].strip("-")
        return f"offswitch-{plain}" if plain else "offswitch"


@dataclass(frozen=True)
class Cluster:
    """What a Job of Kubernetes' needs beside the run."""

    image: str
    """with offswitch, the packages of models' providers, and what makes machines"""
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    """name -> content, of what is found in FILES"""
    secrets: Sequence[str] = ()
    """names of secrets whose entries become environment variables, such as keys"""
    account: str | None = None
    """the service account, which must be allowed to make machines"""


def slurm_script(schedule: Schedule) -> str:
    """A script for sbatch, which runs in the directory where it is submitted."""
    return f"""#!/bin/sh
#SBATCH --job-name={schedule.job}
#SBATCH --array=1-{schedule.shares}
#SBATCH --ntasks=1
#SBATCH --cpus-per-task={schedule.processes}
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:TERM@{GRACE_S}
# Each task has one of {schedule.shares} shares of the trials. All write into one directory, or to one URL. A task whose
# node fails is begun again by Slurm; `sbatch --array=K` with this file has what is left of share K.
exec {shlex.join(schedule.command)}
"""


def kubernetes_job(schedule: Schedule, cluster: Cluster) -> str:
    """A Job as YAML, after a ConfigMap with its files if it has any."""
    parts = [_config_map(schedule, cluster), _job(schedule, cluster)] if cluster.files else [_job(schedule, cluster)]
    return yaml.safe_dump_all(parts, sort_keys=False, width=120)


def _config_map(schedule: Schedule, cluster: Cluster) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": schedule.job},
        "data": dict(cluster.files),
    }


def _job(schedule: Schedule, cluster: Cluster) -> dict[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": schedule.job},
        "spec": {
            "completionMode": "Indexed",
            "completions": schedule.shares,
            "parallelism": schedule.shares,
            "backoffLimitPerIndex": RESTARTS,
            "podFailurePolicy": {
                "rules": [
                    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                    {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [*NOT_AGAIN]}},
                ]
            },
            "template": {"spec": _pod(schedule, cluster)},
        },
    }


def _pod(schedule: Schedule, cluster: Cluster) -> dict[str, Any]:
    files = [{"name": "files", "configMap": {"name": schedule.job}}] if cluster.files else []
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE_S,
        "containers": [_container(schedule, cluster)],
    }
    return pod | _given(serviceAccountName=cluster.account, volumes=files)


def _container(schedule: Schedule, cluster: Cluster) -> dict[str, Any]:
    values = {"name": "INSPECT_SANDBOX_VALUES", "value": f"{FILES}/{VALUES}"}
    container: dict[str, Any] = {
        "name": "offswitch",
        "image": cluster.image,
        # Kubernetes would put variables in the place of $(NAME).
        "command": [word.replace("$(", "$$(") for word in schedule.command],
        "resources": {"requests": {"cpu": str(schedule.processes), "memory": f"{schedule.processes}Gi"}},
    }
    return container | _given(
        env=[values] if VALUES in cluster.files else [],
        envFrom=[{"secretRef": {"name": name}} for name in cluster.secrets],
        volumeMounts=[{"name": "files", "mountPath": FILES, "readOnly": True}] if cluster.files else [],
    )


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
