"""Key files on disk: the secret one is its owner's alone.

Where a key's file is asked for, a folder of them may be named as well, like one that
Kubernetes mounts a Secret in: secret keys are its files ``*.key``, public ones its
``*.pub``, dot files apart. So a key is exchanged by a second file beside the first, and
the removal of the first some time later. They are read at each use.

A secret key that belongs to another user (root, in such a folder) may be read by its
group, which is how this user is let at it; else its owner alone may read it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gosync.errors import ConfigError, MalformedError, UsageError
from gosync.hint import advise, command
from gosync.signing.cosignkey import PASSWORD_VARIABLE
from gosync.signing.keys import (
    MAX_KEY_BYTES,
    PublicKey,
    SecretKey,
    format_public_key,
    format_secret_key,
    parse_public_key,
    parse_secret_key,
)
from gosync.signing.trust import (
    NO_TRUST,
    TrustedKey,
    TrustFile,
    check_trust,
    parse_keys,
    parse_trust,
)

PUBLIC_SUFFIX: Final = ".pub"
SECRET_SUFFIX: Final = ".key"  # noqa: S105 - of file names
TRUST_NAME: Final = "trust.toml"

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MAX_TEXT_BYTES: Final = 4 << 20


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
        UsageError: It cannot be read, others can read it too, it is no key, or its
            passphrase is not known.
    """
    with _usage_errors(path), path.open("rb") as file:
        status = os.fstat(file.fileno())
        data = file.read(MAX_KEY_BYTES + 1)
    is_own = status.st_uid == os.geteuid()
    if status.st_mode & (_OTHERS if is_own else stat.S_IRWXO):
        raise UsageError(
            f"{path}: others than its owner can read this secret key",
            hint=f"chmod 600 {path}, or make a new key if somebody may have read it",
        )
    password = os.environ.get(PASSWORD_VARIABLE)
    return parse_secret_key(data, subject=str(path), password=password)


def read_keys(path: Path) -> list[SecretKey]:
    """Read the secret key in a file, or all of them in a folder, by name.

    Raises:
        UsageError: As ``read_key``; or a folder has none.
    """
    return [read_key(each) for each in _files(path, SECRET_SUFFIX)]


def read_public_keys(paths: Iterable[Path]) -> tuple[PublicKey, ...]:
    """Read public keys, of files or of folders, each once.

    Raises:
        ConfigError: One cannot be read, or is none; or a folder has none.
    """
    found: dict[PublicKey, None] = {}
    for path in paths:
        try:
            for file in _files(path, PUBLIC_SUFFIX):
                found[_public_key(file)] = None
        except UsageError as exc:
            raise ConfigError(str(exc), hint=exc.hint) from exc
    return tuple(found)


def read_trust(path: Path) -> TrustFile:
    """Read a trust file, or a folder with one, ``trust.toml``, and public keys.

    Each ``*.pub`` of the folder is trusted at any time, besides those that the file
    names, and is called as its file is.

    Raises:
        ConfigError: There is none, it cannot be read, or could never be satisfied.
    """
    if not path.exists():
        raise ConfigError(
            f"{path}: there is no trust file, so nobody's bundles are taken",
            hint=advise(
                "outside, {} prints what belongs into it; bundle.trust names another",
                command("key new", "NAME"),
            ),
        )
    if not path.is_dir():
        return parse_trust(_text(path), subject=str(path))
    file = path / TRUST_NAME
    found = parse_keys(_text(file), subject=str(file)) if file.exists() else NO_TRUST
    named = {key.public for key in found.keys}
    added = [
        TrustedKey(name=each.stem, public=key)
        for each in _inside(path, PUBLIC_SUFFIX)
        if (key := _public_key(each)) not in named
    ]
    trust = TrustFile(found.threshold, (*found.keys, *added))
    check_trust(trust, str(path))
    return trust


def _files(path: Path, suffix: str) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = _inside(path, suffix)
    if not found:
        raise UsageError(f"{path}: a folder without keys, as *{suffix}")
    return found


def _inside(folder: Path, suffix: str) -> list[Path]:
    with _usage_errors(folder):
        files = sorted(folder.iterdir())
    plain = (each for each in files if not each.name.startswith("."))
    return [each for each in plain if each.name.endswith(suffix)]


def read_any_public_key(file: Path) -> PublicKey:
    """Read a public key, or the public part of a secret one.

    Raises:
        UsageError: It cannot be read, or is none.
    """
    if b"PRIVATE KEY-----" in _text(file).encode():
        return read_key(file).public()
    return _public_key(file)


def _public_key(file: Path) -> PublicKey:
    try:
        return parse_public_key(_text(file))
    except MalformedError as exc:
        raise ConfigError(f"{file}: {exc}") from exc


def _text(file: Path) -> str:
    try:
        if file.exists() and not file.is_file():  # a pipe would be waited for
            raise ConfigError(f"{file}: not a file")
        with file.open("rb") as opened:
            return opened.read(_MAX_TEXT_BYTES).decode()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not UTF-8"
        raise ConfigError(f"{file}: {reason}") from exc


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
