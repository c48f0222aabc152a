"""The blob store against a model: puts, debris, sweeps, reads."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gosync.errors import BlobMissingError
from gosync.store.digest import digest_of
from gosync.store.localblobs import LocalBlobStore
from gosync.store.root import open_store
from tests.tiers import examples

_DATA = st.binary(max_size=3)


class BlobMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        open_store(self.root)
        self.blobs = LocalBlobStore(self.root)
        self.model: set[bytes] = set()

    @rule(data=_DATA)
    def put(self, data):
        assert self.blobs.put_bytes(data) == digest_of(data)
        self.model.add(data)

    @rule(parts=st.lists(_DATA, max_size=3), admitted=st.booleans())
    def stage(self, parts, admitted):
        with self.blobs.stage() as staged:
            for part in parts:
                staged.write(part)
            if admitted:
                self.blobs.admit(staged, want=digest_of(b"".join(parts)))
                self.model.add(b"".join(parts))

    @rule(data=_DATA, debris=st.binary(min_size=4, max_size=5))
    def leave_debris(self, data, debris):
        path = self.blobs.path(digest_of(data))
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(debris)
        assert not self.blobs.exists(digest_of(data), size_bytes=len(data))
        self.put(data)

    @rule()
    def restart_killed(self):
        (self.root / "staging" / ("0f" * 8)).write_bytes(b"x")
        self.blobs = LocalBlobStore(self.root)
        assert self.blobs.sweep_staging() == 1

    @rule(keep=st.sets(_DATA, max_size=3))
    def remove_others(self, keep):
        gone = self.model - keep
        others = self.blobs.others({digest_of(each) for each in keep})
        assert others == {digest_of(each): len(each) for each in gone}
        assert self.blobs.remove(others) == len(gone)
        assert self.blobs.remove(others) == 0, "what is gone is gone"
        self.blobs.sync()
        self.model &= keep

    @rule()
    def sync(self):
        self.blobs.sync()
        assert self.blobs.sync() == 0

    @rule(data=_DATA)
    def read(self, data):
        if data in self.model:
            assert self.blobs.read(digest_of(data)) == data
        else:
            with pytest.raises(BlobMissingError):
                self.blobs.read(digest_of(data))

    @invariant()
    def nothing_else_lies_there(self):
        files = {path.name for path in (self.root / "blobs/sha256").glob("*/*")}
        assert files == {digest_of(data) for data in self.model}
        assert list((self.root / "staging").iterdir()) == []

    def teardown(self):
        shutil.rmtree(self.root)


TestBlobs = BlobMachine.TestCase
TestBlobs.settings = settings(max_examples=examples(25), stateful_step_count=25)
