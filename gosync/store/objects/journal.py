"""The journal in a bucket, with a copy of it on the local disk.

An object cannot be appended to, so each append is a part of its own (``parts``).
Together they are the files of ``localjournal``, which lie in the local folder: whoever
reads the journal reads those. A part is created where none is, then appended to the
local file: of two machines that have read the same journal one creates it, and the
other is told (``LeaseLostError``). A part is never changed or removed, so that a place
which was passed is never free again: this holds whoever believes to have the lease.

Whoever appends first catches up, under the writer lock: a local file that a killed run
tore, or left without the part that it had created, becomes what the parts say. So does
one whose disk was full: as after a kill the entries are there, though ``append``
failed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from gosync.errors import LeaseLostError, ObjectChangedError
from gosync.store.durable import disk_errors
from gosync.store.layout import parse_journal_name
from gosync.store.localjournal import ROTATE_BYTES, LocalJournal
from gosync.store.objects.bucket import Bucket
from gosync.store.objects.parts import JournalPart, catch_up


class ObjectJournal(LocalJournal):
    """The journal of a bucket: what is appended is a part there first.

    Attributes:
        appended: How many parts this object has appended.
    """

    def __init__(
        self,
        bucket: Bucket,
        local: Path,
        *,
        rotate_bytes: int = ROTATE_BYTES,
        writing: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        super().__init__(local, rotate_bytes=rotate_bytes, writing=writing)
        self.appended = 0
        self._bucket = bucket

    def _repair(self, path: Path) -> None:
        """Let the local files be what the parts say; somebody else wrote last."""
        catch_up(self._bucket, path.parent)

    def _write(self, path: Path, data: bytes) -> int:
        """Create a part, then append it to the local file; return its new size."""
        with disk_errors(path):
            offset = path.stat().st_size
        part = JournalPart(parse_journal_name(path.name), offset, len(data))
        try:
            self._bucket.create(part.key, data)
        except ObjectChangedError:
            raise LeaseLostError(
                f"{self._bucket.name}: another machine has written this store",
                hint="end one of the two, and run the command again",
            ) from None
        self.appended += 1
        return super()._write(path, data)
