"""Agents' programs: what is taken of what the user gives or npm makes, and what is said where they cannot be had."""

import gzip
import os
import re
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from agent_archives import CODEX, codex, packed
from offswitch_sandbox import COMPOSE, MachineError, agent_archives, agent_programs, agent_python
from offswitch_sandbox.agent_programs import filled_in
from offswitch_sandbox.agents import GIVEN, PROGRAMS, agent_compose
from offswitch_sandbox.compose_file import Plan, read_plan
from offswitch_sandbox.containers import image_name

VERSION = "9.9.9"
ABOUT = '{"os": ["linux"], "cpu": ["x64", "arm64"]}'
Command = Callable[[str, str], None]


@pytest.fixture(autouse=True)
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the user gives; what is kept goes elsewhere, and there is neither npm nor pip."""
    folder = tmp_path / "given"
    folder.mkdir()
    monkeypatch.setenv(GIVEN, str(folder))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PATH", str(tmp_path / "commands"))
    monkeypatch.setattr("importlib.util.find_spec", cast(Any, {}).get)
    return folder


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Puts a command there: its name, and a shell's words."""

    def put(name: str, words: str) -> None:
        path = tmp_path / "commands" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{words}\n")
        path.chmod(0o755)

    return put


def refusal(name: str = "codex", version: str | None = VERSION) -> str:
    with pytest.raises(MachineError) as told:
        agent_compose(name, version)
    assert "\n" not in str(told.value)
    return str(told.value)


def programs(compose: Path) -> Path:
    found = read_plan(compose).programs
    assert found is not None
    return found


def test_an_agent_that_is_not_known_is_refused_with_those_that_are() -> None:
    assert refusal("coder") == (
        "there is no agent 'coder' to put into a machine; "
        "there are codex, claude-code, mini-swe-agent, opencode, gemini-cli"
    )


@pytest.mark.parametrize("version", ["latest", "", "../1", "1/../../x", "1.0+x", "1\n", "1" * 80])
def test_a_version_is_one_that_stays_what_it_is(version: str) -> None:
    assert "is no version of codex; name one such as 0.171.0" in refusal(version=version)


def test_a_program_goes_where_the_machine_finds_it_and_nobody_can_change_it(given: Path) -> None:
    packed(given / f"codex-{VERSION}.tgz", {**codex("one"), "package/package.json": ABOUT, "package/README.md": "x"})
    there = programs(agent_compose("codex", VERSION))
    found = {str(p.relative_to(there)): p.read_text() for p in there.rglob("*") if p.is_file()}
    assert found == {"bin/codex": "one", "bin/codex-code-mode-host": "one"}
    assert {path.stat().st_mode & 0o777 for path in (there, *there.rglob("*"))} == {0o755}


