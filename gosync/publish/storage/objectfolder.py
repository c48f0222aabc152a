"""One folder of a tree in a bucket: what is in it, and which of it are which blobs.

A bucket tells names, sizes and ETags of a thousand objects in one answer, and of none
its SHA-256. So a tree keeps notes of the blobs that it put, a file for each folder with
any::

    .gosync/objects/ab/<the rest of the SHA-256 of the folder's path>.json

    folder    the folder's path in the tree
    blobs     by name: the object's ETag, and the SHA-256 of the blob

A note says something of an object with this very ETag alone; of any other it says
nothing, as of one without a note, and whoever wants that blob there puts it again. So
notes may be lost, stale, or of a publish that was killed: that costs a copy.
"""

from __future__ import annotations

import hashlib

import msgspec

from gosync.errors import ObjectMissingError
from gosync.folder import routes
from gosync.store.digest import Digest
from gosync.store.objects.bucket import Bucket, ObjectInfo

_MAX_BYTES = 256 << 20  # a folder of a million blobs


class _Notes(msgspec.Struct, frozen=True):
    folder: str = ""
    blobs: dict[str, tuple[str, str]] = {}


class ObjectFolder:
    """What was in a folder when it was listed, and what was put there since.

    Attributes:
        is_changed: Whether its notes are to be saved.
    """

    def __init__(self, bucket: Bucket, path: str) -> None:
        """List the folder.

        Raises:
            StoreError: the bucket refuses.
        """
        found = bucket.list_folder(path)
        start = len(path) + 1 if path else 0
        self._bucket = bucket
        self._path = path
        self._folders = found.folders
        self._objects = {info.key[start:]: info for info in found.objects}
        self._notes: dict[str, tuple[str, str]] | None = None
        self.is_changed = False

    def names(self) -> list[str]:
        """Return the names of folders and objects, sorted."""
        return sorted({*self._folders, *self._objects})

    def drop_empty(self) -> None:
        """Forget folders that nothing is in: some services go on naming them.

        Raises:
            StoreError: the bucket refuses.
        """
        self._folders = tuple(
            name
            for name in self._folders
            if next(iter(self._bucket.list(self._whole(name))), None) is not None
        )

    def _whole(self, name: str) -> str:
        return f"{self._path}/{name}" if self._path else name

    def info(self, name: str) -> ObjectInfo | None:
        """Return what is known of an object here, None where there is none."""
        return self._objects.get(name)

    def has_blob(self, name: str, digest: Digest) -> bool:
        """Return whether an object is known to have a blob's bytes.

        Raises:
            StoreError: the bucket refuses.
        """
        info = self._objects.get(name)
        return info is not None and self._noted().get(name) == (info.etag, digest)

    def put(self, info: ObjectInfo, digest: Digest | None) -> None:
        """Note what was put here.

        Args:
            info: The object, with its whole key.
            digest: The blob that it is, None for no blob.

        Raises:
            StoreError: the bucket refuses.
        """
        name = info.key.rpartition("/")[2]
        notes = self._noted()
        self._objects[name] = info
        if digest is not None:
            notes[name] = (info.etag, digest)
            self.is_changed = True

    def remove(self, name: str) -> None:
        """Note what is gone; its note goes when notes are saved the next time."""
        self._objects.pop(name, None)

    def save(self) -> None:
        """Save the notes of what is here.

        Raises:
            StoreError: the bucket refuses.
        """
        kept = {
            name: note
            for name, note in sorted(self._noted().items())
            if name in self._objects
        }
        data = msgspec.json.encode(_Notes(self._path, kept)) + b"\n"
        self._bucket.put(notes_key(self._path), data, attributes=NOTES_ATTRIBUTES)
        self.is_changed = False

    def _noted(self) -> dict[str, tuple[str, str]]:
        if self._notes is None:
            self._notes = self._read() if self._objects else {}
        return self._notes

    def _read(self) -> dict[str, tuple[str, str]]:
        try:
            data = self._bucket.get(notes_key(self._path), limit_bytes=_MAX_BYTES).data
            notes = msgspec.json.decode(data, type=_Notes)
        except (ObjectMissingError, msgspec.DecodeError, UnicodeDecodeError):
            return {}
        return dict(notes.blobs) if notes.folder == self._path else {}


NOTES_ATTRIBUTES = {"Content-Type": "application/json", "Cache-Control": "no-store"}


def notes_key(folder: str) -> str:
    """Return where a folder's notes are."""
    name = hashlib.sha256(folder.encode()).hexdigest()
    return f"{routes.OBJECTS}/{name[:2]}/{name[2:]}.json"
