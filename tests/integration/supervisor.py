"""Runs gosync in children whose system calls it numbers: the server of `steps`.

``strace --inject`` would do the same, but it counts each thread by itself
(``when=3`` is the third call of whichever thread gets there first), and gosync
syncs in many threads, so it cannot reach every one. Here a seccomp filter hands
the calls to a supervisor (SECCOMP_RET_USER_NOTIF), which numbers them across
threads and lets each go on, fail, or end the process.

Python's start takes longer than a small sync, so this process imports gosync once
and forks a child for each run: the child calls what the ``gosync`` script calls,
``gosync.cli.main.entry``. A request and its answer are one JSON object a line; the
first line says whether the kernel lets us.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import platform
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.integration.forkserver import become, enter_and_exit, import_gosync

# By call, the numbers of its forms, each with the argument that is the descriptor,
# or the name that appears, changes or goes.
_X86_64 = {
    "fsync": {74: 0},
    "fdatasync": {75: 0},
    "syncfs": {306: 0},
    "rename": {82: 1, 264: 3, 316: 3},
    "link": {86: 1, 265: 3},
    "unlink": {87: 0, 263: 1},
    "mkdir": {83: 0, 258: 1},
    "ftruncate": {77: 0},
    "write": {1: 0},
    "pwrite64": {18: 0},
}
_GENERIC = {
    "fsync": {82: 0},
    "fdatasync": {83: 0},
    "syncfs": {267: 0},
    "rename": {38: 3, 276: 3},
    "link": {37: 3},
    "unlink": {35: 1},
    "mkdir": {34: 1},
    "ftruncate": {46: 0},
    "write": {64: 0},
    "pwrite64": {68: 0},
}
_NAMING = frozenset({"rename", "link", "unlink", "mkdir"})
_ARCHITECTURES = {"x86_64": (_X86_64, 317), "aarch64": (_GENERIC, 277)}
_FORMS, _SECCOMP = _ARCHITECTURES.get(platform.machine(), ({}, -1))
CALLS = frozenset(_X86_64)

_PR_SET_NO_NEW_PRIVS = 38
_SET_MODE_FILTER, _NEW_LISTENER = 1, 8
_RET_ALLOW, _RET_USER_NOTIF = 0x7FFF0000, 0x7FC00000
_NOTIF_RECV, _NOTIF_SEND = 0xC0502100, 0xC0182101
_NOTIF = struct.Struct("=QIIiIQ6Q")  # id pid flags nr arch ip args
_ANSWER = struct.Struct("=QqiI")  # id value error flags
_CONTINUE = 1
READY = "ready\n"
_FRAME_HEADER = 24


def _can_supervise() -> bool:
    if platform.system() != "Linux" or not _FORMS:
        return False
    child = os.fork()
    if child == 0:
        try:
            os.close(_install(["syncfs"]))
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _serve() -> None:
    import_gosync()
    print(READY if _can_supervise() else "no\n", end="", flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


def _answer(request: dict[str, Any]) -> dict[str, object]:
    with ExitStack() as stack:
        out, err = (stack.enter_context(_memory_file()) for _ in range(2))
        ours, theirs = map(stack.enter_context, socket.socketpair())
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            _become_gosync(request, theirs, out, err)
        theirs.close()
        supervisor = _Supervisor(request, child, started)
        listener = _receive(ours)
        try:
            supervisor.watch(listener)
        finally:
            os.close(listener)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return {
            "code": code,
            "seconds": time.monotonic() - started,
            "steps": supervisor.steps,
            "stdout": _contents(out),
            "stderr": _contents(err),
        }


def _become_gosync(
    request: dict[str, Any], channel: socket.socket, out: int, err: int
) -> None:
    """Run the command in this process and end it."""
    try:
        with open(os.devnull) as nothing:  # noqa: PTH123
            become(
                "gosync",
                request["arguments"],
                folder=request["folder"],
                environment=request["environment"],
                streams=[nothing.fileno(), out, err],
            )
        listener = _install(request["calls"])
        socket.send_fds(channel, [b"."], [listener])
        os.close(listener)
        enter_and_exit()
    finally:
        os._exit(70)


class _Supervisor:
    """Numbers a child's steps and decides about each."""

    def __init__(self, request: dict[str, Any], child: int, started: float) -> None:
        self._request = request
        self._child = child
        self._folder = os.path.realpath(request["folder"]) + "/"
        self._forms = {
            number: (name, place)
            for name, forms in _FORMS.items()
            for number, place in forms.items()
        }
        self._deadline: float | None = None
        if request["kill_after_seconds"] is not None:
            self._deadline = started + request["kill_after_seconds"]
        self.steps: list[tuple[str, str]] = []

    def watch(self, listener: int) -> None:
        """Supervise the child to its end."""
        ended = os.pidfd_open(self._child)
        try:
            poll = select.poll()
            poll.register(listener, select.POLLIN)
            poll.register(ended, select.POLLIN)
            while True:
                ready = poll.poll(self._patience())
                if any(descriptor == ended for descriptor, _ in ready):
                    return
                if self._deadline is not None and time.monotonic() >= self._deadline:
                    self._kill()
                elif ready:
                    self._take(listener)
        finally:
            os.close(ended)

    def _patience(self) -> float | None:
        if self._deadline is None:
            return None
        return max(0.0, self._deadline - time.monotonic()) * 1000

    def _kill(self) -> None:
        self._deadline = None
        os.kill(self._child, signal.SIGKILL)

    def _take(self, listener: int) -> None:
        buffer = bytearray(_NOTIF.size)
        with suppress(OSError):  # the child ended meanwhile
            fcntl.ioctl(listener, _NOTIF_RECV, buffer)
            ident, thread, _, call, _, _, *arguments = _NOTIF.unpack(buffer)
            name, place = self._forms[call]
            path = _path_of(name, thread, arguments[place])
            step = self._step(name, path, thread, arguments)
            if step is None:
                _reply(listener, ident, flags=_CONTINUE)
                return
            number = len(self.steps)
            self.steps.append(step)
            if number == self._request["stop_at"]:
                os.kill(self._child, signal.SIGTERM)
            if number == self._request["kill_at"]:
                if name == "write":
                    _write_part(thread, arguments, self._request["torn"])
                self._kill()  # the call itself is never made
            elif number == self._request["fail_at"]:
                _reply(listener, ident, error=-self._request["error"])
            else:
                _reply(listener, ident, flags=_CONTINUE)

    def _step(
        self, name: str, path: str, thread: int, arguments: Sequence[int]
    ) -> tuple[str, str] | None:
        """Return the call's name and file; None when it is no step."""
        if name == "pwrite64" and not _commits(path, thread, arguments):
            return None
        if name == "write" and not path.startswith(self._folder):
            return None  # standard output and the like
        return name, path.removeprefix(self._folder)