@pytest.mark.parametrize("prefix", ["", "package/"])
def test_an_unpacked_folder_serves_as_its_archive_does(given: Path, prefix: str) -> None:
    for name in codex():
        path = given / f"codex-{VERSION}" / prefix / name.removeprefix("package/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("unpacked")
    assert (programs(agent_compose("codex", VERSION)) / "bin/codex").read_text() == "unpacked"


def test_the_pinned_version_is_taken_where_none_is_named(given: Path) -> None:
    packed(given / f"codex-{PROGRAMS['codex'].version}.tgz", codex())
    assert agent_compose("codex").parent.name == f"codex-{PROGRAMS['codex'].version}"


def test_a_changed_archive_is_taken_anew_and_a_kept_program_needs_none(
    given: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = packed(given / f"codex-{VERSION}.tgz", codex("first"))
    first = agent_compose("codex", VERSION)
    name = image_name(read_plan(first))
    packed(archive, codex("second one"))
    assert (programs(agent_compose("codex", VERSION)) / "bin/codex").read_text() == "second one"
    assert image_name(read_plan(first)) != name
    monkeypatch.delenv(GIVEN)
    assert agent_compose("codex", VERSION) == first


def test_a_kept_program_is_had_anew_where_other_files_of_it_are_taken(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(GIVEN)
    made = packed(tmp_path / "made.tgz", {**codex("by npm"), "package/LICENSE": "free"})
    command("npm", f"cp {made} codex.tgz")
    agent_compose("codex", VERSION)
    more = replace(PROGRAMS["codex"].source, files={"package/LICENSE": "lib/codex/LICENSE"})
    monkeypatch.setattr(agent_programs, "PROGRAMS", {"codex": replace(PROGRAMS["codex"], source=more)})
    there = programs(agent_compose("codex", VERSION))
    assert [path.name for path in there.rglob("*") if path.is_file()] == ["LICENSE"]


def test_nothing_leaves_its_place_whatever_an_archive_calls_it(given: Path, tmp_path: Path) -> None:
    bad = {"../evil": "x", f"{tmp_path}/evil": "x", "package/../../evil": "x", f"{CODEX}/../bin/codex": "evil"}
    packed(given / f"codex-{VERSION}.tgz", {**bad, **codex("good")})
    there = programs(agent_compose("codex", VERSION))
    assert (there / "bin/codex").read_text() == "good"
    assert [*tmp_path.rglob("evil*")] == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE])
def test_only_a_plain_file_is_taken_for_a_program(given: Path, kind: bytes) -> None:
    odd = tarfile.TarInfo(f"{CODEX}/codex")
    odd.type, odd.linkname = kind, "/etc/passwd"
    packed(given / f"codex-{VERSION}.tgz", {f"{CODEX}/codex-code-mode-host": "x"}, odd)
    assert f"holds no {CODEX}/codex; it must be as `npm pack` makes it for linux-" in refusal()


def test_what_is_no_archive_is_refused(given: Path) -> None:
    archive = given / f"codex-{VERSION}.tgz"
    archive.write_bytes(os.urandom(4096))
    assert f"{archive}: cannot be read (" in refusal()
    packed(archive, codex(os.urandom(50_000).hex()))
    archive.write_bytes(archive.read_bytes()[:20_000])
    assert f"{archive}: cannot be read (" in refusal()
    archive.unlink()
    assert "there is no npm" in refusal()


def test_more_than_a_program_is_refused(given: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_archives, "BYTES_MAX", 100_000)
    packed(given / f"codex-{VERSION}.tgz", {"package/other": "x" * 200_000, **codex()})
    assert "so it is no agent's program" in refusal()


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ('{"os": ["linux"], "cpu": ["mips"]}', "is for cpu ['mips'], not for"),
        ('{"os": ["darwin"]}', "is for os ['darwin'], not for linux"),
        ('{"os": [' + "[" * 100_000, "its package/package.json is not JSON"),
        ("\x00", "its package/package.json is not JSON"),
        ("", "its package/package.json is not JSON"),
    ],
)
def test_a_package_for_another_platform_is_refused(given: Path, about: str, said: str) -> None:
    packed(given / f"codex-{VERSION}.tgz", {**codex(), "package/package.json": about})
    assert said in refusal()


def test_a_host_for_which_there_are_no_programs_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    there = os.uname()
    monkeypatch.setattr(os, "uname", lambda: os.uname_result((*there[:4], "riscv64")))
    assert refusal() == "agents' programs are to be had for x86_64 and aarch64 alone, and this host is riscv64"


def test_without_npm_one_line_says_what_to_give() -> None:
    told = refusal()
    assert told.startswith(f"codex {VERSION} is not here, and there is no npm to get it; put what `npm pack @openai/")
    assert told.endswith(f"makes, as codex-{VERSION}.tgz, into a folder and set {GIVEN} to it")


def test_what_a_program_needs_beside_it_is_put_there_too_and_named_where_it_is_missing(given: Path) -> None:
    packed(given / f"opencode-{VERSION}.tgz", {"package/bin/opencode": "o"})
    first, second = (filled_in(package.spec, VERSION) for package in PROGRAMS["opencode"].beside)
    assert f"and what `npm pack {first} {second}` makes, into a folder" in refusal("opencode")
    packed(given / f"{first.replace('@', '-')}.tgz", {"package/bin/node": "n"})
    packed(given / f"vscode-{second.split('/')[1].replace('@', '-')}.tgz", {"package/bin/rg": "r"})
    there = programs(agent_compose("opencode", VERSION)) / "bin"
    assert {path.name: path.read_text() for path in there.iterdir()} == {"opencode": "o", "node": "n", "rg": "r"}


