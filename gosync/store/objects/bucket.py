"""A bucket's objects by key, the contract.

A key is one or more segments with slashes between, none of them empty, ``.`` or ``..``.
It is relative to the prefix that the bucket was opened with. ``remote`` keeps objects
with a service, ``tests/contract`` runs every rule below over each implementation.

**Whole and durable.** An object appears at once with all its bytes, and at the return
of a call that wrote it, it stays. What was written is what the next call reads, gets
and lists, of whichever process.

**Conditional.** ``create`` writes where nothing is, ``replace`` where the object of a
given ETag is: of any number of callers at the same time one succeeds. A request whose
answer was lost is sent again, and would then refuse itself: so each of these writes
carries a random attribute, and who finds its own has written the object. Whether a
service holds to conditions is proven by ``proof``, not assumed.

**Bounded.** Each request has a time-out, and so has the sum of its tries: what is
throttled, reset or fails on the other side is sent again with growing pauses.

**Concurrent.** Threads share a bucket; a call blocks its thread, without the
interpreter's lock. A forked child must open its own.

**Errors.** ``ObjectMissingError``: there is no such object. ``ObjectChangedError``: the
condition does not hold. ``BucketDeniedError``: credentials or rights are missing.
``BucketThrottledError``, a ``BucketAwayError``: no answer within the bounds; later
perhaps. ``NoSpaceError``: a quota is full. Else ``StoreError``. No message holds a
credential.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import msgspec


class ObjectInfo(msgspec.Struct, frozen=True):
    """What is known of an object without its bytes.

    Attributes:
        key: Its key.
        size_bytes: Its size.
        etag: What ``replace`` compares; "" where the service tells none.
        modified: When it was written, in seconds since 1970; to a second.
    """

    key: str
    size_bytes: int
    etag: str
    modified: float = 0.0


class ObjectBytes(msgspec.Struct, frozen=True):
    """An object's bytes.

    Attributes:
        data: All of them.
        etag: What ``replace`` compares.
    """

    data: bytes
    etag: str


class ObjectStart(msgspec.Struct, frozen=True):
    """An object's first bytes, and what is known of it.

    Attributes:
        data: As many as were asked for; fewer where it is shorter.
        info: The rest of it.
    """

    data: bytes
    info: ObjectInfo


class Folder(msgspec.Struct, frozen=True):
    """What lies directly below a prefix.

    Attributes:
        folders: The last segments of the prefixes there, sorted.
        objects: The objects there, by key.
    """

    folders: tuple[str, ...]
    objects: tuple[ObjectInfo, ...]


class Bucket(Protocol):
    """The objects of one bucket below one prefix.

    Attributes:
        name: What messages call it, as ``s3://bucket/prefix``.
    """

    name: str

    def get(self, key: str, *, limit_bytes: int | None = None) -> ObjectBytes:
        """Return an object's bytes.

        Args:
            key: Which.
            limit_bytes: More than so many are an error, and not transferred.

        Raises:
            ObjectMissingError: it is not there.
            StoreError: it cannot be read, or is larger.
        """
        ...

    def get_start(self, key: str, size_bytes: int) -> ObjectStart:
        """Return an object's first bytes and its size, in one request.

        Raises:
            ObjectMissingError: it is not there.
            StoreError: it cannot be read.
        """
        ...

    def get_range(self, key: str, offset: int, size_bytes: int) -> bytes:
        """Return some of an object's bytes; fewer only at its end.

        Raises:
            ObjectMissingError: it is not there.
            StoreError: it cannot be read.
        """
        ...

    def head(self, key: str) -> ObjectInfo | None:
        """Return what is known of an object; None where there is none.

        Raises:
            StoreError: the service refuses, or does not answer.
        """
        ...

    def list(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectInfo]:
        """Yield the objects below a prefix, page by page.

        Args:
            prefix: Whole segments: ``a/b`` has ``a/b/c`` below it, not ``a/bc``.
            after: Only what sorts after this key, by its UTF-8 bytes; an object's: not
                every service compares what only begins like one.

        Raises:
            StoreError: the service refuses, or does not answer.
        """
        ...

    def list_folder(self, prefix: str = "") -> Folder:
        """Return what lies directly below a prefix.

        Raises:
            StoreError: the service refuses, or does not answer.
        """
        ...

    def put(
        self,
        key: str,
        content: bytes | Path | Iterable[bytes],
        *,
        attributes: Mapping[str, str] | None = None,
    ) -> str:
        """Write an object, whatever was there; return its ETag.

        Args:
            key: Which.
            content: The bytes, a file that has them, or pieces of them; what is large
                goes in parts that are sent side by side.
            attributes: ``Content-Type``, ``Cache-Control``, ``Content-Encoding``,
                ``Content-Disposition`` or ``Content-Language``.

        Raises:
            NoSpaceError: a quota is full.
            StoreError: it cannot be written; what was there stays.
        """
        ...

    def create(
        self, key: str, data: bytes, *, attributes: Mapping[str, str] | None = None
    ) -> str:
        """Write an object where none is; return its ETag.

        Args:
            key: Which.
            data: All of its bytes.
            attributes: As of ``put``.

        Raises:
            ObjectChangedError: one is there.
            StoreError: it cannot be written.
        """
        ...

    def replace(
        self,
        key: str,
        data: bytes,
        *,
        etag: str,
        attributes: Mapping[str, str] | None = None,
    ) -> str:
        """Write an object in the place of the one with this ETag; return the new ETag.

        Args:
            key: Which.
            data: All of its bytes.
            etag: What it replaces.
            attributes: As of ``put``.

        Raises:
            ObjectChangedError: another is there, or none.
            StoreError: it cannot be written.
        """
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects, many in one request; what is not there is removed.

        Killed in between, or after an error, it has removed some of them.

        Raises:
            StoreError: one cannot be removed.
        """
        ...

    def copy_from(self, source: Bucket, key: str, target: str) -> bool:
        """Copy an object of this service without its bytes coming here.

        Args:
            source: Who has it: this bucket, or the same one with another prefix.
            key: Its key there.
            target: The key here; what was there is replaced.

        Returns:
            Whether it was done; False where the source is of another bucket or service.

        Raises:
            ObjectMissingError: it is not there.
            StoreError: it cannot be copied.
        """
        ...
