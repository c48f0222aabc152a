"""Keeps the trusted head: places what comes along, and persists what is newer.

The head that a caller kept from an earlier run is where trust starts: it is our own
state, but its signature is checked again, so that a damaged or exchanged file is
noticed. As long as there is none, the first signed head is trusted.

A head that moved forward is written back by compare-and-swap. Where somebody else
wrote in between, their head is placed on the timeline too, and the newer of the two
is written; so two processes never take the stored head back.

Tiles read to place a head that is not trusted yet are kept in memory until it is:
those of a fork never reach the cache.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import MutableMapping
from typing import Final, Protocol

from gosync.errors import MalformedError, SignatureError, StoreError
from gosync.sumdb.concurrency import Concurrency
from gosync.sumdb.note import Verifier
from gosync.sumdb.proof import ProvenTiles
from gosync.sumdb.tilereader import TileReader, Unsaved
from gosync.sumdb.tlog import EMPTY_TREE_HASH, Tree
from gosync.sumdb.treehead import SignedHead, open_head
from gosync.sumdb.trusted import Timeline, TrustedTree

_PLACED_NOTES: Final = 1024
_SWAP_TRIES: Final = 16
_EMPTY_TREE: Final = Tree(0, EMPTY_TREE_HASH)


class HeadOps(Protocol):
    """The operations on the trusted head that a caller provides."""

    async def read_head(self) -> bytes:
        """Return the signed note of the trusted head; empty when there is none."""

    async def write_head(self, old: bytes, new: bytes) -> bool:
        """Replace the stored note ``old`` by ``new``, atomically and durably.

        Returns:
            False, and nothing is changed, when what is stored is not ``old``.
        """


class HeadKeeper:
    """The trusted head of one database, in memory and where the caller keeps it.

    Attributes:
        sizes: The sizes of all heads that were placed on the timeline.
    """

    def __init__(
        self,
        ops: HeadOps,
        verifier: Verifier,
        *,
        reader: TileReader,
        concurrency: Concurrency,
    ) -> None:
        self._ops = ops
        self._verifier = verifier
        self._reader = reader
        self._trusted = TrustedTree()
        self._view = ProvenTiles(_EMPTY_TREE)
        self._stored: bytes | None = None
        self._start_lock = concurrency.new_lock()
        self._merge_lock = concurrency.new_lock()
        self._placed: OrderedDict[bytes, None] = OrderedDict()
        self.sizes: set[int] = set()

    @property
    def head(self) -> SignedHead | None:
        """The trusted head; None as long as none was seen."""
        return self._trusted.head

    @property
    def view(self) -> ProvenTiles:
        """The proven tiles of the trusted head's tree."""
        return self._view

    async def start(self) -> None:
        """Take up the head that the caller kept, once.

        Raises:
            SignatureError: The database's key did not sign the stored head.
            StoreError: The stored head is damaged.
        """
        if self._stored is None:
            async with self._start_lock:
                await self._take_up()

    async def merge(self, note: bytes, evidence: MutableMapping[str, bytes]) -> None:
        """Place a signed head on the timeline, and keep it if it is newer.

        Args:
            note: The signed note with the head.
            evidence: Gets what shows misbehaviour before such an error.

        Raises:
            MalformedError: The note is none, or holds no tree head.
            SignatureError: The database's key did not sign it.
            ForkError: It contradicts the trusted head.
            TileMismatchError: The database's tiles do not lead to its root.
        """
        await self.start()
        if note in self._placed:
            return
        head = open_head(note, self._verifier)
        async with self._merge_lock:
            if note in self._placed:
                return
            if await self._place(head, evidence) is Timeline.FUTURE:
                await self._persist(evidence)
            self.sizes.add(head.tree.n)
            self._placed[note] = None
            while len(self._placed) > _PLACED_NOTES:
                self._placed.popitem(last=False)

    async def _take_up(self) -> None:
        """Trust the stored head, unless another task came first."""
        stored = await self._ops.read_head()
        if self._stored is not None:
            return
        if stored:
            head = self._open_stored(stored)
            self._trusted = TrustedTree(head)
            self._view = ProvenTiles(head.tree)
        self._stored = stored

    async def _place(
        self, head: SignedHead, evidence: MutableMapping[str, bytes]
    ) -> Timeline:
        """Place a head; if it is newer, trust it and go on with its tiles."""
        unsaved: Unsaved = []
        while True:
            before = self._trusted.head
            question = self._trusted.question(head)
            view = self._view
            if question.tree != view.tree:
                view = ProvenTiles(question.tree)
            hashes = await self._reader.read_hashes(
                view, question.indexes, evidence, unsaved=unsaved
            )
            if self._trusted.head is before:
                break
        timeline = self._trusted.merge(head, lambda want: [hashes[i] for i in want])
        if timeline is Timeline.FUTURE:
            view.adopt(self._view)
            self._view = view
        await self._reader.save(unsaved)
        return timeline

    async def _persist(self, evidence: MutableMapping[str, bytes]) -> None:
        """Write the trusted head back, merging what others wrote meanwhile."""
        for _ in range(_SWAP_TRIES):
            head = self._trusted.head
            if head is None or await self._swap(head.note):
                return
            self._stored = await self._ops.read_head()
            if self._stored:
                stored = self._open_stored(self._stored)
                if await self._place(stored, evidence) is not Timeline.PAST:
                    return
        raise StoreError("the trusted tree head changes whenever it is written")

    async def _swap(self, note: bytes) -> bool:
        swapped = await self._ops.write_head(self._stored or b"", note)
        if swapped:
            self._stored = note
        return swapped

    def _open_stored(self, note: bytes) -> SignedHead:
        """Return our own stored head, its signature checked again."""
        try:
            return open_head(note, self._verifier)
        except MalformedError as error:
            raise StoreError(f"the stored tree head is damaged: {error}") from error
        except SignatureError as error:
            again = SignatureError(
                f"the stored tree head: {error}",
                hint="was the database's key changed, or the store exchanged?",
            )
            again.failure_class = error.failure_class
            raise again from error
