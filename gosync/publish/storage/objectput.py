"""Objects of a tree put into a bucket, one by one; threads do so side by side.

A generated file replaces what was seen, by its ETag. A blob that is large, of a store
in the same bucket, is copied by the service; all others are read from the store,
proven, and put with the media type and the Cache-Control of their kind.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gosync.errors import (
    BlobCorruptError,
    BlobMissingError,
    LockedError,
    ObjectChangedError,
    ObjectMissingError,
)
from gosync.folder import routes
from gosync.folder.headers import cache_control, content_type
from gosync.folder.requests import parse_request
from gosync.hint import advise, command
from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest, digest_of
from gosync.store.objects.blobs import ObjectBlobStore
from gosync.store.objects.bucket import Bucket, ObjectInfo
from gosync.store.objects.openblobs import blob_key

SMALL_BYTES = 256 << 10  # to read and put is faster than a copy, and has its headers
_WHOLE_BYTES = 8 << 20
_IMMUTABLE_DAYS = 365


class Upload(msgspec.Struct, frozen=True):
    """A generated file that is to be put.

    Attributes:
        path: Where to.
        data: All of it.
        seen: The ETag of what it replaces, "" where there was nothing; None where
            nobody looked.
    """

    path: str
    data: bytes
    seen: str | None


class BlobObject(msgspec.Struct, frozen=True):
    """A blob that is to be put.

    Attributes:
        path: Where to.
        blobs: Who has it.
        digest: Which.
        size_bytes: Its size, 0 if that is not known.
    """

    path: str
    blobs: BlobReader
    digest: Digest
    size_bytes: int


class ObjectPutter:
    """Puts the objects of one tree.

    Attributes:
        not_copied: Paths of blobs that came through here, since their bucket is
            another one.
    """

    def __init__(self, bucket: Bucket) -> None:
        self.not_copied: list[str] = []
        self._bucket = bucket

    def put(self, waiting: Upload | BlobObject) -> ObjectInfo:
        """Put one; return what is known of it then.

        Raises:
            LockedError: somebody else wrote it meanwhile.
            BlobMissingError: the blob is not there.
            BlobCorruptError: it is of another size, or has other bytes.
            NoSpaceError: a quota is full.
            StoreError: it cannot be put.
        """
        if isinstance(waiting, Upload):
            return self._upload(waiting)
        try:
            return self._copy(waiting) or self._upload_blob(waiting)
        except (BlobMissingError, ObjectMissingError) as error:
            raise BlobMissingError(
                f"{waiting.path}: its blob {waiting.digest} is not in the store",
                hint=advise("sync again, or run {}", command("catalog rebuild")),
            ) from error

    def _upload(self, file: Upload) -> ObjectInfo:
        """Put a generated file, where what it replaces is what was seen."""
        attributes = attributes_of(file.path)
        try:
            if file.seen is None:
                etag = self._bucket.put(file.path, file.data, attributes=attributes)
            elif file.seen:
                etag = self._bucket.replace(
                    file.path, file.data, etag=file.seen, attributes=attributes
                )
            else:
                etag = self._bucket.create(file.path, file.data, attributes=attributes)
        except ObjectChangedError as error:
            raise LockedError(
                f"{self._bucket.name}: {file.path} was written by somebody else"
                " meanwhile: another gosync publishes this tree",
                hint="let one gosync alone publish it, then run the command again",
            ) from error
        return ObjectInfo(file.path, len(file.data), etag)

    def _copy(self, blob: BlobObject) -> ObjectInfo | None:
        """Let the service copy a blob; None where it does not, or nothing is gained."""
        if not may_be_copied(blob.blobs, blob.size_bytes):
            return None
        assert isinstance(blob.blobs, ObjectBlobStore)
        _check_size(blob, blob.blobs.size(blob.digest))
        source = blob_key(blob.digest)
        if not self._bucket.copy_from(blob.blobs.bucket, source, blob.path):
            self.not_copied.append(blob.path)  # another bucket's
            return None
        return self._bucket.head(blob.path)

    def _upload_blob(self, blob: BlobObject) -> ObjectInfo:
        """Put a blob's bytes, once or while they are proven."""
        attributes = attributes_of(blob.path)
        with blob.blobs.open(blob.digest) as opened:
            size = opened.size_bytes
            _check_size(blob, size)
            whole = opened.read_at(0, size) if size <= _WHOLE_BYTES else None
        if whole is None:
            pieces = blob.blobs.pieces(blob.digest)
            etag = self._bucket.put(blob.path, pieces, attributes=attributes)
        elif digest_of(whole) != blob.digest:
            raise BlobCorruptError(
                f"{blob.path}: its blob {blob.digest} has other bytes",
                hint=advise("run {}", command("verify", "--repair")),
            )
        else:
            etag = self._bucket.put(blob.path, whole, attributes=attributes)
        return ObjectInfo(blob.path, size, etag)


def may_be_copied(blobs: BlobReader, size_bytes: int) -> bool:
    """Return whether a service may copy such a blob by itself."""
    return size_bytes > SMALL_BYTES and isinstance(blobs, ObjectBlobStore)


def _check_size(blob: BlobObject, found: int) -> None:
    if blob.size_bytes and found != blob.size_bytes:
        raise BlobCorruptError(
            f"{blob.path}: its blob {blob.digest} has {found} bytes,"
            f" not {blob.size_bytes}",
            hint=advise("run {}", command("verify", "--repair")),
        )


def attributes_of(path: str) -> Mapping[str, str]:
    """Return what the bucket is to answer for a file besides its bytes."""
    request = parse_request(path)
    caching = (
        "no-store"
        if path.startswith(f"{routes.MARKER_FOLDER}/")
        else cache_control(request, _IMMUTABLE_DAYS)
    )
    return {"Content-Type": content_type(path, request), "Cache-Control": caching}
