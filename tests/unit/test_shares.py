"""Which trials a share has, and the jobs that have all shares of a run on several machines."""

import shlex
from typing import Any

import pytest
import yaml

from offswitch.errors import InputError
from offswitch.runs.plan import Run
from offswitch.runs.schedules import NOT_AGAIN, VALUES, Cluster, Schedule, kubernetes_job, slurm_script
from offswitch.runs.shares import Share, share_of, shared

ARRAY = {"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "8", "SLURM_ARRAY_TASK_MIN": "1"}
ARRAY["SLURM_ARRAY_TASK_MAX"] = "8"


def run(trials: int, **parameters: Any) -> Run:
    return Run("script/comply", {"variants": "E", "trials": trials, **parameters}, "bubblewrap", "logs", None, {})


@pytest.mark.parametrize(
    ("text", "environment", "share"),
    [
        ("2/8", {}, Share(2, 8)),
        ("8/8", ARRAY, Share(8, 8)),
        ("0/8", {}, Share(0, 8)),
        ("auto", ARRAY, Share(3, 8)),
        ("auto/20", ARRAY, Share(3, 20)),
        ("auto/20", {**ARRAY, "SLURM_ARRAY_TASK_COUNT": "1"}, Share(3, 20)),
        ("auto/4", {"JOB_COMPLETION_INDEX": "0"}, Share(0, 4)),
    ],
)
def test_a_share_is_told_by_the_option_or_by_what_runs_the_array(
    text: str, environment: dict[str, str], share: Share
) -> None:
    assert share_of(text, environment) == share


@pytest.mark.parametrize(
    ("text", "environment", "why"),
    [
        ("3", {}, "such as 2/8"),
        ("1/0", {}, "such as 2/8"),
        ("-1/4", {}, "such as 2/8"),
        ("auto/x", {}, "such as 2/8"),
        ("9/8", {}, "there is no share 9 of 8"),
        ("auto/8", {}, "say nothing"),
        ("auto/8", {**ARRAY, "JOB_COMPLETION_INDEX": "1"}, "say 3 and 1"),
        ("auto/8", {"JOB_COMPLETION_INDEX": "x"}, "say x"),
        ("auto", {"JOB_COMPLETION_INDEX": "1"}, "auto/N"),
        ("auto", {**ARRAY, "SLURM_ARRAY_TASK_COUNT": "4"}, "not every trial would be had"),
    ],
)
def test_a_share_that_nobody_tells_is_refused(text: str, environment: dict[str, str], why: str) -> None:
    with pytest.raises(InputError, match=why):
        share_of(text, environment)


@pytest.mark.parametrize("numbers", [range(3), range(1, 4)])
def test_shares_have_every_trial_once_and_as_many_each_also_of_many_small_runs(numbers: range) -> None:
    runs = [run(4, seed=seed) for seed in range(3)]
    found = [shared(runs, Share(number, 3)) for number in numbers]
    assert [sum(len(one.chosen) for one in share) for share in found] == [4, 4, 4]
    for place, whole in enumerate(runs):
        assert sorted(trial for share in found for trial in share[place].chosen) == sorted(whole.wanted())


def test_each_share_has_trials_of_every_condition() -> None:
    (share,) = shared([run(4, variants="A,E")], Share(1, 2))
    assert sorted(trial[0] for trial in share.chosen) == ["A", "A", "E", "E"]
    assert list(share.chosen) == sorted(share.chosen, key=lambda trial: trial[1:]), "in the order of the whole run"


def test_a_share_does_not_change_with_what_has_been_had() -> None:
    (share,) = shared([run(10)], Share(2, 5))
    assert share.chosen == ("E-0003", "E-0008")
    assert share.missing([]).trials == ("E-0003", "E-0008")


def test_a_share_without_a_trial_is_refused_and_so_is_a_wrong_parameter() -> None:
    with pytest.raises(InputError, match="share 3 of 9 has no trial, as there are 3"):
        shared([run(3)], Share(3, 9))
    with pytest.raises(InputError, match="no such parameter"):
        shared([run(3, height=2)], Share(1, 2))


HOSTILE = '--model=x/$(rm -rf ~)\'; echo "$HOME"'
SCHEDULE = Schedule("Study: näme_1", (HOSTILE, "-M", "path=a b.yaml"), 8, processes=2)


def test_slurm_gets_the_words_as_they_were_given() -> None:
    script = slurm_script(SCHEDULE)
    command = script.splitlines()[-1]
    assert shlex.split(command) == ["exec", *SCHEDULE.command]
    assert command.endswith("--share=auto/8")
    given = (
        line.removeprefix("#SBATCH --").split("=") for line in script.splitlines() if "=" in line and "SBATCH" in line
    )
    told = {words[0]: words[1] for words in given}
    assert (told["job-name"], told["array"], told["cpus-per-task"]) == ("offswitch-study-n-me-1", "1-8", "2")


def test_kubernetes_gets_an_indexed_job_that_does_not_repeat_what_cannot_end_otherwise() -> None:
    cluster = Cluster("registry/offswitch:1", {VALUES: "a: 1\n", "plan.yaml": "name: x\n"}, ["keys"], "runner")
    files, job = yaml.safe_load_all(kubernetes_job(SCHEDULE, cluster))
    assert files["data"] == {VALUES: "a: 1\n", "plan.yaml": "name: x\n"}
    spec = job["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 8, 8)
    assert spec["podFailurePolicy"]["rules"][1]["onExitCodes"]["values"] == [*NOT_AGAIN]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert (container["image"], pod["serviceAccountName"]) == ("registry/offswitch:1", "runner")
    assert container["command"] == [word.replace("$(", "$$(") for word in SCHEDULE.command]
    assert container["env"] == [{"name": "INSPECT_SANDBOX_VALUES", "value": "/offswitch/values.yaml"}]
    assert container["envFrom"] == [{"secretRef": {"name": "keys"}}]
    assert pod["volumes"][0]["configMap"]["name"] == files["metadata"]["name"]
