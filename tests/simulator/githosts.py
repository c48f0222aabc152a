"""Git hosts on loopback: git's own server behind HTTPS, and behind a real sshd.

    with https_host(repositories, folder) as host:
        host.url             where the repositories are, without a slash at its end
        host.environment     what git needs to be let in, and to know who answers

Whoever lacks that environment is refused: the certificate's authority, or the host key,
is the test's own, and so are token and key of the client.
"""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.simulator.tls import make_server_context

_TOKEN = "Authorization: Bearer of-the-test"
_SSHD = "/usr/sbin/sshd"
_PRIVSEP = Path("/run/sshd")  # where Debian's sshd goes into when it is root's
_TRIES = 200


class GitHost(msgspec.Struct, frozen=True):
    """A server of repositories.

    Attributes:
        url: Where they are.
        environment: What a client needs.
    """

    url: str
    environment: Mapping[str, str]

    def standing_for(self, prefix: str, folder: Path) -> dict[str, str]:
        """Return an environment where git asks this host for another's URLs."""
        named = self.environment.get("GIT_CONFIG_GLOBAL")
        own = Path(named).read_text() if named else ""
        config = folder / "standing.gitconfig"
        config.write_text(f'{own}[url "{self.url}/"]\n\tinsteadOf = {prefix}\n')
        return {**self.environment, "GIT_CONFIG_GLOBAL": str(config)}


def file_host(repositories: Path, folder: Path) -> GitHost:
    """Return repositories that are asked as files."""
    config = folder / "file.gitconfig"
    config.write_text("[safe]\n\tdirectory = *\n")
    return GitHost(repositories.as_uri(), {"GIT_CONFIG_GLOBAL": str(config)})


@contextmanager
def https_host(repositories: Path, folder: Path) -> Iterator[GitHost]:
    """Serve a folder of repositories by ``git http-backend``, behind TLS."""
    context, authority = make_server_context(folder)

    class Handler(_Backend):
        root = repositories

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    url = f"https://127.0.0.1:{server.server_port}"
    config = folder / "https.gitconfig"
    config.write_text(
        f'[http "{url}"]\n\tsslCAInfo = {authority}\n\textraHeader = {_TOKEN}\n'
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield GitHost(url, {"GIT_CONFIG_GLOBAL": str(config)})
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Backend(BaseHTTPRequestHandler):
    """Hands each request to ``git http-backend``, as a web server does (RFC 3875)."""

    protocol_version = "HTTP/1.1"
    root: Path

    def do_GET(self) -> None:
        self._hand_on(b"")

    def do_POST(self) -> None:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            self.send_error(411)
            return
        self._hand_on(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_: object) -> None:
        pass

    def _hand_on(self, body: bytes) -> None:
        if self.headers.get("Authorization") != _TOKEN.partition(": ")[2]:
            self.send_error(401)
            return
        done = subprocess.run(
            ["git", "-c", "safe.directory=*", "http-backend"],
            env=self._variables(len(body)),
            input=body,
            capture_output=True,
            check=True,
        )
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        fields = dict(each.split(": ", 1) for each in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _variables(self, length: int) -> dict[str, str]:
        asked = urlsplit(self.path)
        return {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REQUEST_METHOD": self.command,
            "PATH_INFO": asked.path,
            "QUERY_STRING": asked.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }


@contextmanager
def ssh_host(repositories: Path, folder: Path) -> Iterator[GitHost]:
    """Serve a folder of repositories by a real sshd, to one key, for reading alone."""
    if shutil.which(_SSHD) is None:
        pytest.skip("sshd is not installed")
    for name in ("host", "client"):
        command = ["ssh-keygen", "-qted25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True)
    port, user = _free_port(), getpass.getuser()
    config = _write_sshd_config(folder, port)
    if os.getuid() == 0:
        _PRIVSEP.mkdir(mode=0o755, exist_ok=True)
    host_key = (folder / "host.pub").read_text()
    (folder / "known").write_text(f"[127.0.0.1]:{port} {host_key}")
    options = {
        "IdentityFile": folder / "client",
        "IdentitiesOnly": "yes",
        "UserKnownHostsFile": folder / "known",
        "StrictHostKeyChecking": "yes",
        "BatchMode": "yes",
    }
    ssh = ["ssh", "-F", "none", *(f"-o{key}={each}" for key, each in options.items())]
    with subprocess.Popen([_SSHD, "-D", "-e", "-f", config], stderr=sys.stderr) as sshd:
        try:
            _await(port)
            url = f"ssh://{user}@127.0.0.1:{port}{repositories}"
            yield GitHost(url, {"GIT_SSH_COMMAND": shlex.join(ssh)})
        finally:
            sshd.terminate()


def _write_sshd_config(folder: Path, port: int) -> Path:
    key = (folder / "client.pub").read_text()
    shell = 'command="git-shell -c \\"$SSH_ORIGINAL_COMMAND\\"",restrict'
    (folder / "authorized").write_text(f"{shell} {key}")
    config = folder / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\n"
        f"AuthorizedKeysFile {folder}/authorized\nPidFile none\nUsePAM no\n"
        "StrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "PermitRootLogin prohibit-password\nAcceptEnv GIT_PROTOCOL\nLogLevel ERROR\n"
    )
    return config


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(port: int) -> None:
    for _ in range(_TRIES):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("sshd does not answer")
