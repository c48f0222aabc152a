"""The real go command, each with its own caches and no way out but a proxy."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TIMEOUT_SECONDS = 240
# Of so short a command collecting garbage takes a quarter of the time.
WITHOUT_COLLECTING = {"GOGC": "off", "GOMEMLIMIT": "512MiB"}
# What is compiled is found again from any folder, and linked without debugging data.
QUICK_BUILDS = "-trimpath -ldflags=-w"


def find_go() -> Path | None:
    """Return the go command beside this Python, or the one on PATH."""
    beside = Path(sys.executable).parent / "go"
    found = str(beside) if beside.is_file() else shutil.which("go")
    return None if found is None else Path(found)


def need_go() -> Path:
    """Return the go command, or skip the test."""
    go = find_go()
    if go is None:
        pytest.skip("no go command beside Python or on PATH; the test extra has one")
    return go


class GoClient:
    """A go command with caches below one folder.

    Args:
        folder: Where GOPATH and the caches go; made if need be.
        goproxy: GOPROXY.
        gosumdb: GOSUMDB.
        go: The command, by default the one found.
        env: Further variables.
        prefix: A command to run go below, such as ``unshare -n``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        goproxy: str,
        gosumdb: str,
        go: Path | None = None,
        env: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self._prefix = tuple(prefix)
        self.go = go or need_go()
        # Go keeps what it read of a module in GOCACHE by the folder's name alone, and
        # pytest gives a name again: another test's module would be taken for this one.
        self.modcache = folder / f"modcache-{token_hex(4)}"
        self.work = folder / "work"
        self.work.mkdir(parents=True, exist_ok=True)
        self.env = {
            "PATH": f"{self.go.parent}:/usr/bin:/bin",
            "HOME": str(folder),
            "GOPATH": str(folder / "gopath"),
            "GOMODCACHE": str(self.modcache),
            # Shared between clients: compiling the standard library takes long.
            "GOCACHE": os.environ.get("GOCACHE", str(shared_cache())),
            **WITHOUT_COLLECTING,
            "GOENV": "off",
            "GOTOOLCHAIN": "local",
            "GOPROXY": goproxy,
            "GOSUMDB": gosumdb,
            "CGO_ENABLED": "0",
            **(env or {}),
        }
        self.env["GOFLAGS"] = f"{QUICK_BUILDS} {self.env.get('GOFLAGS', '')}".strip()

    def run(self, *args: str, cwd: Path | None = None) -> str:
        """Run the command and return its standard output; it must succeed."""
        done = self.try_run(*args, cwd=cwd)
        assert done.returncode == 0, f"go {' '.join(args)}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def try_run(
        self, *args: str, cwd: Path | None = None, seconds: int = _TIMEOUT_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run the command, whatever comes of it.

        Raises:
            subprocess.TimeoutExpired: It did not end in so many seconds.
        """
        return subprocess.run(
            [*self._prefix, self.go, *args],
            cwd=cwd or self.work,
            env=self.env,
            capture_output=True,
            encoding="utf-8",
            errors="backslashreplace",  # file names in messages may be any bytes
            timeout=seconds,
            check=False,
        )

    def clean(self) -> None:
        """Remove the module cache; what go remembers of the log stays."""
        _remove(self.modcache)

    def close(self) -> None:
        """Remove everything, the read-only module cache too."""
        _remove(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def shared_cache() -> Path:
    """Return the compiler's cache that all clients of this user share."""
    return Path(tempfile.gettempdir()) / f"gosync-gocache-{os.getuid()}"


def _remove(folder: Path) -> None:
    for path, _, _ in os.walk(folder):
        Path(path).chmod(stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)
