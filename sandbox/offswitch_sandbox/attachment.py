"""The connection to a container's standard streams, as a socket that never waits."""

import os
import socket
import ssl
from contextlib import suppress
from typing import Any


def connection_of(attached: Any) -> "socket.socket | TlsConnection":
    """Of what the docker package calls the container's socket: one of its own, or the engine's TLS."""
    if isinstance(attached, ssl.SSLSocket):
        return TlsConnection(attached)
    connection = socket.socket(fileno=os.dup(attached.fileno()))
    _let_go(attached)
    return connection


def _let_go(attached: Any) -> None:
    """Closes the answer that the connection came with, before it is found closed in parts and complains of that."""
    response: Any = getattr(attached, "_response", None)
    if response is not None:
        response.close()


class TlsConnection:
    """What a wire needs of a socket, over TLS; BlockingIOError where a socket would raise that.

    Whoever waits until the socket can be read, or written to, waits for what TLS waits for: it is not negotiated
    anew, and what has come in is handed out before more is waited for.
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
        """See socket.socket; the answer that the connection came with would hold it open."""
        with suppress(OSError):
            self._tls.shutdown(socket.SHUT_RDWR)
        _let_go(self._tls)
        self._tls.close()
