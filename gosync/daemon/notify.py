"""sd_notify: how the service manager is told of the daemon's state.

Datagrams of lines ``KEY=value`` to the socket that NOTIFY_SOCKET names: a path, or
``@name`` for an abstract one, whose address begins with a zero byte instead. Nobody
listening is no error: a service must run without its manager, too.

    READY=1                        start, or a reload, is over
    STATUS=text                    one line for `systemctl status`
    WATCHDOG=1                     alive; due every WATCHDOG_USEC / 2 at the latest
    RELOADING=1, MONOTONIC_USEC=n  a reload began at this CLOCK_MONOTONIC
    STOPPING=1                     the end began
    EXTEND_TIMEOUT_USEC=n          the end takes so much longer

WATCHDOG_USEC counts for us alone when WATCHDOG_PID is ours or not there.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress

_MAX_STATUS = 500
_MICROSECONDS = 1_000_000


class Notifier:
    """Sends notifications, to nobody when no manager asks for them.

    Attributes:
        watchdog_seconds: How often the manager wants to hear of us; None for never.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self.watchdog_seconds = _watchdog_seconds(environ)
        self._status = ""

    def ready(self, status: str) -> None:
        """Say that the start, or a reload, is over."""
        self._status = _line(status)
        self._send("READY=1", f"STATUS={self._status}")

    def status(self, text: str) -> None:
        """Say in one line what is going on; the same line is sent once."""
        line = _line(text)
        if line != self._status:
            self._status = line
            self._send(f"STATUS={line}")

    def watchdog(self) -> None:
        """Say that something moved."""
        if self.watchdog_seconds is not None:
            self._send("WATCHDOG=1")

    def reloading(self) -> None:
        """Say that a reload begins; ``ready`` ends it."""
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send("RELOADING=1", f"MONOTONIC_USEC={microseconds}")

    def stopping(self, status: str) -> None:
        """Say that the end begins."""
        self._status = _line(status)
        self._send("STOPPING=1", f"STATUS={self._status}")

    def extend_timeout(self, seconds: float) -> None:
        """Ask for so much more time to start or to end."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * _MICROSECONDS)}")

    def _send(self, *lines: str) -> None:
        if self._address is None:
            return
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        # A manager that went away, or does not keep up, must not stop us.
        with suppress(OSError), socket.socket(socket.AF_UNIX, kind) as sender:
            sender.sendto("\n".join(lines).encode(), self._address)


def _address(name: str) -> bytes | None:
    """Return the socket's address; a name of another kind is nobody's."""
    if name.startswith("@"):
        return b"\0" + os.fsencode(name[1:])
    return os.fsencode(name) if name.startswith("/") else None


def _watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    text = environ.get("WATCHDOG_USEC", "")
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    if not (text.isascii() and text.isdecimal()) or int(text) == 0:
        return None
    return int(text) / _MICROSECONDS


def _line(text: str) -> str:
    """Return the text as one line: a line break would begin another key."""
    return " ".join(text.split())[:_MAX_STATUS]
