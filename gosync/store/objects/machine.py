"""What a local folder knows of the bucket whose store it is a part of.

``bucket.json`` is ``{"format": 1, "secret": HEX, "bucket": LOCATION, "endpoint": URL,
"conditional": BOOL, "proven_at": TIME}``: whether the service was seen to hold to
conditions (``proof``), and when; it is asked again after a day, and of another bucket.

The holder is the folder's name to other machines: made of the secret, this machine's id
and the inode of the lock file, so that a copy of the folder is another holder.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from gosync.clock import Clock, format_time, parse_time
from gosync.errors import MalformedError
from gosync.store.durable import disk_errors, replace_file
from gosync.store.layout import BUCKET, LOCK, STAGING
from gosync.store.objects.bucket import Bucket
from gosync.store.objects.proof import keeps_conditions

_FORMAT = 1
_MACHINE_ID = Path("/etc/machine-id")
_PROVEN_FOR = timedelta(days=1)


class _File(msgspec.Struct, frozen=True, kw_only=True):
    format: int = _FORMAT
    secret: str
    bucket: str = ""
    endpoint: str = ""
    conditional: bool = False
    proven_at: str = ""


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
    is_same = (known.bucket, known.endpoint) == (bucket.name, endpoint)
    if is_same and _is_fresh(known.proven_at, now):
        return known.conditional
    found = keeps_conditions(bucket)
    proven = msgspec.structs.replace(
        known,
        bucket=bucket.name,
        endpoint=endpoint,
        conditional=found,
        proven_at=format_time(now),
    )
    _write(local, proven)
    return found


def _is_fresh(proven_at: str, now: datetime) -> bool:
    try:
        age = now - parse_time(proven_at)
    except MalformedError:
        return False
    return timedelta() <= age < _PROVEN_FOR


def _read(local: Path) -> _File:
    path = local / BUCKET
    with disk_errors(path), suppress(FileNotFoundError, msgspec.DecodeError):
        return msgspec.json.decode(path.read_bytes(), type=_File)
    fresh = _File(secret=secrets.token_hex(16))
    _write(local, fresh)
    return fresh


def _write(local: Path, file: _File) -> None:
    data = msgspec.json.encode(file) + b"\n"
    replace_file(local / BUCKET, data, staging=local / STAGING)
