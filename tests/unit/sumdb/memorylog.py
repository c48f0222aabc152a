"""A checksum database in memory, and the simplest Merkle tree there is.

The tree here is written straight from RFC 6962, section 2.1, by recursion over
ranges of records. It shares no code with gosync.sumdb, so that the two can be
compared; only notes are signed with gosync's own signer.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

import anyio

from gosync.errors import NotFoundError, SecurityError
from gosync.gomod.module import ModuleVersion
from gosync.sumdb.note import generate_key, parse_signer_key, sign_note
from gosync.sumdb.tile import Tile

NAME = "sum.example.test"
H1 = "h1:" + base64.b64encode(bytes(32)).decode()


def leaf(text: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + text).digest()


class Oracle:
    """MTH, PATH and PROOF of RFC 6962, as the RFC has them."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.leaves = list(leaves)
        self._memo: dict[tuple[int, int], bytes] = {}

    def root(self, lo: int, hi: int) -> bytes:
        if lo == hi:
            return hashlib.sha256().digest()
        if hi - lo == 1:
            return self.leaves[lo]
        found = self._memo.get((lo, hi))
        if found is None:
            middle = lo + self.split(hi - lo)
            both = self.root(lo, middle) + self.root(middle, hi)
            found = self._memo[lo, hi] = hashlib.sha256(b"\x01" + both).digest()
        return found

    def path(self, m: int, lo: int, hi: int) -> list[bytes]:
        if hi - lo == 1:
            return []
        middle = lo + self.split(hi - lo)
        if m < middle:
            return [*self.path(m, lo, middle), self.root(middle, hi)]
        return [*self.path(m, middle, hi), self.root(lo, middle)]

    def subproof(self, m: int, lo: int, hi: int, *, whole: bool) -> list[bytes]:
        if m == hi:
            return [] if whole else [self.root(lo, hi)]
        middle = lo + self.split(hi - lo)
        if m <= middle:
            return [*self.subproof(m, lo, middle, whole=whole), self.root(middle, hi)]
        return [*self.subproof(m, middle, hi, whole=False), self.root(lo, middle)]

    def stored(self, n: int) -> list[bytes]:
        """All stored hashes of a log of n records, in storage order."""
        hashes = []
        for record in range(n):
            level = 0
            while (record + 1) % (1 << level) == 0:
                hashes.append(self.root(record + 1 - (1 << level), record + 1))
                level += 1
        return hashes

    def tile(self, tile: Tile) -> bytes:
        size = 1 << tile.h * tile.l
        first = tile.n << tile.h
        return b"".join(
            self.root(k * size, (k + 1) * size) for k in range(first, first + tile.w)
        )

    @staticmethod
    def split(size: int) -> int:
        power = 1
        while power * 2 < size:
            power *= 2
        return power


def record_text(mv: ModuleVersion) -> bytes:
    return f"{mv.path} {mv.version} {H1}\n{mv.path} {mv.version}/go.mod {H1}\n".encode()


class MemoryLog:
    """A log that signs, with every answer a database gives."""

    def __init__(self, size: int, *, salt: str = "", seed: bytes = b"k" * 32) -> None:
        skey, self.vkey = generate_key(NAME, seed=seed)
        self.signer = parse_signer_key(skey)
        self.texts = [record_text(self.module(k, salt)) for k in range(size)]
        self.oracle = Oracle([leaf(text) for text in self.texts])

    @staticmethod
    def module(k: int, salt: str = "") -> ModuleVersion:
        return ModuleVersion(f"example.com/m{salt}", f"v1.0.{k}")

    def head(self, n: int, extra: bytes = b"") -> bytes:
        root = base64.b64encode(self.oracle.root(0, n))
        text = b"go.sum database tree\n%d\n%s\n%s" % (n, root, extra)
        return sign_note(text, [self.signer])

    def lookup(self, k: int, n: int) -> bytes:
        return b"%d\n%s\n%s" % (k, self.texts[k], self.head(n))


class AnyioConcurrency:
    """What a caller on anyio passes to the client."""

    def new_lock(self) -> anyio.Lock:
        return anyio.Lock()

    async def run(self, jobs) -> None:
        errors: list[BaseException] = []

        async def one(job) -> None:
            try:
                await job()
            except Exception as error:
                errors.append(error)
                raise

        try:
            async with anyio.create_task_group() as group:
                for job in jobs:
                    group.start_soon(one, job)
        except ExceptionGroup:
            raise errors[0] from None


class MemoryOps:
    """ClientOps over a MemoryLog; every answer can be replaced."""

    def __init__(self, log: MemoryLog, size: int) -> None:
        self.log = log
        self.size = size  # what latest and lookups are stamped with
        self.replaced: dict[str, bytes | Exception] = {}
        self.requests: list[str] = []
        self.cache: dict[Tile, bytes] = {}
        self.written: list[Tile] = []
        self.stored_head = b""
        self.reports: list[tuple[SecurityError, Mapping[str, bytes]]] = []

    async def read_remote(self, path: str) -> bytes:
        self.requests.append(path)
        await anyio.lowlevel.checkpoint()
        answer = self.replaced.get(path)
        if isinstance(answer, Exception):
            raise answer
        return self.answer(path) if answer is None else answer

    def answer(self, path: str) -> bytes:
        if path == "latest":
            return self.log.head(self.size)
        if path.startswith("lookup/"):
            return self.log.lookup(int(path.rpartition(".")[2]), self.size)
        return self.tile(path)

    def tile(self, path: str) -> bytes:
        """A tile of any tree up to the log's size, as a database has them."""
        parts = path.split("/")
        width = 256
        if parts[-2].endswith(".p"):
            width = int(parts.pop())
            parts[-1] = parts[-1].removesuffix(".p")
        tile = Tile(8, int(parts[2]), int("".join(parts[3:]).replace("x", "")), width)
        if (tile.n * 256 + tile.w) << 8 * tile.l > len(self.log.texts):
            raise NotFoundError(path)
        return self.log.oracle.tile(tile)

    async def read_head(self) -> bytes:
        await anyio.lowlevel.checkpoint()
        return self.stored_head

    async def write_head(self, old: bytes, new: bytes) -> bool:
        if self.stored_head != old:
            return False
        self.stored_head = new
        return True

    async def read_tile(self, tile: Tile) -> bytes | None:
        return self.cache.get(tile)

    async def write_tiles(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        await anyio.lowlevel.checkpoint()
        self.cache.update(tiles)
        self.written += [tile for tile, _ in tiles]

    async def report(self, error: SecurityError, evidence: Mapping[str, bytes]) -> None:
        self.reports.append((error, dict(evidence)))

    def counts(self) -> Counter[str]:
        return Counter(self.requests)
