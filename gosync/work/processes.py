"""Processes that work for this one, where threads would wait for each other.

Modules consist of small files, and of what one of them costs Python holds its lock
for about half, so that two threads are hardly faster than one: to check 300 zips
takes 1.5 s alone, 1.27 s with two threads and 0.88 s with two processes.

A process is forked, and knows everything as it stood then. That needs

- work that asks for nothing that changes here later, but for its item;
- no other thread in this process, as in the daemon: a lock that one of them holds
  would never open in the child (a heartbeat does no harm: the catalog's locks are all
  that it holds, and no child asks for these); nor a library with threads of its own;
- enough to do, since a fork takes some milliseconds.

Where that is not so nobody is there, and whoever has work does it: ``offer`` answers
None then, as it does while all are busy. It is also the answer for work that raised
an error; done again here, it raises it where somebody sees it. What has work beside
threads starts ``workers``.

An item may come with an open file: its descriptor is sent along (SCM_RIGHTS), so that
no process has to know where the file lies.

A process ends when its pipe does, so none outlives a gosync that was killed by more
than what it is at. Whoever stops early kills them: all that they write is scratch.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final, Generic, Self, TypeVar, cast

from gosync.errors import StoreError
from gosync.work.threads import HEARTBEAT_THREAD

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

WORTH_BYTES: Final = 8 << 20  # 60 ms of hashing
_THREADED: Final = frozenset({"obstore"})  # its threads are none of Python's

T = TypeVar("T")
R = TypeVar("R")


class Hands(Generic[T, R]):
    """Some processes, as long as they are needed; threads may share them."""

    def __init__(
        self,
        work: Callable[[T, int | None], R],
        *,
        count: int,
        size_bytes: int = WORTH_BYTES,
    ) -> None:
        """Make them ready; a thread that begins later does no harm.

        Args:
            work: What they do with each item and the descriptor that came with it,
                which is closed afterwards; its result is never None. Items and
                results are pickled, the function is not.
            count: How many there are at most.
            size_bytes: How much there is to do.
        """
        self._all: list[_Hand[T, R]] = []
        self._idle: SimpleQueue[_Hand[T, R]] = SimpleQueue()
        if _is_alone() and size_bytes >= WORTH_BYTES:
            for _ in range(count):
                self._hire(work)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        if failed:
            self.kill()
        self.close()

    def close(self) -> None:
        """Let them go, each when it has done what it is at."""
        for hand in self._all:
            hand.end()

    def kill(self) -> None:
        """End them at once; whoever waits for one is told that it was killed."""
        for hand in self._all:
            hand.kill()

    def offer(
        self, item: T, *, subject: str, descriptor: int | None = None
    ) -> R | None:
        """Have the work done by a process; None if it is to be done here.

        Args:
            item: What to work on.
            subject: What that is called, for messages.
            descriptor: An open file that goes with it; the process has its own.

        Raises:
            StoreError: if the process was killed.
        """
        try:
            hand = self._idle.get_nowait()
        except Empty:
            return None
        try:
            return hand.do(item, subject, descriptor)
        finally:
            self._idle.put(hand)

    def _hire(self, work: Callable[[T, int | None], R]) -> None:
        hand = _Hand(work, [each.pipe for each in self._all])
        self._all.append(hand)
        self._idle.put(hand)


def _is_alone() -> bool:
    """Whether no other thread may hold a lock that a child would ask for."""
    return _THREADED.isdisjoint(sys.modules) and all(
        each is threading.current_thread() or each.name == HEARTBEAT_THREAD
        for each in threading.enumerate()
    )


class _Hand(Generic[T, R]):
    """One of them.

    Attributes:
        pipe: This end of what leads to it.
    """

    def __init__(
        self, work: Callable[[T, int | None], R], others: Sequence[Connection]
    ) -> None:
        """Fork it.

        Args:
            work: What it does.
            others: Ends of pipes that it inherits and is not to keep open.
        """
        # To import it takes longer than to fork; most runs have nobody to hire.
        from multiprocessing import get_context  # noqa: PLC0415

        fork = get_context("fork")
        self.pipe, there = fork.Pipe()
        self._process = fork.Process(
            target=_serve, args=(work, there, [*others, self.pipe]), daemon=True
        )
        self._process.start()
        there.close()

    def do(self, item: T, subject: str, descriptor: int | None) -> R | None:
        """Have an item worked on; None if that raised an error."""
        try:
            result = cast("R | None", ask(self.pipe, item, descriptor))
        except (EOFError, OSError) as exc:
            raise StoreError(
                f"{subject}: the process that worked on it was killed",
                hint="was there enough memory? run it again: what was done is kept",
            ) from exc
        return result

    def kill(self) -> None:
        """End it, whatever it is at."""
        self._process.kill()

    def end(self) -> None:
        """Let it go."""
        self.pipe.close()
        self._process.join()


def ask(pipe: Connection, item: object, descriptor: int | None) -> object:
    """Send an item to a process that serves; return its result, None for an error.

    Raises:
        EOFError: The process is gone.
        OSError: Likewise.
    """
    pipe.send((item, descriptor is not None))
    if descriptor is not None:
        _send_descriptor(pipe, descriptor)
    return pipe.recv()


def _serve(
    work: Callable[[T, int | None], R],
    there: Connection,
    inherited: Sequence[Connection],
) -> None:
    for pipe in inherited:
        pipe.close()
    serve(work, there)


def serve(work: Callable[[T, int | None], R], there: Connection) -> None:
    """Work on what comes in, until nothing more can."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the parent decides, and then hangs up
    while True:
        try:
            item, has_file = there.recv()
            descriptor = _receive_descriptor(there) if has_file else None
        except EOFError:
            return
        try:
            result: R | None = work(item, descriptor)
        except Exception:  # noqa: BLE001 - raised again by whoever offered it
            result = None
        finally:
            if descriptor is not None:
                os.close(descriptor)
        try:
            there.send(result)
        except OSError:
            return  # who asked is gone


def _send_descriptor(pipe: Connection, descriptor: int) -> None:
    with _as_socket(pipe) as here:
        socket.send_fds(here, [b"\0"], [descriptor])


def _receive_descriptor(pipe: Connection) -> int:
    with _as_socket(pipe) as here:
        _, descriptors, _, _ = socket.recv_fds(here, 1, 1)
    if not descriptors:
        raise EOFError
    return descriptors[0]


@contextmanager
def _as_socket(pipe: Connection) -> Iterator[socket.socket]:
    """Let a pipe be the socket that it is, without a second descriptor."""
    here = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=pipe.fileno())
    try:
        yield here
    finally:
        here.detach()
