"""Signer keys of checksum databases, as files for their owner alone."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from gosync.errors import UsageError
from gosync.sumdb.note import generate_key


class NewLogKeyReport(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was made for a checksum database; its fields are the JSON's keys.

    Attributes:
        name: The database's name.
        kind: "sumdb".
        secret_file: Where the secret key is.
        verifier: The verifier key, as GOSUMDB takes it.
    """

    name: str
    kind: str
    secret_file: str
    verifier: str


def write_log_key(name: str, file: Path) -> str:
    """Write a new signer key, for its owner alone; return its verifier key.

    Raises:
        MalformedError: the name is not one for a key.
        UsageError: the file is there already, or cannot be written.
    """
    secret, verifier = generate_key(name)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(f"{secret}\n")
    except OSError as exc:
        raise UsageError(f"{file}: {exc.strerror}") from exc
    return verifier
