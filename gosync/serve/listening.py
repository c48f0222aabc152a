"""Listening socket: one for all workers, opened here or handed over by systemd.

Whoever waits in the queue of a socket that one worker alone has is reset when that
worker ends: a new certificate would cost some clients their connections. At one socket
the other workers accept what one leaves waiting.

systemd's protocol, sd_listen_fds(3): the socket is descriptor 3, LISTEN_FDS is 1 and
LISTEN_PID is this process. Then ``serve.listen`` says nothing.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import MutableMapping
from typing import Final

from gosync.config.serving import ServeSpec
from gosync.errors import UsageError

_FIRST_HANDED_OVER: Final = 3


def open_listener(
    spec: ServeSpec, environ: MutableMapping[str, str], *, backlog: int
) -> socket.socket:
    """Return the socket at which clients are accepted.

    Args:
        spec: Where to listen.
        environ: The environment; what systemd says is taken out of it.
        backlog: How many may wait to be accepted.

    Raises:
        UsageError: nobody can listen there, or systemd hands over several.
    """
    handed_over = environ.pop("LISTEN_FDS", ""), environ.pop("LISTEN_PID", "")
    environ.pop("LISTEN_FDNAMES", None)
    if handed_over[0] and handed_over[1] == str(os.getpid()):
        return _of_systemd(handed_over[0])
    family = socket.AF_INET6 if ":" in spec.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((spec.host, spec.port))
        listener.listen(backlog)
    except OSError as exc:
        listener.close()
        raise UsageError(
            f"cannot listen at {spec.host}:{spec.port}: {exc.strerror}",
            hint="name another address with --listen HOST:PORT",
        ) from exc
    listener.settimeout(0)
    return listener


def _of_systemd(count: str) -> socket.socket:
    if count != "1":
        raise UsageError(
            f"systemd hands over {count} sockets",
            hint="write one ListenStream= into the socket unit",
        )
    listener = socket.socket(fileno=_FIRST_HANDED_OVER)
    fcntl.fcntl(listener, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    if listener.family not in (socket.AF_INET, socket.AF_INET6):
        raise UsageError(
            "systemd hands over a socket that is none of TCP",
            hint="write ListenStream=8080 into the socket unit",
        )
    listener.settimeout(0)
    return listener


def shown_address(listener: socket.socket) -> tuple[str, int]:
    """Return the host, as URLs have it, and the port of a listening socket."""
    host, port, *_ = listener.getsockname()
    return f"[{host}]" if ":" in host else host, port
