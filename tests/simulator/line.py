"""A line to an upstream: how much it carries, how late it answers, what it loses.

A mirror that stands for itself (a body of its own) or in front of another one (whose
answers it hands on), in a process of its own: what it costs is not the client's.

    with Line(LineFaults(capacity=440, resets=0.01)).serving() as mirror:
        mirror.url, mirror.change(LineFaults(silent=True)), mirror.counts()

What happens to a request is drawn from a generator with a seed, so that two runs see
the same share of each fault.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import socket
import struct
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import msgspec

_CHECKOUT = Path(__file__).resolve().parents[2]
_ANSWER = b"module example.com/m\n\ngo 1.21\n"


class LineFaults(msgspec.Struct, frozen=True, kw_only=True):
    """What a line does; shares are of all requests, times in seconds.

    Attributes:
        capacity: Requests a second that its workers answer if none stalls, which
            keeps its worker busy; 0 for any number at once.
        workers: How many there are.
        queue: How many requests wait for one at most; the others get 503.
        median: The median of log-normal latencies.
        p95: Their P95.
        resets: Share of connections that are reset instead of an answer.
        refusals: Share of 503.
        stalls: Share of answers that come after ``stall_seconds`` alone.
        stall_seconds: How long these take.
        halves: Share of bodies that end in their middle.
        hangs: Whether bodies of zips end in their middle, and the connection stays.
        silent: Whether requests are read and never answered.
        page: Whether everything is answered by 200 and a page of HTML.
        dead: Whether nobody listens, and what was under way is cut off.
        seed: Of chance.
    """

    capacity: float = 0
    workers: int = 30
    queue: int = 15
    median: float = 0
    p95: float = 0
    resets: float = 0
    refusals: float = 0
    stalls: float = 0
    stall_seconds: float = 2.5
    halves: float = 0
    hangs: bool = False
    silent: bool = False
    page: bool = False
    dead: bool = False
    seed: int = 1


class ServedLine:
    """A line that is up.

    Attributes:
        url: Where it is.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.url = self._read()

    def change(self, faults: LineFaults) -> None:
        """Behave differently from now on."""
        self._say(msgspec.json.encode(faults).decode())

    def counts(self) -> Counter[str]:
        """Return how many requests came ("all"), and what became of them."""
        self._say("counts")
        return Counter(json.loads(self._read()))

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