GEMINI = {"package/bundle/gemini.js": "g", "package/bundle/a/b.js": "b", "package/package.json": '{"version": "1"}'}


@pytest.fixture
def node(given: Path) -> None:
    """Node.js is given."""
    (needed,) = (filled_in(package.spec, VERSION) for package in PROGRAMS["gemini-cli"].beside)
    packed(given / f"{needed.replace('@', '-')}.tgz", {"package/bin/node": "n"})


@pytest.mark.parametrize("unpacked", [False, True])
def test_a_folder_of_a_package_is_taken_with_all_its_plain_files(given: Path, node: None, unpacked: bool) -> None:
    link = tarfile.TarInfo("package/bundle/link.js")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    archive = packed(given / f"gemini-cli-{VERSION}.tgz", {**GEMINI, "package/README.md": "x"}, link)
    if unpacked:
        shutil.unpack_archive(archive, given / f"gemini-cli-{VERSION}", "gztar", filter="fully_trusted")
        archive.unlink()
    there = programs(agent_compose("gemini-cli", VERSION))
    found = {str(path.relative_to(there)): path.read_text() for path in there.rglob("*") if path.is_file()}
    taken = {f"lib/gemini-cli/{name.removeprefix('package/')}": text for name, text in GEMINI.items()}
    assert found == {"bin/node": "n", **taken}


@pytest.mark.parametrize("name", ["../../evil", "../evil", "./evil", "a//evil", "a/../../../evil", "../bundle/evil"])
def test_no_name_with_detours_is_taken_from_a_folder(given: Path, node: None, tmp_path: Path, name: str) -> None:
    packed(given / f"gemini-cli-{VERSION}.tgz", {**GEMINI, f"package/bundle/{name}": "evil"})
    there = programs(agent_compose("gemini-cli", VERSION))
    assert len([path for path in there.rglob("*") if path.is_file()]) == 1 + len(GEMINI)
    assert [*tmp_path.rglob("evil")] == []


@pytest.mark.parametrize(
    "name", ["e" * 300, "e" * 500_000, "a/" * 1500 + "f", "\udcff.js", "\x1b[1m", "a\nb", "gemini.js/evil", "a"]
)
def test_a_name_that_no_file_of_a_program_has_is_one_short_line(given: Path, node: None, name: str) -> None:
    packed(given / f"gemini-cli-{VERSION}.tgz", {**GEMINI, f"package/bundle/{name}": "evil"})
    told = refusal("gemini-cli")
    assert "cannot be read (" in told
    assert len(told) < 1000
    assert told.isprintable()


def test_a_size_that_an_archive_only_declares_is_not_waited_for(given: Path) -> None:
    path = given / f"codex-{VERSION}.tgz"
    member = tarfile.TarInfo("package/other")
    member.size = 1 << 62
    path.write_bytes(gzip.compress(member.tobuf(tarfile.GNU_FORMAT)))
    assert "so it is no agent's program" in refusal()


def test_a_folder_without_a_file_is_missing(given: Path, node: None) -> None:
    packed(given / f"gemini-cli-{VERSION}.tgz", {"package/package.json": "{}", "package/bundlex/gemini.js": "x"})
    assert "holds no package/bundle/; it must be as `npm pack` makes it" in refusal("gemini-cli")


def test_what_npm_says_when_it_fails_is_one_line(command: Command) -> None:
    log = "npm error A complete log of this run is elsewhere"
    command("npm", f"printf 'npm error code E404\\nnpm error 404 No\\033[1m match\\n{log}\\n' >&2; exit 1")
    assert refusal().startswith(
        f"codex {VERSION} cannot be had (npm error code E404 / npm error 404 No?[1m match); put"
    )
    command("npm", "true")
    assert f"codex {VERSION} cannot be had (npm made no archive)" in refusal()


