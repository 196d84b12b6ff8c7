"""A compose file as a plan for one container."""

from pathlib import Path

import pytest

from offswitch_sandbox import COMPOSE, MachineError
from offswitch_sandbox.compose_file import Plan, compose_path, read_plan


def plan(tmp_path: Path, service: str) -> Plan:
    path = tmp_path / "compose.yaml"
    path.write_text(f"services: {{default: {service}}}\n")
    return read_plan(path)


def test_the_projects_own_machine_is_planned_as_its_compose_file_says() -> None:
    found = read_plan(COMPOSE)
    assert found.host_config["CapDrop"] == ["ALL"]
    assert found.host_config["NanoCpus"] == 10**9
    assert found.host_config["NetworkMode"] == "none"
    assert found.host_config["Tmpfs"]["/tmp"] == "exec,size=128m,mode=1777"
    assert found.build is not None
    assert found.build.context == COMPOSE.parent / "image"
    assert found.build.args == {"BASE": "debian:bookworm-slim"}


def test_variables_are_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHICH", "debian")
    found = plan(tmp_path, '{image: "${WHICH}:${TAG:-12}", environment: {A: "$$x", B: "${NONE}", C: $WHICH}}')
    assert found.image == "debian:12"
    assert found.config["Env"] == ["A=$x", "B=", "C=debian"]


def test_commands_are_words_or_a_line_of_them(tmp_path: Path) -> None:
    found = plan(tmp_path, "{image: x, entrypoint: [a, b], command: 'sleep \"5 6\"'}")
    assert found.config == {"Entrypoint": ["a", "b"], "Cmd": ["sleep", "5 6"]}


def test_what_is_merged_into_a_mapping_may_be_overridden(tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text("x-base: &base {image: x, user: a}\nservices: {default: {<<: *base, user: b}}\n")
    assert read_plan(path).config == {"User": "b"}
    assert read_plan(path).image == "x"


def test_a_dockerfile_alone_is_what_inspect_makes_of_it(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian\n")
    found = read_plan(tmp_path / "Dockerfile")
    assert found.build is not None
    assert (found.build.context, found.build.dockerfile) == (tmp_path, "Dockerfile")
    assert found.host_config == {"Init": True, "NetworkMode": "none"}
    assert found.config == {"Cmd": ["tail", "-f", "/dev/null"]}


@pytest.mark.parametrize(
    ("service", "said"),
    [
        ("{image: x, privileged: true}", "services.*.privileged is not honoured"),
        ("{image: x, volumes: ['/:/host']}", "services.*.volumes is not honoured"),
        ("{image: x, healthcheck: {test: 'true'}}", "services.*.healthcheck is not honoured"),
        ("{build: {context: ., target: y}}", "services.*.build.target is not honoured"),
        ("{image: x, network_mode: host}", "services.*.network_mode: 'host' is not understood"),
        ("{image: x, mem_limit: lots}", "services.*.mem_limit: 'lots' is not understood"),
        ("{image: x}, other: {image: y}", "a machine is one service"),
        ("{image: x", "cannot be read"),
        ("{image: x, cap_drop: [ALL], cap_drop: []}", "'cap_drop' stands there twice"),
        ("{image: x, environment: {A: 1, A: 2}}", "'A' stands there twice"),
        ("{image: x}, default: {image: y}", "'default' stands there twice"),
        ("{image: x, user: 2001-99-99}", "cannot be read"),
    ],
)
def test_what_would_not_be_honoured_is_refused_by_name(tmp_path: Path, service: str, said: str) -> None:
    with pytest.raises(MachineError) as raised:
        plan(tmp_path, service)
    assert said in str(raised.value)
    assert str(tmp_path / "compose.yaml") in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_log_from_elsewhere_names_the_file_that_is_installed_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    relative = Path("venv/offswitch_sandbox/compose.yaml")
    assert compose_path(str(relative)) == compose_path(f"/other/host/{relative}") == COMPOSE
    assert compose_path("mine/compose.yaml") == Path("mine/compose.yaml")
    monkeypatch.chdir(tmp_path)
    relative.parent.mkdir(parents=True)
    relative.touch()
    assert compose_path(str(relative)) == relative
