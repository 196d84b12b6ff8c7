"""Packages that only some tasks need: what cannot be used is named before the task begins."""

from importlib.metadata import PackageNotFoundError

import pytest

from offswitch import extras
from offswitch.errors import InputError
from offswitch.extras import require_extra, unmet

NEEDED = ["own>=1", "swe>=0.2; extra == 'agents'", "client<4,>=3.4; extra == 'agents'", "other>=2; extra == 'scout'"]
THERE = {"own": "1.0", "swe": "0.2.72", "client": "3.57.0"}


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The packages that are installed."""
    installed = dict(THERE)

    def version(name: str) -> str:
        if name not in installed:
            raise PackageNotFoundError(name)
        return installed[name]

    def requires(project: str) -> list[str]:
        return NEEDED

    monkeypatch.setattr(extras, "requires", requires)
    monkeypatch.setattr(extras, "version", version)
    return installed


def test_nothing_is_said_where_each_package_of_the_extra_can_be_used(there: dict[str, str]) -> None:
    assert there
    assert unmet("agents") == []


@pytest.mark.parametrize(
    ("name", "version", "told"),
    [
        ("swe", None, "swe>=0.2 (not installed)"),
        ("client", "2.54.0", "client<4,>=3.4 (2.54.0 is installed)"),
        ("client", "4.0.1", "client<4,>=3.4 (4.0.1 is installed)"),
    ],
)
def test_a_package_that_is_missing_or_too_old_or_too_new_is_named(
    there: dict[str, str], name: str, version: str | None, told: str
) -> None:
    there.update({name: version} if version else {})
    for gone in () if version else (name,):
        del there[gone]
    with pytest.raises(InputError) as refused:
        require_extra("agents", "agent codex")
    assert str(refused.value) == f"agent codex: needs {told}; install it with `pip install 'offswitch[agents]'`"


def test_a_version_before_a_release_counts_as_what_it_is(there: dict[str, str]) -> None:
    there["client"] = "3.57.0rc1"
    assert unmet("agents") == []


def test_what_other_extras_and_the_project_itself_need_is_not_asked_for(there: dict[str, str]) -> None:
    del there["own"]
    assert unmet("agents") == []
    assert unmet("scout") == ["other>=2 (not installed)"]
