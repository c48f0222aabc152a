"""Listening sockets: one for each worker, or the one that systemd hands over.

The kernel divides clients among the workers' sockets. They are opened here and stay
open while a worker is begun anew: were they the worker's own, whoever waits there would
be reset as it ends, and a new certificate would cost some clients their connections.

systemd's protocol, sd_listen_fds(3): the socket is descriptor 3, LISTEN_FDS is 1 and
LISTEN_PID is this process. Then ``serve.listen`` says nothing.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from typing import Final

from gosync.config.serving import ServeSpec
from gosync.errors import UsageError

_FIRST_HANDED_OVER: Final = 3


@contextmanager
def open_listeners(
    spec: ServeSpec, environ: MutableMapping[str, str], *, backlog: int
) -> Iterator[list[socket.socket]]:
    """Give the sockets at which clients are accepted: one a worker, or systemd's.

    Args:
        spec: Where to listen, and for how many workers.
        environ: The environment; what systemd says is taken out of it.
        backlog: How many may wait at each to be accepted.

    Raises:
        UsageError: nobody can listen there, or systemd hands over several.
    """
    handed_over = environ.pop("LISTEN_FDS", ""), environ.pop("LISTEN_PID", "")
    environ.pop("LISTEN_FDNAMES", None)
    with ExitStack() as stack:
        if handed_over[0] and handed_over[1] == str(os.getpid()):
            yield [stack.enter_context(_of_systemd(handed_over[0]))]
            return
        try:
            listeners = _opened(spec, backlog, stack)
        except OSError as exc:
            raise UsageError(
                f"cannot listen at {spec.host}:{spec.port}: {exc.strerror}",
                hint="name another address with --listen HOST:PORT",
            ) from exc
        yield listeners


def _opened(spec: ServeSpec, backlog: int, stack: ExitStack) -> list[socket.socket]:
    port = _free_port(spec, backlog)
    listeners = [
        stack.enter_context(_socket(spec, shared=True)) for _ in range(spec.workers)
    ]
    for each in listeners:
        each.bind((spec.host, port))
        each.listen(backlog)
        each.settimeout(0)
    return listeners


def _free_port(spec: ServeSpec, backlog: int) -> int:
    """Return the port, at which nobody listens: with SO_REUSEPORT two servers could."""
    with _socket(spec, shared=False) as probe:
        probe.bind((spec.host, spec.port))
        probe.listen(backlog)
        port: int = probe.getsockname()[1]
        return port


def _socket(spec: ServeSpec, *, shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in spec.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shared))
    return made


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
