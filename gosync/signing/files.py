"""Key files on disk: the secret one is its owner's alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gosync.errors import UsageError
from gosync.signing.keys import (
    MAX_KEY_BYTES,
    SecretKey,
    format_public_key,
    format_secret_key,
    parse_secret_key,
)

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def write_key(key: SecretKey, path: Path, *, comment: str) -> Path:
    """Write a new key's secret file, and its public one beside it.

    Args:
        key: The key.
        path: The secret file; mode 0600, never written over.
        comment: What an SSH key's public line ends in.

    Returns:
        The public file: ``path`` and ``.pub``.

    Raises:
        UsageError: One of the files is there already, or cannot be written.
    """
    public = path.with_name(f"{path.name}.pub")
    text = format_public_key(key.public(), comment=comment)
    if public.exists():
        raise UsageError(f"{public}: it is there already", hint="choose another name")
    _write(path, format_secret_key(key), mode=0o600)
    _write(public, text.encode(), mode=0o644)
    return public


def read_key(path: Path) -> SecretKey:
    """Read a secret key.

    Raises:
        UsageError: It cannot be read, others can read it too, or it is no key that
            signs without a passphrase.
    """
    with _usage_errors(path), path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        data = file.read(MAX_KEY_BYTES + 1)
    if mode & _OTHERS:
        raise UsageError(
            f"{path}: others than its owner can read this secret key",
            hint=f"chmod 600 {path}, or make a new key if somebody may have read it",
        )
    return parse_secret_key(data, subject=str(path))


def write_signature(path: Path, data: bytes) -> None:
    """Write a signature's file; never over another.

    Raises:
        UsageError: It is there already, or cannot be written.
    """
    _write(path, data, mode=0o644)


def _write(path: Path, data: bytes, *, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with _usage_errors(path), os.fdopen(os.open(path, flags, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _usage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as exc:
        raise UsageError(
            f"{path}: it is there already", hint="choose another name"
        ) from exc
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}") from exc
