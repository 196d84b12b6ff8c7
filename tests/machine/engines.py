"""Engines at other addresses than the host's own: the same one behind TLS or with other abilities, and podman's."""

import asyncio
import json
import os
import resource
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from offswitch_sandbox import engine
from offswitch_sandbox.engine_address import engine_address

Answer = Callable[[bytes], bytes | None]
"""what a proxy says to a piece of a request instead of the engine, None where it passes that on"""
RAISED = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}
CERTIFICATE = (
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost "
    "-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem"
)


def use(monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
    """The engine of this environment from here on, in this test."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(engine, "_current", None)


def make_certificates(place: Path) -> ssl.SSLContext:
    """ca.pem, cert.pem and key.pem, one for both sides; what a server with them asks of its clients."""
    subprocess.run(["openssl", *CERTIFICATE.split()], cwd=place, check=True, capture_output=True)
    shutil.copy(place / "cert.pem", place / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place / "cert.pem", place / "key.pem")
    context.load_verify_locations(place / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def make_context(name: str, address: str, place: Path) -> None:
    """A context of docker's command line, in place/config, with the certificates of that place."""
    files = ",".join(f"{key}={place}/{key}.pem" for key in ("ca", "cert", "key"))
    subprocess.run(
        ["docker", "context", "create", name, "--docker", f"host={address},{files}"],
        env={**os.environ, "DOCKER_CONFIG": f"{place}/config"}, check=True, capture_output=True,
    )  # fmt: skip


def nothing(_: bytes) -> None:
    """An answer that leaves everything to the engine."""


@contextmanager
def proxy(tls: ssl.SSLContext | None = None, answer: Answer = nothing, hangs_up: bool = True) -> Generator[int]:
    """A port of the loopback behind which the host's own engine is.

    hangs_up: connections that the engine has closed are closed here too.
    """
    behind = engine_address().url.removeprefix("unix://")
    loop, port = asyncio.new_event_loop(), list[int]()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_engine, to_engine = await asyncio.open_unix_connection(behind)
        back = asyncio.create_task(pump(from_engine, writer, nothing, hangs_up=hangs_up))
        await pump(reader, to_engine, answer, writer)
        back.cancel()
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(relay, "127.0.0.1", 0, ssl=tls)
        port.append(server.sockets[0].getsockname()[1])
        started.set()

    async def end() -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        loop.stop()

    started = threading.Event()
    loop.create_task(serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    assert started.wait(30)
    try:
        yield port[0]
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop)
        thread.join()
        loop.close()


async def pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    answer: Answer,
    back: asyncio.StreamWriter | None = None,
    hangs_up: bool = True,
) -> None:
    """Passes on what comes until nothing does, or until something is answered here."""
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            said = answer(data)
            if said is not None and back is not None:
                # The engine may have had the beginning of the request, so that nothing more can be passed on to it.
                back.write(said)
                await back.drain()
                break
            writer.write(data)
            await writer.drain()
    if hangs_up:
        writer.close()


def without_limits_on_cpu_time(admits: bool) -> Answer:
    """An engine whose user has no say over CPU time: it refuses whoever asks for a limit, and may say so before."""
    info = {**engine.engine().client.info(), "CpuCfsPeriod": not admits, "CpuCfsQuota": not admits}
    refusal = {"message": "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler"}

    def answer(data: bytes) -> bytes | None:
        if data.startswith(b"GET ") and data.split(b" ")[1].endswith(b"/info"):
            return response("200 OK", info)
        return response("400 Bad Request", refusal) if b'"NanoCpus": 1' in data else None

    return answer


def response(status: str, content: object) -> bytes:
    """A whole one of HTTP."""
    body = json.dumps(content).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@contextmanager
def podman(image: str) -> Generator[str]:
    """The address of podman's service, which has that image of the host's own engine."""
    place = Path(tempfile.mkdtemp(prefix="pod", dir="/tmp"))  # podman takes no long path
    # It would raise these limits, which root may be denied, as in a container.
    limits = {name: min(1024, resource.getrlimit(number)[1]) for name, number in RAISED.items()}
    ulimits = ", ".join(f'"{name}={most}:{most}"' for name, most in limits.items())
    (place / "containers.conf").write_text(f"[containers]\ndefault_ulimits = [{ulimits}]\n")
    words = ["podman", "--root", f"{place}/graph", "--runroot", f"{place}/run", "--storage-driver", "overlay"]
    # The one that the engine has too; podman's own refuses hosts with control groups of both versions.
    words += ["--runtime", "runc"] if shutil.which("runc") else []
    environment = {**os.environ, "CONTAINERS_CONF": str(place / "containers.conf")}
    saved = subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE)
    subprocess.run([*words, "load", "--quiet"], stdin=saved.stdout, check=True, capture_output=True, env=environment)
    service = subprocess.Popen(
        [*words, "system", "service", "--time", "0", f"unix://{place}/socket"], env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until = time.monotonic() + 60
        while not (place / "socket").exists():
            assert time.monotonic() < until
            assert service.poll() is None
            time.sleep(0.05)
        yield f"unix://{place}/socket"
    finally:
        service.terminate()
        service.wait()
        subprocess.run([*words, "system", "reset", "--force"], check=False, capture_output=True, env=environment)
        shutil.rmtree(place, ignore_errors=True)
