"""Where the docker command line would find its engine: DOCKER_HOST, DOCKER_CONTEXT, or the current context.

Read here and not by the docker package, which knows neither DOCKER_CONTEXT nor a context without a config.json
beside it.
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
    """Certificates of an engine's own, whatever others this program is to trust."""

    def configure_client(self, client: Any) -> None:
        """See TLSConfig."""
        super().configure_client(client)
        # REQUESTS_CA_BUNDLE would take the place of the engine's.
        client.trust_env = False


@dataclass(frozen=True)
class Address:
    """An engine's address."""

    url: str
    tls: TLSConfig | None
    chosen_by: str
    """what a user has set, as an error names it"""


def engine_address() -> Address:
    """The address; MachineError where what is set for it cannot be used."""
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
        return DEFAULT  # there is none, and one that is broken stops docker's own command line no more than this


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
    """As docker's command line has it: verified with DOCKER_TLS_VERIFY, not with DOCKER_TLS alone."""
    verify = bool(os.environ.get("DOCKER_TLS_VERIFY"))
    if not verify and not os.environ.get("DOCKER_TLS"):
        return None
    given = os.environ.get("DOCKER_CERT_PATH")
    return _tls(Path(given) if given else _config_directory(), verify)


def _tls(certificates: Path, verify: bool) -> TLSConfig:
    """What a server is known by, and, where it asks for that, this client."""
    ca, certificate, key = (certificates / name for name in CERTIFICATES)
    own = [path for path in (certificate, key) if path.exists()] and [certificate, key]
    for path in (*own, *([ca] if verify else [])):
        if not os.access(path, os.R_OK):
            raise MachineError(f"{path}: cannot be read, and TLS to the Docker Engine needs it; set DOCKER_CERT_PATH")
    return OwnAuthorities(
        client_cert=(str(certificate), str(key)) if own else None, ca_cert=str(ca) if verify else None, verify=verify
    )


def reason(error: BaseException) -> str:
    """The one thing that was wrong, out of all that was wrapped around it."""
    seen = {id(error)}
    while (inner := _inner(error)) is not None and id(inner) not in seen:
        error = inner
        seen.add(id(error))
    text = getattr(error, "explanation", None) or getattr(error, "strerror", None) or str(error)
    return " ".join(str(text).split()) or type(error).__name__


def _inner(error: BaseException) -> BaseException | None:
    """What an error was made of, as each package has its own way to say."""
    found = (*error.args, getattr(error, "reason", None), error.__cause__, error.__context__)
    return next((one for one in found if isinstance(one, BaseException)), None)


def remedy(address: Address, error: BaseException) -> str:
    """What to do where an engine at an address does not answer."""
    if "Permission denied" in reason(error):
        return "join the group that its socket belongs to (docker, and log in anew), or use --sandbox bubblewrap"
    for place in _usual_sockets():
        if f"unix://{place}" != address.url and os.access(place, os.W_OK):
            return f"start it, or set DOCKER_HOST=unix://{place}, where there is a socket"
    return "start it, or set DOCKER_HOST"


def _usual_sockets() -> list[str]:
    """Where engines listen that a user has started for themselves, and podman's as root has it."""
    own = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return [f"{own}/docker.sock", f"{own}/podman/podman.sock", "/run/podman/podman.sock", "/var/run/docker.sock"]
