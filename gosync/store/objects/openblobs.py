"""Open blobs of a bucket: read whole, in blocks, or from the file that is sent.

A reader gets a small blob with the request that opens it. Of a large one it gets
blocks, of which the last few are kept: whoever reads on, or goes back a little, asks
once.

What a run keeps of them is ``keptblobs``'.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from gosync.errors import ObjectMissingError, StoreError
from gosync.store.blobs import missing
from gosync.store.digest import Digest, parse_digest
from gosync.store.durable import disk_errors
from gosync.store.objects.bucket import Bucket
from gosync.store.staging import read_at

BLOBS_PREFIX = "blobs"
BLOCK_BYTES = 4 << 20
BLOCKS_KEPT = 4


def blob_key(digest: Digest) -> str:
    """Return a blob's key.

    Raises:
        MalformedError: it is no digest.
    """
    parse_digest(digest)
    return f"{BLOBS_PREFIX}/{digest[:2]}/{digest}"


class MemoryBlob:
    """A small blob, read whole when it was opened."""

    descriptor = None

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size_bytes = len(data)

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return the bytes there; see Readable."""
        return self._data[offset : offset + size_bytes]


class RemoteBlob:
    """A large blob, read in blocks; threads may share it.

    Attributes:
        size_bytes: The blob's size.
    """

    descriptor = None

    def __init__(self, bucket: Bucket, digest: Digest, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._bucket = bucket
        self._digest = digest
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return the bytes there; see Readable."""
        end = min(offset + size_bytes, self.size_bytes)
        pieces = []
        while offset < end:
            number, start = divmod(offset, BLOCK_BYTES)
            piece = self._block(number)[start : start + end - offset]
            if not piece:
                raise StoreError(f"blob {self._digest}: it ends before its size")
            pieces.append(piece)
            offset += len(piece)
        return b"".join(pieces)

    def _block(self, number: int) -> bytes:
        with self._lock:
            block = self._blocks.get(number)
            if block is None:
                block = self._ask(number)
                self._blocks[number] = block
                if len(self._blocks) > BLOCKS_KEPT:
                    self._blocks.popitem(last=False)
            self._blocks.move_to_end(number)
            return block

    def _ask(self, number: int) -> bytes:
        try:
            return self._bucket.get_range(
                blob_key(self._digest), number * BLOCK_BYTES, BLOCK_BYTES
            )
        except ObjectMissingError:
            raise missing(self._digest) from None


class StagedBlob:
    """A blob on its way, read from the file that is sent."""

    def __init__(self, descriptor: int, size_bytes: int) -> None:
        self.descriptor = descriptor
        self.size_bytes = size_bytes

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return the bytes there; see Readable."""
        with disk_errors("staged blob"):
            return read_at(self.descriptor, offset, size_bytes)
