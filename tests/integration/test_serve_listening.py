"""Sockets of the workers of ``gosync serve``, its own or systemd's."""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from gosync.serve.server import begin
from tests.integration.serving import Serving

_PATH = "/m.example/a/@v/v1.0.0.mod"
_REQUEST = f"GET {_PATH} HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n".encode()
_WAITING = 8
# What systemd does: the sockets are descriptors 3 and on.
_AS_SYSTEMD = """
import os, socket, sys
for number in range(int(sys.argv[1])):
    listener = socket.create_server(("127.0.0.1", 0))
    os.dup2(listener.detach(), 3 + number)
    os.set_inheritable(3 + number, True)
os.environ |= {"LISTEN_FDS": sys.argv[1], "LISTEN_PID": str(os.getpid())}
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    file = root / _PATH[1:]
    file.parent.mkdir(parents=True)
    file.write_text("module m.example/a\n")
    return root


def _workers(server: Serving) -> list[int]:
    pid = server.process.pid
    return [
        int(each)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for each in (task / "children").read_text().split()
    ]


def _stopped(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    return state == "T"


def test_who_waits_is_answered_though_the_worker_ends(
    tmp_path: Path, tree: Path
) -> None:
    """The one that is left answers, or the one that is begun in its place."""
    config = tmp_path / "gosync.toml"
    config.write_text('[serve]\nworkers = 2\n[store]\npath = "store"\n')
    with Serving(tmp_path, tree, "--config", config) as server, ExitStack() as stack:
        server.wait_until(lambda: len(_workers(server)) == 2)
        assert server.get(_PATH).status == 200
        workers = _workers(server)
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        server.wait_until(lambda: all(map(_stopped, workers)))
        host, _, port = server.url.rpartition("/")[2].partition(":")
        clients = [
            stack.enter_context(socket.create_connection((host, int(port)), timeout=60))
            for _ in range(_WAITING)
        ]
        for client in clients:
            client.sendall(_REQUEST)
        os.kill(workers[0], signal.SIGKILL)
        os.kill(workers[1], signal.SIGCONT)
        answers = [client.recv(64)[:15] for client in clients]
        assert answers == [b"HTTP/1.1 200 OK"] * _WAITING
        assert server.stop() == 0


def test_a_socket_of_systemd_takes_the_place_of_the_address(
    tmp_path: Path, tree: Path
) -> None:
    prefix = [sys.executable, "-c", _AS_SYSTEMD, "1"]
    listen = ["--listen", "203.0.113.1:1"]  # nobody's
    with Serving(tmp_path, *listen, tree, prefix=prefix) as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert server.get(_PATH).body == b"module m.example/a\n"
        assert server.stop() == 0


class _Main:
    """A main process, as granian's: its handler takes note."""

    interrupt_signal = False

    def note(self, *_: object) -> None:
        self.interrupt_signal = True


@pytest.mark.parametrize(("is_told", "code"), [(False, -signal.SIGTERM), (True, 0)])
def test_a_worker_that_is_told_to_end_as_it_begins_does(
    *, is_told: bool, code: int
) -> None:
    main = _Main()
    before = signal.signal(signal.SIGTERM, main.note)
    try:
        pid = os.fork()
        if not pid:
            if is_told:
                os.kill(os.getpid(), signal.SIGTERM)
            begin(lambda: os.kill(os.getpid(), signal.SIGTERM))  # type: ignore[arg-type, return-value]
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == code
    finally:
        signal.signal(signal.SIGTERM, before)


def test_two_sockets_are_refused(tmp_path: Path, tree: Path) -> None:
    prefix = [sys.executable, "-c", _AS_SYSTEMD, "2"]
    server = Serving(tmp_path, tree, prefix=prefix)
    server.process.communicate(timeout=60)
    assert server.process.returncode == 2
    assert "systemd hands over 2 sockets" in server.logged()
    assert "ListenStream=" in server.logged()
