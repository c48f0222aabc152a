"""A listener that nobody should ever reach.

It stands in HTTP_PROXY and HTTPS_PROXY of a go command. Go sends through it what
is not on loopback, and all of that is more than the mirror it was told of.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self


class Tripwire:
    """Records the first line of every request, and answers none.

    Attributes:
        url: What to set as a proxy.
        hits: What was asked for so far.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._listen)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.hits: list[str] = []

    def environment(self) -> dict[str, str]:
        """Return the variables that lead everything but loopback here."""
        names = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
        return dict.fromkeys(names, self.url)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # shut down
            with connection, contextlib.suppress(OSError):
                line = connection.recv(1024).split(b"\r\n")[0]
                self.hits.append(line.decode("latin-1"))
