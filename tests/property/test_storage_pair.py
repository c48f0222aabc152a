"""Local storage and storage in memory do the same, whatever is done to them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gosync.errors import GosyncError
from gosync.folder.routes import STAGING
from gosync.publish.storage.tree import TreeWriter
from gosync.store.blobs import BlobStore
from gosync.store.digest import Digest, digest_of
from tests.contract.storages import LocalStorage, MemoryStorage, Storage

_DATA = st.binary(max_size=3)
_PATH = st.sampled_from(["a", "m/@v/list", "m/@v/v1.zip", "m/@latest", "x/é +%/b"])


class _Opened:
    """One storage, with what a run has open of it."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.open()

    def open(self) -> None:
        self.blobs: BlobStore = self.storage.blobs()
        self.tree: TreeWriter = self.storage.tree()
        self.tree.open()

    def files(self) -> dict[str, bytes | None]:
        names = (name for name in self.tree.walk() if not name.startswith(STAGING))
        return {name: self.tree.read(name) for name in names}


class StoragePair(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.patch = pytest.MonkeyPatch()
        local = LocalStorage(self.folder, self.patch)
        self.both = [_Opened(local), _Opened(MemoryStorage())]
        self.known: set[Digest] = set()

    def same(self, do: Callable[[_Opened], Any]) -> Any:
        """Do it to both; return what both say."""
        said = [_outcome(do, each) for each in self.both]
        assert said[0] == said[1]
        return said[0]

    @rule(data=_DATA)
    def put(self, data: bytes) -> None:
        self.known.add(self.same(lambda each: each.blobs.put_bytes(data)))

    @rule(parts=st.lists(_DATA, max_size=3), replace=st.booleans(), torn=st.booleans())
    def admit(self, parts: list[bytes], replace: bool, torn: bool) -> None:
        def do(each: _Opened) -> Digest:
            with each.blobs.stage() as staged:
                for part in parts:
                    staged.write(part)
                if torn and staged.size_bytes and not each.blobs.exists(staged.digest):
                    each.storage.tear(staged)
                return each.blobs.admit(staged, replace=replace)

        self.same(do)
        self.known.add(digest_of(b"".join(parts)))

    @rule()
    def sync(self) -> None:
        for each in self.both:
            each.blobs.sync()

    @rule(data=_DATA, rotten=_DATA)
    def rot(self, data: bytes, rotten: bytes) -> None:
        for each in self.both:
            each.storage.rot(digest_of(data), rotten)
        self.known.add(digest_of(data))

    @rule(keep=st.sets(_DATA, max_size=2))
    def prune(self, keep: set[bytes]) -> None:
        kept = set(map(digest_of, keep))
        self.same(lambda each: each.blobs.remove(each.blobs.others(kept)))

    @rule(path=_PATH, data=_DATA, compare=st.booleans())
    def write(self, path: str, data: bytes, compare: bool) -> None:
        for each in self.both:  # what a wave holds yet one may have shown
            each.tree.write(path, data, compare=compare)
            each.tree.commit()

    @rule(path=_PATH, data=_DATA, size_bytes=st.integers(0, 3))
    def link(self, path: str, data: bytes, size_bytes: int) -> None:
        def do(each: _Opened) -> bool:
            changed = each.tree.link(path, each.blobs, digest_of(data), size_bytes)
            each.tree.commit()
            return changed if not each.tree.copied else False

        if all(each.blobs.exists(digest_of(data)) for each in self.both):
            for each in self.both:
                each.tree.remove(path)
        self.same(do)

    @rule(path=_PATH)
    def remove(self, path: str) -> None:
        self.same(lambda each: each.tree.remove(path))

    @rule()
    def be_killed(self) -> None:
        for each in self.both:
            each.blobs.sync()  # what else may be lost is not the same in both
            each.storage.leave_staged()
            each.open()
        assert self.same(lambda each: each.blobs.sweep_staging()) == 1

    @rule()
    def lose_power(self) -> None:
        """Make all durable, and lose the rest."""
        for each in self.both:
            each.blobs.sync()
            each.tree.commit()
            each.storage.cut_power()
            each.open()

    @invariant()
    def both_are_alike(self) -> None:
        for digest in self.known:
            self.same(partial(_read, digest))
        self.same(lambda each: each.blobs.others(()))
        self.same(lambda each: each.storage.staged())
        self.same(lambda each: each.files())
        self.same(lambda each: each.tree.names("m/@v"))

    def teardown(self) -> None:
        self.patch.undo()
        shutil.rmtree(self.folder)


def _read(digest: Digest, each: _Opened) -> tuple[object, object]:
    return (
        _outcome(lambda each: each.blobs.size(digest), each),
        _outcome(lambda each: each.blobs.read(digest), each),
    )


def _outcome(do: Callable[[_Opened], Any], each: _Opened) -> Any:
    try:
        return do(each)
    except GosyncError as error:
        return type(error)


TestStoragePair = StoragePair.TestCase
TestStoragePair.settings = settings(max_examples=25, stateful_step_count=20)
