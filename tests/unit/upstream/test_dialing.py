"""Addresses: each is tried, the dead cost a quarter of a second, once."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpcore
import pytest

from gosync.upstream.dialing import Dialer
from gosync.upstream.names import FRESH_SECONDS, HostNames


class Resolver:
    """A resolver whose answers a test writes."""

    def __init__(self, *answers: list[str] | OSError) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str) -> list[str]:
        self.asked += 1
        said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(said, OSError):
            raise said
        return said


@contextmanager
def listening(address: str, port: int = 0) -> Iterator[int]:
    with closing(socket.create_server((address, port))) as listener:
        yield listener.getsockname()[1]


@contextmanager
def silent(address: str, port: int) -> Iterator[None]:
    """Take no connection and refuse none: the queue of a listener that is full."""
    with closing(socket.socket()) as listener:
        listener.bind((address, port))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for each in fillers:
            each.setblocking(False)
            each.connect_ex((address, port))
        try:
            yield
        finally:
            for each in fillers:
                each.close()


def dialer(resolver: Resolver, now: list[float] | None = None) -> Dialer:
    clock = now or [0.0]
    return Dialer(HostNames({}, monotonic=lambda: clock[0], resolve=resolver))


async def peer(backend: Dialer, port: int) -> str:
    stream = await backend.connect_tcp("mirror.test", port, timeout=20)
    address = str(stream.get_extra_info("server_addr")[0])
    await stream.aclose()
    return address


async def test_a_silent_address_is_passed_by_and_the_next_time_not_tried() -> None:
    resolver = Resolver(["127.0.0.2", "127.0.0.3"])
    with listening("127.0.0.3") as port, silent("127.0.0.2", port):
        backend = dialer(resolver)
        assert await peer(backend, port) == "127.0.0.3"
        assert await backend._names.addresses("mirror.test") == [
            "127.0.0.3",
            "127.0.0.2",
        ]
        assert await peer(backend, port) == "127.0.0.3"
    assert resolver.asked == 1


async def test_a_refused_address_gives_way_at_once() -> None:
    with listening("127.0.0.3") as port:
        backend = dialer(Resolver(["::1", "127.0.0.2", "127.0.0.3"]))
        assert await peer(backend, port) == "127.0.0.3"


async def test_when_none_takes_a_connection_the_name_is_asked_for_again() -> None:
    resolver = Resolver(["127.0.0.2", "127.0.0.4"], ["127.0.0.3"])
    with listening("127.0.0.3") as port:
        backend = dialer(resolver)
        with pytest.raises(httpcore.ConnectError, match=r"127\.0\.0\.2.*127\.0\.0\.4"):
            await peer(backend, port)
        assert await peer(backend, port) == "127.0.0.3"


async def test_an_old_answer_serves_while_the_resolver_fails() -> None:
    now = [0.0]
    resolver = Resolver(["127.0.0.3"], OSError("no resolver"))
    with listening("127.0.0.3") as port:
        backend = dialer(resolver, now)
        await peer(backend, port)
        now[0] = FRESH_SECONDS
        assert await peer(backend, port) == "127.0.0.3"
        assert resolver.asked == 2


async def test_a_name_that_nobody_knows_is_no_connection() -> None:
    with pytest.raises(httpcore.ConnectError, match=r"mirror\.test"):
        await peer(dialer(Resolver(OSError("unknown"))), 1)


async def test_an_address_that_is_fixed_is_not_asked_for() -> None:
    resolver = Resolver(OSError("not asked"))
    names = HostNames(
        {"mirror.test": "127.0.0.3"}, monotonic=lambda: 0.0, resolve=resolver
    )
    with listening("127.0.0.3") as port:
        assert await peer(Dialer(names), port) == "127.0.0.3"
    assert resolver.asked == 0
