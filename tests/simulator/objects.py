"""A real object store for tests: SeaweedFS, from its wheel, on loopback.

    with ObjectServer(folder).serving() as server:
        server.url                      # the S3 endpoint, path style
        server.credentials              # of who may do anything
        f"{server.url}/{BUCKET}/key"    # whoever gets it needs no signature

A bucket is there as soon as something is put into it. To make one takes a quarter of a
second, so that tests have a prefix of their own in one that is there. Who has no
credentials reads objects and lists none, as of a bucket that is a public website.

In front of it ``objectfaults`` delays, refuses, cuts and forgets.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from obstore.store import S3Store

BUCKET = "public"
REGION = "us-east-1"
_KEY, _SECRET = "tests", "secret-of-tests"
_PROGRAM = Path(sys.executable).with_name("weed")
_START_SECONDS = 120
_PARTS = ("master", "volume", "filer", "s3")
# A few small files for each bucket, and no more memory than that takes.
_SMALL = {
    "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1",
    "GOMEMLIMIT": "256MiB",
    "GOGC": "50",
}
_OPTIONS = (
    *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", "-s3.iam=false"),
    *("-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=500"),
    *("-s3.port.iceberg=0", "-s3.port.lance=0"),
)


class ObjectServer:
    """One server with its data in a folder, which it makes and removes.

    Attributes:
        url: Its endpoint.
        pid: Its process.
    """

    credentials: ClassVar[dict[str, str]] = {
        "AWS_ACCESS_KEY_ID": _KEY,
        "AWS_SECRET_ACCESS_KEY": _SECRET,
        "AWS_REGION": REGION,
    }

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self.pid = 0

    @contextmanager
    def serving(self) -> Iterator[ObjectServer]:
        """Start it, wait until it takes objects, and end it with all that it holds."""
        data = self.folder / "objects"
        data.mkdir(parents=True)
        with (self.folder / "objects.log").open("wb") as log:
            process = self._start(log.fileno())
        try:
            self.pid = process.pid
            self._wait(process)
            yield self
        finally:
            process.kill()  # asked to end it takes half a minute for its goodbyes
            process.wait()
            shutil.rmtree(data, ignore_errors=True)

    def _start(self, log: int) -> subprocess.Popen[bytes]:
        identities = self.folder / "identities.json"
        identities.write_text(json.dumps({"identities": _identities()}))
        numbers = _free_ports(2 * len(_PARTS))
        self.url = f"http://127.0.0.1:{numbers[2 * _PARTS.index('s3')]}"
        names = [f"-{part}.port{kind}" for part in _PARTS for kind in ("", ".grpc")]
        ports = [f"{each}={n}" for each, n in zip(names, numbers, strict=True)]
        sockets = [f"-{part}.localSocket={self.folder}/{part}" for part in _PARTS[2:]]
        return subprocess.Popen(
            [
                *(os.fspath(_PROGRAM), "server", *_OPTIONS, *ports, *sockets),
                *(f"-dir={self.folder}/objects", f"-s3.config={identities}"),
            ],
            cwd=self.folder,
            env={**os.environ, **_SMALL, "TMPDIR": os.fspath(self.folder)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        """Return when an object was taken: its port answers long before that."""
        end = time.monotonic() + _START_SECONDS
        while not self._takes_objects():
            if process.poll() is not None or time.monotonic() > end:
                log = (self.folder / "objects.log").read_text(errors="replace")
                raise AssertionError(f"{_PROGRAM} does not serve\n{log[-2000:]}")
            time.sleep(0.1)

    def _takes_objects(self) -> bool:
        """Put an object with whose bucket is made, as a service does on its first day.

        Whoever is anonymous makes none, so this is signed, by the client of gosync's.
        """
        import obstore  # noqa: PLC0415 - of the tests with objects alone

        store = client(self.url, retries=0)
        try:
            obstore.put(store, "ready", b"")
            with urllib.request.urlopen(f"{self.url}/{BUCKET}/ready"):
                return True
        except (obstore.exceptions.BaseError, OSError):
            return False


def client(
    url: str, *, bucket: str = BUCKET, prefix: str = "", retries: int = 2
) -> S3Store:
    """Return a client with all rights, at the server or at a line before it."""
    from obstore.store import S3Store  # noqa: PLC0415 - of the tests with objects alone

    return S3Store(
        bucket,
        prefix=prefix or None,
        endpoint=url,
        access_key_id=_KEY,
        secret_access_key=_SECRET,
        region=REGION,
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
        retry_config={"max_retries": retries},
    )


def _identities() -> list[dict[str, object]]:
    everything = ["Admin", "Read", "List", "Tagging", "Write"]
    keys = [{"accessKey": _KEY, "secretKey": _SECRET}]
    return [
        {"name": "tests", "credentials": keys, "actions": everything},
        {"name": "anonymous", "actions": ["Read"]},
    ]


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody has now; held all at once, so that they differ."""
    with ExitStack() as stack:
        held = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            for _ in range(count)
        ]
        return [each.getsockname()[1] for each in held]
