"""Where the engine is looked for, what is asked of it, and what is said where it does not answer."""

import hashlib
import json
import os
import socket
import threading
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import DockerException
from requests.exceptions import ConnectionError as RequestsConnectionError

from offswitch_sandbox import MachineError
from offswitch_sandbox.attachment import connection_of
from offswitch_sandbox.engine import Engine
from offswitch_sandbox.engine_abilities import Abilities, abilities_of
from offswitch_sandbox.engine_address import Address, engine_address, reason, remedy

DEFAULT = "unix:///var/run/docker.sock"


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine is chosen, and docker's own files would be in the test's directory."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


def make_context(place: Path, name: str, url: str) -> None:
    """As `docker context create` leaves it, which writes no config.json."""
    meta = place / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": url}}}))


def choose_context(place: Path, name: str) -> None:
    """As `docker context use` does."""
    (place / "config.json").write_text(json.dumps({"currentContext": name}))


def test_without_any_choice_the_engine_is_at_its_usual_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine_address().url == DEFAULT
    choose_context(tmp_path, "default")
    assert engine_address().url == DEFAULT
    (tmp_path / "config.json").write_text("{ broken")
    assert engine_address().url == DEFAULT
    monkeypatch.delenv("DOCKER_CONFIG")
    monkeypatch.delenv("HOME")
    assert engine_address().url == DEFAULT


def test_the_host_comes_before_the_context_and_that_before_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_context(tmp_path, "current", "unix:///current.sock")
    make_context(tmp_path, "named", "unix:///named.sock")
    choose_context(tmp_path, "current")
    assert engine_address().url == "unix:///current.sock"
    monkeypatch.setenv("DOCKER_CONTEXT", "named")
    assert engine_address().url == "unix:///named.sock"
    monkeypatch.setenv("DOCKER_HOST", "unix:///given.sock")
    assert engine_address().url == "unix:///given.sock"


@pytest.mark.parametrize("content", [None, "{ broken", "[]", '{"Endpoints": {}}', '{"Endpoints": {"docker": 1}}'])
def test_a_context_that_is_not_there_or_broken_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    if content is not None:
        make_context(tmp_path, "mine", "")
        next(tmp_path.rglob("meta.json")).write_text(content)
    monkeypatch.setenv("DOCKER_CONTEXT", "mine")
    with pytest.raises(MachineError, match="docker's context mine is not there or not understood; choose another"):
        engine_address()


@pytest.mark.parametrize("missing", ["ca.pem", "cert.pem", "key.pem"])
def test_a_certificate_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    for name in {"ca.pem", "cert.pem", "key.pem"} - {missing}:
        (tmp_path / name).touch()
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2376")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
    with pytest.raises(MachineError, match=f"{tmp_path}/{missing}: cannot be read"):
        engine_address()


def test_tls_is_verified_only_where_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ca.pem").touch()
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2376")
    assert engine_address().tls is None
    monkeypatch.setenv("DOCKER_TLS", "1")
    tls = engine_address().tls
    assert tls is not None
    assert tls.verify is False
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    tls = engine_address().tls
    assert tls is not None
    assert (tls.verify, tls.ca_cert) == (True, f"{tmp_path}/ca.pem")


def test_an_engine_behind_ssh_is_refused_with_the_way_to_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://me@far")
    with pytest.raises(MachineError, match=r"DOCKER_HOST=ssh://me@far: .* forward it \(`ssh -nNT -L"):
        engine_address()


def test_of_all_that_was_wrapped_around_an_error_its_cause_is_told() -> None:
    inner = PermissionError(13, "Permission denied")
    wrapped = DockerException("Error while fetching", RequestsConnectionError("aborted", inner))
    assert reason(wrapped) == "Permission denied"
    first, second = ValueError(), OSError()
    first.__context__, second.__context__ = second, first
    assert reason(first) in ("OSError", "ValueError")
    assert reason(ValueError("two\nlines")) == "two lines"


