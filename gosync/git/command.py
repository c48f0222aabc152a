"""git command: run without prompts, with the transports file, https and ssh alone.

What a repository says is hostile: each run has a limit of time and one of bytes, which
no file that it writes may exceed, its output neither. Run over its time, it goes with
all that it began. Hooks, submodules and filters of a repository are switched off;
arguments that come from outside follow "--" or stand in a ref's name.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from gosync.errors import (
    NotFoundError,
    TooLargeError,
    UnavailableError,
    UpstreamTimeoutError,
    UsageError,
)

_SHOWN: Final = 300
_SHELL_BLOCK_BYTES: Final = 512  # of "ulimit -f", in POSIX
_LIMITED: Final = 'ulimit -f "$1" && shift && exec "$@"'
# What git says, in LC_ALL=C, where there is no such repository.
_NO_REPOSITORY: Final = (
    "not found",
    "does not appear to be a git repository",
    "does not exist",
)
_SAFE: Final = (
    *("-c", "protocol.allow=never"),
    *(
        part
        for each in ("file", "https", "ssh")
        for part in ("-c", f"protocol.{each}.allow=always")
    ),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "fetch.recurseSubmodules=no"),
    *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"),
)


class GitLimits(msgspec.Struct, frozen=True):
    """What one run of git may take.

    Attributes:
        seconds: Time.
        max_bytes: The largest file that it may write.
    """

    seconds: float = 600
    max_bytes: int = 2 << 30


DEFAULT_LIMITS: Final = GitLimits()


def has_git() -> bool:
    """Return whether there is a git command."""
    return shutil.which("git") is not None


def git(
    folder: Path,
    *arguments: str,
    limits: GitLimits = DEFAULT_LIMITS,
    output: BinaryIO | None = None,
) -> bytes:
    """Run git in a folder and return what it writes.

    Args:
        folder: The folder.
        arguments: Its arguments.
        limits: What it may take.
        output: Takes what it writes, which is not returned then.

    Raises:
        UsageError: There is no git.
        NotFoundError: It says that there is no such repository.
        TooLargeError: It wrote more than it may.
        UpstreamTimeoutError: It took longer than it may.
        UnavailableError: It failed; the message is its own.
    """
    if not has_git():
        raise UsageError("there is no git command", hint="install git")
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as own:
        code = _run(folder, arguments, limits, output or own, errors)
        if code:
            raise _error(_verb(arguments), code, _said(errors), limits)
        own.seek(0)
        return own.read()


def _run(
    folder: Path,
    arguments: tuple[str, ...],
    limits: GitLimits,
    output: BinaryIO,
    errors: BinaryIO,
) -> int:
    blocks = str(max(1, limits.max_bytes // _SHELL_BLOCK_BYTES))
    process = subprocess.Popen(  # noqa: S603 - arguments are ours, or follow "--"
        ["/bin/sh", "-c", _LIMITED, "sh", blocks, "git", *_SAFE, *arguments],
        cwd=folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        start_new_session=True,  # no terminal to ask at, and one group to end
    )
    try:
        return process.wait(limits.seconds)
    except subprocess.TimeoutExpired as exc:
        raise UpstreamTimeoutError(
            f"git {_verb(arguments)} took more than {limits.seconds:.0f} s"
        ) from exc
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _verb(arguments: tuple[str, ...]) -> str:
    """Return git's own verb, behind its settings."""
    rest = list(arguments)
    while rest[0] == "-c":
        rest = rest[2:]
    return rest[0]


def _said(errors: BinaryIO) -> str:
    errors.seek(0)
    return errors.read(1 << 16).decode("utf-8", "replace").strip()


def _error(
    verb: str, code: int, said: str, limits: GitLimits
) -> NotFoundError | TooLargeError | UnavailableError:
    over = f"signal {signal.SIGXFSZ.value}"
    if -code == signal.SIGXFSZ or over in said or "File too large" in said:
        return TooLargeError(f"git {verb}", limit_bytes=limits.max_bytes)
    text = f"git {verb}: {said[-_SHOWN:] or code}"
    if any(each in said for each in _NO_REPOSITORY):
        return NotFoundError(text)
    return UnavailableError(text)


def git_output(
    folder: Path,
    *arguments: str,
    may_fail: bool = False,
    limits: GitLimits = DEFAULT_LIMITS,
) -> str:
    """Return what git writes, as text; "" where it fails and may.

    Raises:
        UsageError: There is no git.
        GosyncError: It failed and may not; as ``git``.
    """
    try:
        return git(folder, *arguments, limits=limits).decode("utf-8", "surrogateescape")
    except (NotFoundError, UnavailableError):
        if may_fail:
            return ""
        raise


# How a host is reached and believed. What else there is, such as GIT_DIR, speaks of
# another repository.
_KEPT: Final = (
    "GIT_SSH_COMMAND",
    "GIT_ASKPASS",
    "GIT_CONFIG_GLOBAL",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_SSL_CERT",
    "GIT_SSL_KEY",
)


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    for name in _KEPT:
        if name in os.environ:
            kept[name] = os.environ[name]
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
