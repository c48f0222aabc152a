"""Worker processes that are started when there is work, whatever threads there are.

They do what ``processes`` do for a run that has no other thread yet, for one that has
many, as a sync has. A worker is not forked but a new Python, which costs 0.1 s of CPU;
so it is started by the first that asks while all are busy, and a run without work has
none.

It knows nothing but what it is sent: first a function of a module, or a class, which it
calls to get what does the work; then one item after the other, each perhaps with an
open file. It imports from the same folders as this process, so it runs the same gosync.

Who asks while all are busy waits. A worker that is killed, or could not be started, is
not replaced; whoever waited for it is answered None, as for work that raised an error,
and does it itself. So nothing depends on workers but speed.

A worker has a session of its own: what a terminal sends to a group does not reach it.
It ends when its socket does, however this process ended.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Generic, Self, TypeVar, cast

from gosync.work.processes import ask, serve

T = TypeVar("T")
R = TypeVar("R")

_BEGIN: Final = (
    "import sys; sys.path[:] = sys.argv[2:];"
    " from gosync.work.workers import main; main(int(sys.argv[1]))"
)


class Workers(Generic[T, R]):
    """Some worker processes; a context manager. Threads may share it."""

    def __init__(
        self, make: Callable[[], Callable[[T, int | None], R]], *, count: int
    ) -> None:
        """Begin without any.

        Args:
            make: A module's function or class; each worker calls it once. What it
                returns works on an item and on the descriptor that came with it, which
                is closed afterwards; its result is never None. All are pickled.
            count: How many there are at most.
        """
        self._make = make
        self._more = count
        self._all: list[_Worker[T, R]] = []
        self._idle: list[_Worker[T, R]] = []
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End them; nobody may be waiting for one."""
        with self._changed:
            self._more = 0
            ended, self._all, self._idle = self._all, [], []
            self._changed.notify_all()
        for worker in ended:
            worker.end()

    def ask(self, item: T, *, descriptor: int | None = None) -> R | None:
        """Have the work done by a worker; None if it is to be done here."""
        worker = self._take()
        if worker is None:
            return None
        try:
            result = worker.do(item, descriptor)
        except (EOFError, OSError):
            self._drop(worker)
            return None
        except BaseException:  # it may be about to answer, and nobody listens
            self._drop(worker)
            raise
        with self._changed:
            self._idle.append(worker)
            self._changed.notify()
        return result

    def _take(self) -> _Worker[T, R] | None:
        """Return one that is idle, a new one, or None if there will be none."""
        with self._changed:
            while not self._idle and not self._more and self._all:
                self._changed.wait()
            if self._idle:
                return self._idle.pop()
            if not self._more:
                return None
            self._more -= 1
            try:
                worker = _Worker(self._make)
            except (EOFError, OSError):
                self._more = 0
                self._changed.notify_all()
                return None
            self._all.append(worker)
            return worker

    def _drop(self, worker: _Worker[T, R]) -> None:
        with self._changed:
            if worker in self._all:
                self._all.remove(worker)
            self._changed.notify_all()
        worker.end()


class _Worker(Generic[T, R]):
    """One of them."""

    def __init__(self, make: Callable[[], Callable[[T, int | None], R]]) -> None:
        """Start it; nobody waits until it runs.

        Raises:
            OSError: It cannot be started.
        """
        # To import it takes longer than what most verbs do, who start nobody.
        from multiprocessing.connection import Connection  # noqa: PLC0415

        here, there = socket.socketpair()
        self._pipe = Connection(here.detach())
        with there:
            try:
                self._process = _start(there.fileno())
                self._pipe.send(make)
            except BaseException:
                self._pipe.close()
                raise

    def do(self, item: T, descriptor: int | None) -> R | None:
        """Have an item worked on; None if that raised an error.

        Raises:
            EOFError: It is gone.
            OSError: Likewise.
        """
        return cast("R | None", ask(self._pipe, item, descriptor))

    def end(self) -> None:
        """End it, whatever it is at."""
        self._pipe.close()
        self._process.kill()
        self._process.wait()


def _start(number: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - this Python, and no other's words
        [sys.executable, "-P", "-c", _BEGIN, str(number), *sys.path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # whoever asked works itself, and tells
        pass_fds=[number],
        start_new_session=True,
    )


def main(number: int) -> None:
    """Be a worker.

    Args:
        number: The descriptor of the socket to whoever started it.
    """
    from multiprocessing.connection import Connection  # noqa: PLC0415 - as above

    with suppress(EOFError, OSError), Connection(number) as there:
        serve(there.recv()(), there)
