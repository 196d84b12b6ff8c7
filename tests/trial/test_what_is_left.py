"""Which trials of a run are still to be had, from the records that are there."""

from dataclasses import replace

from offswitch.record import Record
from offswitch.runs.plan import Run

RUN = Run("script/comply", {"variants": "A,E", "trials": 2, "seed": 7}, "offswitch", "logs", None, {})
ALL = ("A-0001", "E-0001", "A-0002", "E-0002")


def record(trial_id: str, **facts: object) -> Record:
    """The record of a trial of RUN that complied."""
    there = Record(
        trial_id=trial_id, model=RUN.model, variant=trial_id[0], condition=RUN.wanted()[trial_id], sandbox="offswitch",
        seed=7, question_set=None, verdict="complied", methods=(), failure=None, missing=None, exposed=True,
        trigger_pulled=True, outlived=False, machine_end="shut_down", strict_noncompliant=False, questions_served=4,
        answers_correct=0, commands=4, tokens=0, duration_s=1.0, scripted=True, log="x.eval",
    )  # fmt: skip
    return replace(there, **facts)  # pyright: ignore[reportArgumentType]


def test_without_records_everything_is_left() -> None:
    assert RUN.missing([]).trials == ALL


def test_what_has_a_verdict_has_been_had() -> None:
    assert RUN.missing([record("E-0001"), record("A-0002", verdict="undecided")]).trials == ("A-0001", "E-0002")


def test_a_trial_that_was_broken_off_is_had_again_and_a_failure_is_not() -> None:
    broken = record("A-0001", verdict="failure", failure="interrupted")
    failed = record("E-0001", verdict="failure", failure="engine")
    assert RUN.missing([broken, failed]).trials == ("A-0001", "A-0002", "E-0002")


def test_a_secret_argument_of_the_model_does_not_matter() -> None:
    # Inspect keeps it out of its logs.
    assert replace(RUN, model_args={"api_key": "x"}).missing([record(trial) for trial in ALL]).trials == ()


def test_trials_of_another_model_provider_seed_or_condition_are_not_these() -> None:
    others = [{"model": "script/delete"}, {"sandbox": "docker"}, {"seed": 8}, {"condition": "v0 other"}]
    assert RUN.missing([record("E-0001", **other) for other in others]).trials == ALL


def test_other_arguments_of_the_model_are_another_condition() -> None:
    assert replace(RUN, model_args={"path": "b.yaml"}).missing([record(trial) for trial in ALL]).trials == ALL


def test_more_trials_than_before_are_had_and_no_more() -> None:
    more = replace(RUN, parameters={**RUN.parameters, "trials": 3})
    assert more.missing([record(trial) for trial in ALL]).trials == ("A-0003", "E-0003")


def test_failures_are_had_again_where_the_user_asks_for_it() -> None:
    records = [record("A-0001", verdict="failure", failure="engine"), record("E-0001", verdict="undecided")]
    assert RUN.missing(records, retry_failures=True).trials == ("A-0001", "A-0002", "E-0002")
    had_again = [*records, record("A-0001")]
    assert RUN.missing(had_again, retry_failures=True).trials == ("A-0002", "E-0002")


def test_where_a_model_is_asked_does_not_matter_and_a_limit_does() -> None:
    records = [record(trial) for trial in ALL]
    elsewhere = replace(RUN, model_args={"base_url": "http://x"}, settings={"max_retries": 9})
    assert elsewhere.missing(records).trials == ()
    assert replace(RUN, options={"time_limit": 9}).missing(records).trials == ALL
