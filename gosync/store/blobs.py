"""Blob storage, the contract: bytes under their SHA-256, never changed.

Three roles, each with what the one before it has: a ``BlobReader`` reads, a
``BlobWriter`` stages and admits, a ``BlobStore`` prunes, too. An implementation says
nowhere where a blob lies: it hands out ranges of bytes, and a file descriptor where
it has one. ``localblobs`` keeps files; ``tests/contract`` runs every rule below over
each implementation.

**Idempotent.** To admit or put what is there changes nothing, but may mend bytes that
rotted; what is there under a digest with another size is debris and is replaced. A
blob that is removed may come again. Every call may be repeated after an error.

**Durable.** Nothing at the return of ``admit`` and ``put_bytes``; at the return of
``sync`` all that this object admitted or put, also what it found to be there, though
whoever had admitted that was killed before its own ``sync``. An implementation may so
write behind. Removals are durable then, too. Before it is durable a blob is there whole
or not at all: a reader never sees a part.

**Concurrent.** Threads may share a blob store, and several processes may write into
one: two that admit the same bytes cannot disagree. Only pruning needs the caller to
keep others away, as its methods say.

**Errors.** ``BlobMissingError`` for a blob that is not there, ``BlobCorruptError`` for
bytes that are not what they must be, ``NoSpaceError`` where there is no room, else
``StoreError``; ``MalformedError`` for a digest that is none. An error leaves the blobs
as they were, and what is staged for another try.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from gosync.errors import BlobCorruptError, BlobMissingError
from gosync.hint import advise, command
from gosync.store.digest import Digest, digest_of
from gosync.store.scratch import ScratchFiles
from gosync.store.staging import Readable, Staged, pieces_of


class OpenBlob(Readable, Protocol):
    """An open blob: bytes at any offset, from any thread, while it is open.

    A blob that is removed meanwhile is read to its end where the implementation can.
    """

    @property
    def descriptor(self) -> int | None:
        """A file descriptor, for ``sendfile`` and its like; None without a file.

        It is the open blob's own: to be read at offsets, not closed, not moved. The
        file has the blob's bytes alone and is never written into again, so that it may
        be linked while it has a name.
        """
        ...


class BlobReader(Protocol):
    """Reads blobs; what proves them is the same for each implementation."""

    def size(self, digest: Digest) -> int:
        """Return a blob's size in bytes.

        Raises:
            BlobMissingError: it is not there.
            StoreError: the storage refuses.
        """
        ...

    def open(self, digest: Digest) -> AbstractContextManager[OpenBlob]:
        """Open a blob to read parts of it; nothing is proven by this.

        Raises:
            BlobMissingError: it is not there.
            StoreError: the storage refuses.
        """
        ...

    def exists(self, digest: Digest, *, size_bytes: int | None = None) -> bool:
        """Whether a blob is there, with that size if one is given.

        Raises:
            StoreError: the storage refuses.
        """
        try:
            found = self.size(digest)
        except BlobMissingError:
            return False
        return size_bytes is None or found == size_bytes

    def read(self, digest: Digest, *, limit_bytes: int | None = None) -> bytes:
        """Return a blob's bytes, proven by their digest.

        Raises:
            BlobMissingError: it is not there.
            BlobCorruptError: its bytes have another digest, or exceed the limit.
            StoreError: the storage refuses.
        """
        with self.open(digest) as blob:
            if limit_bytes is not None and blob.size_bytes > limit_bytes:
                raise BlobCorruptError(
                    f"blob {digest}: {blob.size_bytes} bytes, limit {limit_bytes}"
                )
            data = blob.read_at(0, blob.size_bytes)
        if (got := digest_of(data)) != digest:
            raise BlobCorruptError(
                f"blob {digest}: its bytes have the digest {got}",
                hint=advise(
                    "remove the file and run {} to fetch it anew", command("sync")
                ),
            )
        return data

    def pieces(self, digest: Digest) -> Iterator[bytes]:
        """Yield a blob's bytes; after the last they are proven by their digest.

        Raises:
            BlobMissingError: it is not there.
            BlobCorruptError: its bytes have another digest.
            StoreError: the storage refuses.
        """
        with self.open(digest) as blob:
            yield from proven_pieces(blob, digest)


class BlobWriter(BlobReader, ScratchFiles, Protocol):
    """Writes blobs: staged, admitted, synced."""

    def stage(self) -> Staged:
        """Begin a staged file.

        Raises:
            NoSpaceError: there is no room.
            StoreError: it cannot be made.
        """
        ...

    def put_bytes(self, data: bytes) -> Digest:
        """Admit bytes that are in memory; bytes that are there cost no write.

        Raises:
            NoSpaceError: there is no room.
            StoreError: the blob cannot be written.
        """
        ...

    def admit(
        self,
        staged: Staged,
        *,
        want: Digest | None = None,
        size_bytes: int | None = None,
        replace: bool = False,
    ) -> Digest:
        """Make a staged file a blob; durable once ``sync`` returned.

        Args:
            staged: The file, of this blob store; settled by this, and by an error
                left as it is.
            want: The digest it must have, if one is known.
            size_bytes: The size it must have, if one is known.
            replace: Whether it takes the place of a blob that is there: one whose
                bytes proved to be others.

        Raises:
            BlobCorruptError: digest or size are not what was wanted.
            NoSpaceError: there is no room.
            StoreError: the blob cannot be written, or what is staged is not what
                was written.
        """
        ...

    def admit_all(self, parts: Sequence[bytes | Staged]) -> list[Digest]:
        """Admit many small ones together; durable once ``sync`` returned.

        Args:
            parts: Bytes in memory, and staged files, which are settled by this; by an
                error they are left as they are, or settled.

        Returns:
            Their digests, in this order.

        Raises:
            NoSpaceError: there is no room.
            StoreError: one cannot be written; others may be there.
        """
        return [
            self.put_bytes(part) if isinstance(part, bytes) else self.admit(part)
            for part in parts
        ]

    def sync(self) -> int:
        """Make every admission so far durable; return how many steps it took, or 0.

        Raises:
            NoSpaceError: there is no room for what was written behind.
            StoreError: it cannot be done; all of it is tried again next time.
        """
        ...

    def check_space(self, needed_bytes: int, *, min_free_bytes: int) -> None:
        """Check that the reserve stays free after so many more bytes.

        Raises:
            NoSpaceError: it would not.
            StoreError: the storage refuses.
        """
        ...

    def sweep_staging(self) -> int:
        """Remove what killed runs left in staging; what a live one has open stays.

        What is called otherwise than what is staged is somebody else's, and stays.

        Raises:
            StoreError: something cannot be removed.
        """
        ...


class BlobStore(BlobWriter, Protocol):
    """Reads, writes and prunes blobs."""

    def others(self, keep: Container[str]) -> dict[Digest, int]:
        """Return every blob but these, with its size.

        Raises:
            StoreError: the storage refuses.
        """
        ...

    def remove(self, digests: Iterable[Digest]) -> int:
        """Remove blobs; return how many were there. ``sync`` makes it durable.

        Only where nobody can begin to rely on them: inside of a transaction of the
        catalog in which neither a row nor an announcement names them (I1). Killed in
        between, it has removed some of them.

        Raises:
            StoreError: a blob cannot be removed.
        """
        ...


def proven_pieces(blob: OpenBlob, digest: Digest) -> Iterator[bytes]:
    """Yield an open blob's bytes; after the last they are proven by their digest.

    Raises:
        BlobCorruptError: its bytes have another digest.
        StoreError: the storage refuses.
    """
    found = hashlib.sha256()
    for piece in pieces_of(blob):
        found.update(piece)
        yield piece
    if found.hexdigest() != digest:
        raise BlobCorruptError(
            f"blob {digest}: its bytes have the digest {found.hexdigest()}",
            hint=advise("run {}", command("verify", "--repair")),
        )


def missing(digest: Digest) -> BlobMissingError:
    """Return the error for a blob that is not there."""
    return BlobMissingError(
        f"blob {digest}: not in the store",
        hint=advise("run {} to fetch it anew", command("sync")),
    )