class Line:
    """A line with these faults, maybe in front of an upstream's ``host:port``."""

    def __init__(self, faults: LineFaults, *, before: str = "") -> None:
        self._faults = faults
        self._before = before

    @contextmanager
    def serving(self) -> Iterator[ServedLine]:
        """Serve on loopback, in a process of its own."""
        faults = msgspec.json.encode(self._faults).decode()
        command = [sys.executable, "-m", "tests.simulator.line", faults, self._before]
        with subprocess.Popen(
            command,
            cwd=_CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield ServedLine(process)
            finally:
                process.kill()


@contextmanager
def turning(
    line: ServedLine, *turns: tuple[Callable[[], bool], LineFaults]
) -> Iterator[None]:
    """Let a line behave differently whenever something has come to pass, in turn."""
    stopped = threading.Event()

    def turn() -> None:
        for is_due, faults in turns:
            while not is_due():
                if stopped.wait(0.005):
                    return
            line.change(faults)

    thread = threading.Thread(target=turn)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def answered(line: ServedLine, count: int) -> Callable[[], bool]:
    """Return a function that tells whether a line has answered so many requests."""
    return lambda: line.counts()["answered"] >= count


@contextmanager
def dropping() -> Iterator[str]:
    """Give a URL whose host drops what would open a connection: its queue is full."""
    with ExitStack() as stack:
        hole = stack.enter_context(socket.socket())
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect(hole.getsockname())
        yield f"http://127.0.0.1:{hole.getsockname()[1]}"


class _Server:
    """What runs in that process."""

    def __init__(self, faults: LineFaults, before: str) -> None:
        self._faults = faults
        self._before = before
        self._chance = random.Random(faults.seed)
        self._counts: Counter[str] = Counter()
        self._workers = asyncio.Semaphore(faults.workers)
        self._waiting = 0
        self._port = 0
        self._listening: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def run(self) -> None:
        await self._listen()
        print(f"http://127.0.0.1:{self._port}", flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            if line.strip() == "counts":
                print(json.dumps(self._counts), flush=True)
                continue
            self._faults = msgspec.json.decode(line, type=LineFaults)
            self._chance = random.Random(self._faults.seed)
            if self._faults.dead:
                self._die()
            else:
                await self._listen()

    async def _listen(self) -> None:
        if self._listening is None:
            listener = socket.create_server(("127.0.0.1", self._port), backlog=1024)
            self._port = listener.getsockname()[1]
            self._listening = await asyncio.start_server(self._serve, sock=listener)

    def _die(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        for writer in self._open:
            writer.transport.abort()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._open.add(writer)
        try:
            await self._converse(reader, writer)
        finally:
            self._open.discard(writer)

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self._counts["all"] += 1
                if not await self._answer(head, writer):
                    break
        writer.close()

    async def _answer(self, head: bytes, writer: asyncio.StreamWriter) -> bool:
        faults, draw = self._faults, self._chance.random()
        if faults.silent:
            self._counts["silent"] += 1
            await asyncio.sleep(3600)
        if not faults.capacity:
            return await self._work(faults, draw, head, writer)
        if self._workers.locked() and self._waiting >= faults.queue:
            return await self._refuse(writer)
        self._waiting += 1
        async with self._workers:
            self._waiting -= 1
            await asyncio.sleep(faults.workers / faults.capacity)
            return await self._work(faults, draw, head, writer)

    async def _work(
        self, faults: LineFaults, draw: float, head: bytes, writer: asyncio.StreamWriter
    ) -> bool:
        for name, share in (
            ("reset", faults.resets),
            ("refused", faults.refusals),
            ("stalled", faults.stalls),
            ("halved", faults.halves),
        ):
            draw -= share
            if draw < 0:
                self._counts[name] += 1
                return await self._break(name, head, writer)
        await asyncio.sleep(self._latency())
        if faults.hangs and b".zip HTTP/" in head.split(b"\r\n", 1)[0]:
            self._counts["hung"] += 1
            await self._break("halved", head, writer)
            await asyncio.sleep(3600)
        self._counts["answered"] += 1
        writer.write(await self._whole(head))
        await writer.drain()
        return True

    async def _break(
        self, name: str, head: bytes, writer: asyncio.StreamWriter
    ) -> bool:
        if name == "refused":
            return await self._refuse(writer)
        if name == "stalled":
            await asyncio.sleep(self._faults.stall_seconds)
            writer.write(await self._whole(head))
            await writer.drain()
            return True
        if name == "halved":
            whole = await self._whole(head)
            body = whole.index(b"\r\n\r\n") + 4
            writer.write(whole[: body + (len(whole) - body) // 2])
            await writer.drain()
            return False
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return False

    async def _refuse(self, writer: asyncio.StreamWriter) -> bool:
        self._counts["503"] += 1
        writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        return True

    def _latency(self) -> float:
        faults = self._faults
        if not faults.median:
            return 0.0
        spread = math.log(max(faults.p95, faults.median) / faults.median) / 1.645
        return self._chance.lognormvariate(math.log(faults.median), spread)

    async def _whole(self, head: bytes) -> bytes:
        """Return an answer: our own, or what the upstream behind us says."""
        if self._faults.page:
            return _answer(b"<!DOCTYPE html><title>sign in</title>", "text/html")
        if not self._before:
            return _answer(_ANSWER, "text/plain")
        host, _, port = self._before.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        first, rest = head.split(b"\r\n", 1)
        writer.write(first + b"\r\nConnection: close\r\n" + rest)
        whole = await reader.read(-1)
        writer.close()
        return whole.replace(b"Connection: close\r\n", b"", 1)


def _answer(body: bytes, kind: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


if __name__ == "__main__":
    asyncio.run(
        _Server(msgspec.json.decode(sys.argv[1], type=LineFaults), sys.argv[2]).run()
    )
