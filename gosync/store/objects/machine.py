"""What a local folder knows of the bucket whose store it is a part of.

``bucket.json`` is ``{"format": 1, "secret": HEX, "proven": {LOCATION: {"endpoint": URL,
"conditional": BOOL, "at": TIME}}}``: whether the service of a bucket was seen to hold
to conditions (``proof``), and when; it is asked again after a day, and of another
endpoint.

The holder is the folder's name to other machines: made of the secret, this machine's id
and the inode of the lock file, so that a copy of the folder is another holder.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from gosync.clock import Clock, format_time, parse_time
from gosync.errors import MalformedError
from gosync.store.durable import disk_errors, replace_file, sync_folder
from gosync.store.layout import BUCKET, LOCK, STAGING
from gosync.store.objects.bucket import Bucket
from gosync.store.objects.proof import keeps_conditions

_FORMAT = 1
_MACHINE_ID = Path("/etc/machine-id")
_PROVEN_FOR = timedelta(days=1)


class _Proof(msgspec.Struct, frozen=True):
    endpoint: str
    conditional: bool
    at: str


class _File(msgspec.Struct, frozen=True, kw_only=True):
    format: int = _FORMAT
    secret: str
    proven: dict[str, _Proof] = {}


def holder_of(local: Path) -> str:
    """Return the folder's name to other machines; 32 hexadecimal digits.

    Raises:
        StoreError: the disk refuses.
    """
    machine = b""
    with suppress(OSError):  # not every machine has one
        machine = _MACHINE_ID.read_bytes()
    lock = local / LOCK
    with disk_errors(lock):
        lock.touch()
        inode = lock.stat().st_ino
    text = f"{_read(local).secret} {inode} ".encode() + machine
    return hashlib.sha256(text).hexdigest()[:32]


def is_conditional(bucket: Bucket, local: Path, *, endpoint: str, clock: Clock) -> bool:
    """Return whether the service holds to conditions, as was proven not long ago.

    Raises:
        StoreError: bucket or disk refuse.
    """
    known, now = _read(local), clock.now()
    proof = known.proven.get(bucket.name)
    if proof is not None and proof.endpoint == endpoint and _is_fresh(proof.at, now):
        return proof.conditional
    found = keeps_conditions(bucket)
    fresh = {bucket.name: _Proof(endpoint, found, format_time(now))}
    _write(local, msgspec.structs.replace(known, proven={**known.proven, **fresh}))
    return found


def _is_fresh(proven_at: str, now: datetime) -> bool:
    try:
        age = now - parse_time(proven_at)
    except MalformedError:
        return False
    return timedelta() <= age < _PROVEN_FOR


def _read(local: Path) -> _File:
    path = local / BUCKET
    with disk_errors(path), suppress(FileNotFoundError):
        return _parse(path.read_bytes())
    _create(local, _File(secret=secrets.token_hex(16)))
    with disk_errors(path):
        return _parse(path.read_bytes())


def _parse(data: bytes) -> _File:
    try:
        return msgspec.json.decode(data, type=_File)
    except msgspec.DecodeError:
        # Another folder by name, until the file is removed; never two at once.
        return _File(secret=hashlib.sha256(data).hexdigest()[:32])


def _create(local: Path, file: _File) -> None:
    """Write the file where none is: two runs that begin have one secret."""
    staged = local / STAGING / secrets.token_hex(8)
    replace_file(staged, _format(file), staging=local / STAGING)
    with disk_errors(local / BUCKET):
        try:
            with suppress(FileExistsError):
                os.link(staged, local / BUCKET)
            sync_folder(local)
        finally:
            staged.unlink(missing_ok=True)


def _write(local: Path, file: _File) -> None:
    replace_file(local / BUCKET, _format(file), staging=local / STAGING)


def _format(file: _File) -> bytes:
    return msgspec.json.encode(file) + b"\n"
