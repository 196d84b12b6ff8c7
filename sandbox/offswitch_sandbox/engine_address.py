"""Finds the engine that the docker command line would use: DOCKER_HOST, DOCKER_CONTEXT, or the current context.

The docker package does not do this: it ignores DOCKER_CONTEXT, and contexts without a config.json.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.tls import TLSConfig

from offswitch_sandbox.machine import MachineError

DEFAULT = "default"
DEFAULT_URL = "unix:///var/run/docker.sock"
CERTIFICATES = ("ca.pem", "cert.pem", "key.pem")


class OwnAuthorities(TLSConfig):
    """Trusts the engine's own certificates alone."""

    def configure_client(self, client: Any) -> None:
        """See TLSConfig."""
        super().configure_client(client)
        # Otherwise REQUESTS_CA_BUNDLE would replace the engine's certificates.
        client.trust_env = False


@dataclass(frozen=True)
class Address:
    """An engine's address."""

    url: str
    tls: TLSConfig | None
    chosen_by: str
    """which setting chose it, for an error message"""


def engine_address() -> Address:
    """The engine's address; MachineError if the setting that chooses it cannot be used."""
    address = _chosen()
    if address.url.startswith("ssh://"):
        raise MachineError(
            f"{address.chosen_by}: an engine behind ssh is reached through a socket of this host; forward it "
            f"(`ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock HOST`) and set DOCKER_HOST=unix:///tmp/engine.sock"
        )
    return address


def _chosen() -> Address:
    if url := os.environ.get("DOCKER_HOST"):
        return Address(url, _tls_of_environment(), f"DOCKER_HOST={url}")
    if (name := _context_name()) != DEFAULT:
        return _address_of_context(name)
    return Address(DEFAULT_URL, None, DEFAULT_URL)


def _config_directory() -> Path:
    return Path(os.environ.get("DOCKER_CONFIG") or Path(os.environ.get("HOME") or "/nonexistent", ".docker"))


def _context_name() -> str:
    if name := os.environ.get("DOCKER_CONTEXT"):
        return name
    try:
        return json.loads((_config_directory() / "config.json").read_text()).get("currentContext") or DEFAULT
    except (OSError, ValueError, AttributeError):
        return DEFAULT  # missing or broken; docker's own command line ignores a broken one too


def _address_of_context(name: str) -> Address:
    place, digest = _config_directory() / "contexts", hashlib.sha256(name.encode()).hexdigest()
    try:
        endpoint: Any = json.loads((place / "meta" / digest / "meta.json").read_text())["Endpoints"]["docker"]
        url = str(endpoint["Host"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise MachineError(
            f"docker's context {name} is not there or not understood; choose another by DOCKER_CONTEXT, "
            f"or by `docker context use`"
        ) from error
    certificates = place / "tls" / digest / "docker"
    tls = _tls(certificates, not endpoint.get("SkipTLSVerify")) if certificates.is_dir() else None
    return Address(url, tls, f"docker's context {name}, {url}")


def _tls_of_environment() -> TLSConfig | None:
    """As docker's command line does: DOCKER_TLS_VERIFY verifies the server, DOCKER_TLS alone does not."""
    verify = bool(os.environ.get("DOCKER_TLS_VERIFY"))
    if not verify and not os.environ.get("DOCKER_TLS"):
        return None
    given = os.environ.get("DOCKER_CERT_PATH")
    return _tls(Path(given) if given else _config_directory(), verify)


def _tls(certificates: Path, verify: bool) -> TLSConfig:
    """The certificates of the server and, if there is one, of this client; MachineError if one cannot be read."""
    ca, certificate, key = (certificates / name for name in CERTIFICATES)
    own = [path for path in (certificate, key) if path.exists()] and [certificate, key]
    for path in (*own, *([ca] if verify else [])):
        if not os.access(path, os.R_OK):
            raise MachineError(f"{path}: cannot be read, and TLS to the Docker Engine needs it; set DOCKER_CERT_PATH")
    return OwnAuthorities(
        client_cert=(str(certificate), str(key)) if own else None, ca_cert=str(ca) if verify else None, verify=verify
    )


def reason(error: BaseException) -> str:
    """The innermost error's message, on one line."""
    seen = {id(error)}
    while (inner := _inner(error)) is not None and id(inner) not in seen:
        error = inner
        seen.add(id(error))
    text = getattr(error, "explanation", None) or getattr(error, "strerror", None) or str(error)
    return " ".join(str(text).split()) or type(error).__name__


def _inner(error: BaseException) -> BaseException | None:
    """The error that this one wraps; packages keep it in different places."""
    found = (*error.args, getattr(error, "reason", None), error.__cause__, error.__context__)
    return next((one for one in found if isinstance(one, BaseException)), None)


def remedy(address: Address, error: BaseException) -> str:
    """What to do if the engine at this address does not answer."""
    if "Permission denied" in reason(error):
        return "join the group that its socket belongs to (docker, and log in anew), or use --sandbox bubblewrap"
    for place in _usual_sockets():
        if f"unix://{place}" != address.url and os.access(place, os.W_OK):
            return f"start it, or set DOCKER_HOST=unix://{place}, where there is a socket"
    return "start it, or set DOCKER_HOST"


def _usual_sockets() -> list[str]:
    """Where engines usually listen: those that a user has started, podman's of root, and docker's."""
    own = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return [f"{own}/docker.sock", f"{own}/podman/podman.sock", "/run/podman/podman.sock", "/var/run/docker.sock"]
