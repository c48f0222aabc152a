"""Running the real go command, for what it makes of a question.

It runs as the user would run it, with a module cache of its own so that nothing is
hidden by what was downloaded before.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from gosync.diagnose.doctor.gosettings import GoSettings
from gosync.diagnose.recognising import Recogniser
from gosync.diagnose.shipped import shipped_catalogue

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
    words = [command, "mod", "download", "-modcacherw", query]
    try:
        done = _run(words, environment)
    except subprocess.TimeoutExpired:
        return GoAnswer(ok=False, causes=("network.timeout",), line="no end in time")
    except OSError as exc:
        return GoAnswer(ok=False, causes=(), line=str(exc))
    return read_words(done.stderr + done.stdout, ok=done.returncode == 0)


def ask_info(
    command: str, subject: str, settings: GoSettings, relay: tuple[str, int]
) -> None:
    """Have go ask for one .info through a relay, which it asks first itself.

    Args:
        command: The go command.
        subject: ``MODULE@VERSION`` or ``MODULE``.
        settings: The user's.
        relay: Where it listens.
    """
    query = subject if "@" in subject else f"{subject}@latest"
    url = "http://{}:{}".format(*relay)
    own = dict.fromkeys(("NO_PROXY", "no_proxy", "https_proxy"), "")
    own |= {"HTTPS_PROXY": url, "GOPROXY": f"{url},{settings['GOPROXY']}"}
    with suppress(OSError, subprocess.TimeoutExpired):
        _run([command, "list", "-m", query], {**settings.environment, **own})


def _run(
    words: list[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[bytes]:
    with tempfile.TemporaryDirectory(prefix="gosync-doctor-") as folder:
        cache = Path(folder) / "modcache"
        return subprocess.run(  # noqa: S603 - the user's own go
            words,
            cwd=folder,
            env={**environment, "GOMODCACHE": str(cache)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )


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
