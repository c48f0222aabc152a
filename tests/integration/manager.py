"""A stand-in for systemd: a notify socket, and what came over it, with its time.

with Manager(tmp_path) as manager:
    process = site.start("run", environment=manager.environment(watchdog=2))
    manager.wait_for("READY=1")
    manager.longest_silence()         seconds without WATCHDOG=1
"""

from __future__ import annotations

import secrets
import socket
import threading
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Self

_PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Notice:
    """One datagram.

    Attributes:
        at: When it came, by the monotonic clock.
        fields: Its lines, by key.
    """

    at: float
    fields: dict[str, str]


class Manager:
    """Listens at a path, or at an abstract name."""

    def __init__(self, folder: Path | None = None) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        if folder is None:
            name = f"gosync-test-{secrets.token_hex(8)}"
            self._socket.bind(f"\0{name}")
            self.address = f"@{name}"
        else:
            self.address = str(folder / "notify")
            self._socket.bind(self.address)
        self._socket.settimeout(0.1)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self.notices: list[Notice] = []

    def environment(self, *, watchdog_seconds: float | None = None) -> dict[str, str]:
        """Return what systemd puts into a service's environment."""
        found = {"NOTIFY_SOCKET": self.address}
        if watchdog_seconds is not None:
            found["WATCHDOG_USEC"] = str(int(watchdog_seconds * 1_000_000))
        return found

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()
        if not self.address.startswith("@"):
            Path(self.address).unlink()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                continue
            lines = (line.partition("=") for line in data.decode().splitlines())
            fields = {key: value for key, _, value in lines}
            self.notices.append(Notice(time.monotonic(), fields))

    def all_of(self, key: str) -> list[Notice]:
        """Return the notices that have a key, in their order."""
        return [notice for notice in self.notices if key in notice.fields]

    def statuses(self) -> list[str]:
        """Return every STATUS line."""
        return [notice.fields["STATUS"] for notice in self.all_of("STATUS")]

    def wait_for(self, key: str, *, text: str = "", after: int = 0) -> Notice:
        """Wait for a notice with this key and text, after so many others."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for notice in self.notices[after:]:
                if key in notice.fields and text in notice.fields[key]:
                    return notice
            time.sleep(0.01)
        raise AssertionError(f"no {key} with {text!r} in {self.notices[after:]}")

    def longest_silence_seconds(self, *, after: int = 0) -> float:
        """Return the longest time without WATCHDOG=1, READY and STOPPING aside.

        Args:
            after: How many notices to leave out, of a daemon before this one.
        """
        keys = {"READY", "WATCHDOG", "STOPPING"}
        times = [n.at for n in self.notices[after:] if keys & n.fields.keys()]
        return max(b - a for a, b in pairwise(times))
