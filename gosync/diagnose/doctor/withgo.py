"""The stage go: the same question asked by the real go command, and compared.

Go runs as the user would run it, with a module cache of its own so that nothing is
hidden by what was downloaded before. Where go and doctor do not agree, the mirror is
asked once more by go's names: some filters tell clients apart by the User-Agent, others
by how they begin TLS, which doctor cannot imitate and says.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from gosync.diagnose.recognising import Recogniser
from gosync.diagnose.shipped import shipped_catalogue

# Of go 1.27 and of those before.
GO_AGENTS: Final = ("GoCommand/1 (+https://go.dev/cmd/go)", "Go-http-client/1.1")
_SECONDS: Final = 120.0


class GoAnswer(msgspec.Struct, frozen=True):
    """What go made of it.

    Attributes:
        ok: Whether it got the module.
        causes: The classes that its words tell: the class and its candidates.
        line: Its first words of failure.
    """

    ok: bool
    causes: tuple[str, ...]
    line: str


def ask_go(command: str, subject: str, environment: Mapping[str, str]) -> GoAnswer:
    """Download a module with go, and name what it says.

    Args:
        command: The go command.
        subject: ``MODULE@VERSION`` or ``MODULE``.
        environment: As the user has it.
    """
    query = subject if "@" in subject else f"{subject}@latest"
    with tempfile.TemporaryDirectory(prefix="gosync-doctor-") as folder:
        cache = Path(folder) / "modcache"
        try:
            done = subprocess.run(  # noqa: S603 - the user's own go
                [command, "mod", "download", "-modcacherw", query],
                cwd=folder,
                env={**environment, "GOMODCACHE": str(cache)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return GoAnswer(
                ok=False, causes=("network.timeout",), line="no end in time"
            )
        except OSError as exc:
            return GoAnswer(ok=False, causes=(), line=str(exc))
    return read_words(done.stderr + done.stdout, ok=done.returncode == 0)


def read_words(log: bytes, *, ok: bool) -> GoAnswer:
    """Return what go's words tell."""
    reading = Recogniser(shipped_catalogue()).read(log)
    if not reading.failures:
        line = reading.unnamed[0] if reading.unnamed else ""
        return GoAnswer(ok=ok, causes=(), line=line)
    first = reading.failures[0]
    return GoAnswer(
        ok=ok, causes=(first.failure.name, *first.candidates), line=first.line
    )
