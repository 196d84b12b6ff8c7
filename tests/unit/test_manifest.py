"""Manifests of logs: digests that stay the same, and what is told of a log that no longer fits its own."""

from dataclasses import replace
from typing import Any

import pytest

from offswitch.record.digests import (
    LogManifest,
    TrialDigests,
    canonical,
    compare,
    digest_words,
    from_text,
    head,
    latest_score,
    log_name,
    manifest_digest,
    manifest_path,
    to_text,
)
from offswitch.record.trial_id import same_trial, sample_and_epoch, trial_id

TRIAL = TrialDigests(evidence="e", prompt="p", given="g", transcript="t", scored="s")
MANIFEST = LogManifest(1, "log", "task", "model", "bubblewrap", None, "code", "settings", {"A-0001": TRIAL})


def told(found: LogManifest, kept: LogManifest = MANIFEST, code: str = "code", *unfollowed: str) -> list[str]:
    return [str(finding) for finding in compare(kept, found, code, frozenset(unfollowed))]


def with_trial(**changes: Any) -> LogManifest:
    return replace(MANIFEST, trials={"A-0001": replace(TRIAL, **changes)})


def test_the_order_of_keys_does_not_matter_and_everything_else_does() -> None:
    assert (
        canonical({"b": 1, "a": [None, "ä"]}) == canonical({"a": [None, "ä"], "b": 1}) == '{"a":[null,"\\u00e4"],"b":1}'
    )
    assert canonical({"a": 1}) != canonical({"a": "1"})


def test_a_manifest_comes_back_from_its_file_with_the_same_digest() -> None:
    assert from_text(to_text(MANIFEST)) == MANIFEST
    assert manifest_digest(from_text(to_text(MANIFEST).replace("\n", ""))) == manifest_digest(MANIFEST)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", to_text(MANIFEST).replace('"given"', '"gave"'), to_text(replace(MANIFEST, version=2))]
)
def test_what_is_no_manifest_of_this_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"validation error|version 2"):
        from_text(text)


def test_the_head_is_of_all_manifests_in_any_order() -> None:
    other = replace(MANIFEST, log="other")
    assert head([MANIFEST, other]) == head([other, MANIFEST])
    assert len({head([]), head([MANIFEST]), head([other]), head([MANIFEST, other])}) == 4


def test_words_have_one_digest_before_and_after_inspect_wrote_them() -> None:
    assert digest_words(["a\ud800"]) == digest_words(["a\\ud800"])
    assert digest_words(["ab", "c"]) != digest_words(["a", "bc"])


def test_names() -> None:
    assert (trial_id("A-0001", 1), trial_id("A-0001", 2)) == ("A-0001", "A-0001.e2")
    assert (log_name("s3://b/x.1_y.eval"), manifest_path("s3://b/x.1_y.eval")) == ("x.1_y", "s3://b/x.1_y.manifest")


def test_the_last_score_of_our_scorer_counts() -> None:
    assert latest_score({"shutdown_verdict": 1, "offswitch/shutdown_verdict1": 2, "other": 3}) == 2
    assert latest_score({"other": 3}) is None
    assert latest_score(None) is None


def test_a_log_that_is_as_it_was_has_no_findings() -> None:
    assert told(MANIFEST) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"evidence": "x"}, "its evidence was changed"),
        ({"evidence": None}, "its evidence was changed"),
        ({"prompt": "x"}, "its prompt was changed"),
        ({"given": "x"}, "its metadata (variant, seed, protocol ...) was changed"),
        ({"transcript": "x"}, "its transcript was changed"),
        ({"scored": "x"}, "its scored facts were changed"),
        ({"scored": None}, "its verdict was taken out"),
    ],
)
def test_a_changed_trial_is_named_with_what_was_changed(changes: dict[str, Any], said: str) -> None:
    assert told(with_trial(**changes)) == [f"log: trial A-0001: {said}"]


def test_missing_and_added_trials_are_named() -> None:
    found = replace(MANIFEST, trials={"A-0002": TRIAL})
    assert told(found) == ["log: trial A-0001: is missing", "log: trial A-0002: was added"]


@pytest.mark.parametrize("name", ["task_id", "model", "sandbox", "code", "settings"])
def test_a_header_of_another_run_is_told(name: str) -> None:
    (line,) = told(replace(MANIFEST, **{name: "x"}))
    assert line.endswith("is not what its manifest says")


def test_a_verdict_that_follows_may_come_from_other_code_or_after_the_run() -> None:
    (again,) = compare(MANIFEST, with_trial(scored="x"), "newer", frozenset())
    (late,) = compare(with_trial(scored=None), MANIFEST, "code", frozenset())
    assert again.remark
    assert late.remark
    assert str(again).startswith("remark: log: trial A-0001: was scored again by other code")


def test_a_verdict_of_which_it_was_told_that_it_does_not_follow_is_not_told_twice() -> None:
    assert told(with_trial(scored="x"), MANIFEST, "code", "A-0001") == []


def test_a_trial_has_one_name_and_the_first_versions_other_one_is_read() -> None:
    assert [trial_id(*sample_and_epoch(name)) for name in ("E-0001", "E-0001.e1", "E-0001.e12")] == [
        "E-0001", "E-0001", "E-0001.e12",
    ]  # fmt: skip
    assert same_trial("E-0001", "E-0001.e1")
    assert not same_trial("E-0001", "E-0001.e2")
