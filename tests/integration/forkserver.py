"""Forks commands from one process that has imported gosync: the server of `forked`.

Each connection asks for one command: the request, as JSON, with the descriptors of
standard input, output and error. The child's process id is answered, and, at its end,
its exit code; a negative one is that of a signal.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pkgutil import iter_modules
from typing import NoReturn

_REQUEST_BYTES = 1 << 16
_FIRST_FREE, _MOST = 3, 1 << 20

# What libraries, and gosync's catalog, import when they are first used.
_WHEN_USED = (
    "anyio._backends._asyncio",
    "anyio._core._signals",
    "encodings.ascii",
    "encodings.idna",
    "h11",
    "h2.connection",
    "httpcore",
    "httpx",
    "rich.table",
    "sqlite_utils",
)


def import_gosync() -> None:
    """Import every verb, and what libraries import when they are used.

    Children find it as it is: their garbage collector leaves its pages shared.
    """
    import gosync.cli  # noqa: PLC0415 - not in the test's process

    for module in iter_modules(gosync.cli.__path__):
        import_module(f"gosync.cli.{module.name}")
    for name in _WHEN_USED:
        import_module(name)
    gc.freeze()


def become(
    name: str,
    arguments: Sequence[str],
    *,
    folder: str,
    environment: Mapping[str, str],
    streams: Sequence[int],
) -> None:
    """Give this process the folder, environment and streams of a command."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    sys.argv = [name, *arguments]


def enter_and_exit() -> NoReturn:
    """Run the command that this process has become, and end with its exit code."""
    from gosync.cli.main import entry  # noqa: PLC0415 - imported before the fork

    code: object = 70
    try:
        entry()
    except SystemExit as exc:
        code = exc.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


class _Server:
    """Forks a child for each connection until the tests end.

    Args:
        listener: Where it is connected to.
        tests_end: What can be read when the tests have ended.
    """

    def __init__(self, listener: socket.socket, tests_end: int) -> None:
        self._listener = listener
        self._tests_end = tests_end
        self._running: dict[int, tuple[int, socket.socket]] = {}
        self._poll = select.poll()
        for each in (listener.fileno(), tests_end):
            self._poll.register(each, select.POLLIN)

    def serve(self) -> None:
        while True:
            ready = {descriptor for descriptor, _ in self._poll.poll()}
            for ended in ready & self._running.keys():
                self._tell(ended)
            if self._tests_end in ready:
                break
            if self._listener.fileno() in ready:
                self._fork()
        for child, _ in self._running.values():
            os.kill(child, signal.SIGKILL)

    def _fork(self) -> None:
        connection, _ = self._listener.accept()
        data, streams, _, _ = socket.recv_fds(connection, _REQUEST_BYTES, 3)
        child = os.fork()
        if child == 0:
            _run(json.loads(data), streams)
        for each in streams:
            os.close(each)
        ended = os.pidfd_open(child)
        self._running[ended] = child, connection
        self._poll.register(ended, select.POLLIN)
        _send(connection, child)

    def _tell(self, ended: int) -> None:
        """Say how a child ended; until then nobody else has its process id."""
        child, connection = self._running.pop(ended)
        self._poll.unregister(ended)
        os.close(ended)
        found = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        assert found is not None
        exited = found.si_code == os.CLD_EXITED
        _send(connection, found.si_status if exited else -found.si_status)
        connection.close()
        os.waitpid(child, 0)  # what it cost counts as ours


def _send(connection: socket.socket, number: int) -> None:
    with suppress(OSError):  # who asked may have gone
        connection.send(str(number).encode())


def _run(request: dict[str, object], streams: Sequence[int]) -> NoReturn:
    """Become the command that is asked for, without anything of the server's."""
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        become("gosync", **request, streams=streams)  # type: ignore[arg-type]
        os.closerange(_FIRST_FREE, _MOST)
        enter_and_exit()
    finally:
        os._exit(70)


if __name__ == "__main__":
    import_gosync()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the tests' end is ours
    _Server(socket.socket(fileno=int(sys.argv[1])), sys.stdin.fileno()).serve()
