"""The connection to a container's standard streams, as a non-blocking socket."""

import os
import socket
import ssl
from contextlib import suppress
from typing import Any


def connection_of(attached: Any) -> "socket.socket | TlsConnection":
    """The connection in the object that the docker package returns as the container's socket, plain or TLS."""
    if isinstance(attached, ssl.SSLSocket):
        return TlsConnection(attached)
    connection = socket.socket(fileno=os.dup(attached.fileno()))
    _let_go(attached)
    return connection


def _let_go(attached: Any) -> None:
    """Closes the HTTP response that the connection came with; otherwise it would complain when it is collected."""
    response: Any = getattr(attached, "_response", None)
    if response is not None:
        response.close()


class TlsConnection:
    """The part of a socket's interface that a wire needs, over TLS; raises BlockingIOError as a socket does.

    Waiting until the socket is readable, or writable, is enough: TLS is not renegotiated, and data that has
    been decrypted is handed out before a caller waits for more.
    """

    def __init__(self, tls: ssl.SSLSocket) -> None:
        self._tls = tls

    def setblocking(self, flag: bool) -> None:
        """See socket.socket."""
        self._tls.setblocking(flag)

    def fileno(self) -> int:
        """See socket.socket."""
        return self._tls.fileno()

    def recv(self, size: int) -> bytes:
        """See socket.socket."""
        try:
            return self._tls.recv(size)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            raise BlockingIOError from error

    def send(self, data: memoryview) -> int:
        """See socket.socket."""
        try:
            return self._tls.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            raise BlockingIOError from error

    def close(self) -> None:
        """See socket.socket; also closes the HTTP response, which would hold the connection open."""
        with suppress(OSError):
            self._tls.shutdown(socket.SHUT_RDWR)
        _let_go(self._tls)
        self._tls.close()
