"""A mirror that is down: a pass asks it a few times, and the next one all the rest."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.integration.site import OK, UNAVAILABLE, Site
from tests.simulator import Simulator
from tests.simulator.standard import module

PATHS = [f"many.example/m{number:02}" for number in range(30)]


@contextmanager
def refusing() -> Iterator[tuple[str, list[int]]]:
    """Give a URL whose connections are closed at once, and a list that counts them."""
    came: list[int] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]

        def close_each() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                came.append(1)
                connection.close()

        threading.Thread(target=close_each, daemon=True).start()
        yield f"http://127.0.0.1:{port}", came
        listener.shutdown(socket.SHUT_RDWR)


def test_after_a_bar_the_next_mirror_brings_everything(tmp_path: Path) -> None:
    with Simulator() as sim, refusing() as (url, came):
        for path in PATHS:
            sim.publish(module(path, "v1.0.0"))
        proxies = f"{url}|{sim.url}"
        site = Site(tmp_path, sim, modules=PATHS, upstream={"proxies": proxies})
        result = site.sync(expect=OK)
        assert result.failed == {}
        assert len(site.carried()) == len(PATHS)
        assert len(came) < len(PATHS)


def test_alone_it_is_unavailable_and_nothing_is_gone(tmp_path: Path) -> None:
    with Simulator() as sim, refusing() as (url, came):
        site = Site(tmp_path, sim, modules=PATHS, upstream={"proxies": url})
        result = site.sync(expect=UNAVAILABLE)
        assert {each["exit_code"] for each in result.failed.values()} == {UNAVAILABLE}
        assert len(came) < len(PATHS)