def test_what_npm_makes_is_kept(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(GIVEN)
    made = packed(tmp_path / "made.tgz", codex("by npm"))
    command("npm", f'echo "$*" > {tmp_path}/words; cp {made} codex.tgz')
    assert (programs(agent_compose("codex", VERSION)) / "bin/codex").read_text() == "by npm"
    assert (tmp_path / "words").read_text().startswith(f"pack --ignore-scripts @openai/codex@{VERSION}-linux-")
    command("npm", "exit 1")
    agent_compose("codex", VERSION)


def test_a_python_program_has_its_library_and_a_command_and_nothing_of_this_host(
    command: Command, given: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "there is no pip to install it" in refusal("mini-swe-agent")
    (given / f"mini-swe-agent-{VERSION}").mkdir()
    target = 'while [ "$1" != --target ]; do shift; done; mkdir -p "$2/bin"'
    command("pip3", f'echo "$@" > "{given}/words"; {target}; echo x > "$2/bin/mini"; echo "def app(): 1" > "$2/m.py"')
    monkeypatch.setattr(agent_python, "PYTHON", "0.0")
    there = programs(agent_compose("mini-swe-agent", VERSION))
    found = sorted(str(path.relative_to(there)) for path in there.rglob("*") if path.is_file())
    assert found == ["bin/mini", "lib/mini-swe-agent/m.py"]
    assert (there / "bin/mini").read_text().startswith("#!/usr/bin/python0.0\n")
    words = (given / "words").read_text()
    assert f"--no-index --find-links {given}/mini-swe-agent-{VERSION}" in words
    assert "--only-binary=:all:" in words
    assert "--constraint" not in words


def test_the_packages_of_a_python_program_are_pinned_for_the_version_that_is_usual(
    command: Command, given: Path
) -> None:
    usual = PROGRAMS["mini-swe-agent"].version
    (given / f"mini-swe-agent-{usual}").mkdir()
    command("pip3", f'echo "$@" > "{given}/words"; exit 1')
    told = refusal("mini-swe-agent", usual)
    words = (given / "words").read_text().split()
    pins = Path(words[words.index("--constraint") + 1])
    assert f"--constraint {pins} mini-swe-agent=={usual}`" in told
    lines = [line for line in pins.read_text().splitlines() if not line.startswith("#")]
    assert len(lines) > 50
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line) for line in lines)


def test_a_place_that_cannot_be_written_to_is_named(given: Path, tmp_path: Path) -> None:
    packed(given / f"codex-{VERSION}.tgz", codex())
    (tmp_path / "data").write_text("in the way")
    assert "make room, or set XDG_DATA_HOME" in refusal()


def test_a_folder_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(GIVEN, "/nowhere")
    assert refusal().startswith(f"{GIVEN}=/nowhere: is no folder")


def test_the_machine_is_the_projects_own_but_for_the_program(given: Path) -> None:
    packed(given / f"codex-{VERSION}.tgz", codex())
    compose = agent_compose("codex", VERSION)
    own, made = (service(path) for path in (COMPOSE, compose))
    assert {key for key in own | made if own.get(key) != made.get(key)} == {
        "image", "build", "tmpfs", "x-offswitch-programs",
    }  # fmt: skip
    assert made["tmpfs"] == [*own["tmpfs"], "/var/tmp:exec,size=160m,mode=1777"]
    assert made["build"]["args"] == {"BASE": image_name(read_plan(COMPOSE))}


def test_an_image_is_named_without_reading_its_programs_again(given: Path) -> None:
    packed(given / f"codex-{VERSION}.tgz", codex())
    plan: Plan = read_plan(agent_compose("codex", VERSION))
    name = image_name(plan)
    assert name.startswith(f"offswitch-machine-codex:{VERSION}-")
    assert plan.programs is not None
    (plan.programs / "bin" / "codex").unlink()
    assert image_name(plan) == name


def test_a_program_may_raise_limits(given: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed(given / f"codex-{VERSION}.tgz", codex())
    monkeypatch.setitem(PROGRAMS["codex"].needs, "pids_limit", 300)  # pyright: ignore[reportArgumentType]
    assert read_plan(agent_compose("codex", VERSION)).host_config["PidsLimit"] == 300


def service(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text())["services"]["default"]