def _path_of(name: str, thread: int, argument: int) -> str:
    with suppress(OSError):
        if name in _NAMING:
            return _text_at(thread, argument)
        return os.readlink(f"/proc/{thread}/fd/{argument}")  # noqa: PTH115
    return "?"  # a bad argument: the call itself will say so


def _commits(path: str, thread: int, arguments: Sequence[int]) -> bool:
    """Whether a write of SQLite's is a commit.

    What it appends to its write-ahead log counts for nothing until a frame says
    in its header, in bytes 4 to 7, how large the database is now. What it copies
    from there into the database file is between two syncs, which are steps.
    """
    _, start, size, _, *_ = arguments
    if not path.endswith("-wal") or size != _FRAME_HEADER:
        return False
    return any(_bytes_at(thread, start, size)[4:8])


def _write_part(thread: int, arguments: Sequence[int], share: float) -> None:
    """Write what a kill in the middle of a write leaves: its first bytes."""
    descriptor, start, size, *_ = arguments
    part = _bytes_at(thread, start, size)[: int(size * share)]
    about = Path(f"/proc/{thread}/fdinfo/{descriptor}").read_text()
    place = int(about.split("pos:")[1].split()[0])
    file = os.open(f"/proc/{thread}/fd/{descriptor}", os.O_WRONLY)
    try:
        if int(about.split("flags:")[1].split()[0], 8) & os.O_APPEND:
            place = os.fstat(file).st_size
        os.pwrite(file, part, place)
    finally:
        os.close(file)


def _text_at(thread: int, address: int) -> str:
    data = _bytes_at(thread, address, 4096)
    return data.partition(b"\0")[0].decode(errors="replace")


def _bytes_at(thread: int, address: int, most: int) -> bytes:
    """Return bytes of another process, fewer at the end of what it has there."""
    with open(f"/proc/{thread}/mem", "rb", buffering=0) as memory:  # noqa: PTH123
        memory.seek(address)
        return memory.read(most) or b""


def _reply(listener: int, ident: int, *, error: int = 0, flags: int = 0) -> None:
    fcntl.ioctl(listener, _NOTIF_SEND, _ANSWER.pack(ident, 0, error, flags))


def _install(names: Sequence[str]) -> int:
    """Hand these calls of this process to a supervisor; return its descriptor."""
    library = ctypes.CDLL(None, use_errno=True)
    numbers = [number for name in names for number in _FORMS[name]]
    program = [(0x20, 0, 0, 0)]  # load the call's number
    for left, number in zip(range(len(numbers), 0, -1), numbers, strict=True):
        program.append((0x15, left, 0, number))  # equal: go to the last line
    program += [(0x06, 0, 0, _RET_ALLOW), (0x06, 0, 0, _RET_USER_NOTIF)]
    lines = b"".join(struct.pack("=HBBI", *line) for line in program)
    code = ctypes.create_string_buffer(lines, len(lines))
    header = struct.pack("@HP", len(program), ctypes.addressof(code))
    library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    listener: int = library.syscall(_SECCOMP, _SET_MODE_FILTER, _NEW_LISTENER, header)
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return listener


def _receive(channel: socket.socket) -> int:
    _, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
    return descriptors[0]


@contextmanager
def _memory_file() -> Iterator[int]:
    descriptor = os.memfd_create("output")
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _contents(descriptor: int) -> str:
    return Path(f"/proc/self/fd/{descriptor}").read_text(errors="replace")


if __name__ == "__main__":
    _serve()
