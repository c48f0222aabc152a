"""git command: run without prompts, with the transports file, https and ssh alone."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from gosync.errors import UnavailableError, UsageError

_TIMEOUT_SECONDS: Final = 600
_SHOWN: Final = 300


def has_git() -> bool:
    """Return whether there is a git command."""
    return shutil.which("git") is not None


def git(folder: Path, *arguments: str) -> bytes:
    """Run git in a folder and return what it writes.

    Raises:
        UsageError: There is no git.
        UnavailableError: It failed; the message is its own.
    """
    if not has_git():
        raise UsageError("there is no git command", hint="install git")
    try:
        done = subprocess.run(  # noqa: S603 - arguments are ours, or follow "--"
            ["git", "-c", "protocol.allow=never", *_ALLOWED, *arguments],  # noqa: S607 - the user's own git
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise UnavailableError(f"git took more than {_TIMEOUT_SECONDS} s") from exc
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()[-_SHOWN:]
        raise UnavailableError(f"git {arguments[0]}: {said or done.returncode}")
    return done.stdout


def git_output(folder: Path, *arguments: str, may_fail: bool = False) -> str:
    """Return what git writes, as text; "" where it fails and may.

    Raises:
        UsageError: There is no git.
        UnavailableError: It failed and may not.
    """
    try:
        return git(folder, *arguments).decode("utf-8", "surrogateescape")
    except UnavailableError:
        if may_fail:
            return ""
        raise


_ALLOWED: Final = tuple(
    part
    for each in ("file", "https", "ssh")
    for part in ("-c", f"protocol.{each}.allow=always")
)


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    for name in ("GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_CONFIG_GLOBAL"):
        if name in os.environ:
            kept[name] = os.environ[name]
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