def test_a_socket_without_permission_names_the_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a child that is an ordinary user, because to root every socket is open."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{closed}/docker.sock")
    told, tell = os.pipe()
    if os.fork() == 0:
        try:
            os.setuid(65534)
            Engine()
        except MachineError as error:
            os.write(tell, str(error).encode())
        finally:
            os._exit(0)
    os.close(tell)
    with open(told) as answer:
        line = answer.read()
    os.wait()
    assert f"DOCKER_HOST=unix://{closed}/docker.sock: Permission denied" in line
    assert "join the group that its socket belongs to" in line


def test_an_engine_of_a_users_own_is_pointed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "podman").mkdir()
    (tmp_path / "podman" / "podman.sock").touch()
    address = Address("unix:///nowhere", None, "DOCKER_HOST=unix:///nowhere")
    expected = f"start it, or set DOCKER_HOST=unix://{tmp_path}/podman/podman.sock, where there is a socket"
    assert remedy(address, FileNotFoundError(2, "No such file")) == expected


ALL = {"CpuCfsPeriod": True, "CpuCfsQuota": True, "MemoryLimit": True, "SwapLimit": True, "PidsLimit": True}
PLAN = {"NanoCpus": 1, "Memory": 2, "MemorySwap": 2, "PidsLimit": 3, "Tmpfs": {"/home": "exec,uid=1,gid=1,size=9"}}


@pytest.mark.parametrize(
    ("refused", "left_out", "told"),
    [
        ((), (), ()),
        (("CpuCfsQuota",), ("NanoCpus",), ("CPU time",)),
        (("MemoryLimit",), ("Memory", "MemorySwap"), ("memory", "swap")),
        (("SwapLimit",), ("MemorySwap",), ("swap",)),
        (tuple(ALL), ("NanoCpus", "Memory", "MemorySwap", "PidsLimit"), ("CPU time", "memory", "swap", "processes")),
    ],
)
def test_limits_that_an_engine_cannot_keep_are_left_out_and_named(
    refused: tuple[str, ...], left_out: tuple[str, ...], told: tuple[str, ...]
) -> None:
    able = abilities_of({**ALL, **dict.fromkeys(refused, False)}, {})
    assert able.adapt(PLAN) == {key: value for key, value in PLAN.items() if key not in left_out}
    assert able.missing_limits(PLAN) == told
    assert able.missing_limits({}) == ()
    assert able.tells_of_memory is ("MemoryLimit" not in refused)


def test_podman_is_asked_for_no_owner_of_a_home_and_lets_the_service_give_it_away() -> None:
    able = abilities_of(ALL, {"Components": [{"Name": "Podman Engine"}, {"Name": "Conmon"}]})
    adapted = able.adapt({**PLAN, "CapAdd": ["KILL"]})
    assert (adapted["Tmpfs"], adapted["CapAdd"]) == ({"/home": "exec,size=9"}, ["KILL", "CHOWN"])
    assert "CapAdd" not in able.adapt({"Tmpfs": {"/tmp": "size=9"}})


@pytest.mark.parametrize(("tells", "known"), [(True, False), (False, None)])
def test_no_word_of_memory_means_something_only_where_the_engine_would_tell(
    monkeypatch: pytest.MonkeyPatch, tells: bool, known: bool | None
) -> None:
    died = {"timeNano": 2e9, "Actor": {"Attributes": {"exitCode": "137"}}}

    def begin(engine: Engine) -> None:
        engine.abilities, engine.following = Abilities(tells_of_memory=tells), True
        events, came = defaultdict[str, dict[str, Any]](dict, one={"die": died}), threading.Condition()
        vars(engine).update(_events=events, _came=came)

    monkeypatch.setattr(Engine, "__init__", begin)
    end = Engine().end_in_events("one", 0)
    assert (end.exit_code, end.killed_from_outside, end.out_of_memory) == (137, False, known)


def test_the_answer_that_a_connection_came_with_is_closed_and_the_connection_is_not() -> None:
    """Else Python 3.14 complains of it when it is cleared away."""
    ours, theirs = socket.socketpair()
    attached = SimpleNamespace(fileno=ours.fileno, _response=SimpleNamespace(close=ours.close))
    connection = connection_of(attached)
    assert ours.fileno() == -1
    theirs.send(b"still there")
    assert connection.recv(100) == b"still there"
    connection.close()
    theirs.close()
