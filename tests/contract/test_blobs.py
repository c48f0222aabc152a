"""The contract of blobs (gosync.store.blobs), sentence by sentence."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from gosync.errors import (
    BlobCorruptError,
    BlobMissingError,
    MalformedError,
    NoSpaceError,
    StoreError,
)
from gosync.store.blobs import BlobStore
from gosync.store.digest import Digest, digest_of
from gosync.store.staging import Staged
from tests.contract.storages import STORES, Storage

STORAGES = STORES

DATA = b"data" * 100_000


def admit(blobs: BlobStore, data: bytes, *, replace: bool = False) -> Digest:
    with blobs.stage() as staged:
        for at in range(0, len(data), 65_536):
            staged.write(data[at : at + 65_536])
        return blobs.admit(staged, replace=replace)


def put_durably(blobs: BlobStore, data: bytes) -> None:
    """Put bytes; what is written behind may fail no sooner than here."""
    blobs.put_bytes(data)
    blobs.sync()


def put_all_durably(blobs: BlobStore, parts: Sequence[bytes | Staged]) -> None:
    """Admit small ones together, likewise."""
    blobs.admit_all(parts)
    blobs.sync()


def test_what_is_put_or_admitted_is_read_whole_in_pieces_and_in_ranges(
    storage: Storage,
) -> None:
    blobs = storage.blobs()
    for data in (DATA, b"", DATA * 4):
        digest = admit(blobs, data)
        assert digest == digest_of(data) == blobs.put_bytes(data)
        assert blobs.size(digest) == len(data)
        assert blobs.read(digest) == b"".join(blobs.pieces(digest)) == data
        with blobs.open(digest) as blob:
            assert blob.size_bytes == len(data)
            assert blob.read_at(2, 4) == data[2:6]
            assert blob.read_at(len(data), 4) == b""
            assert blob.read_at(max(len(data) - 2, 0), 9) == data[-2:]
    blobs.sync()
    assert storage.staged() == 0


def test_a_descriptor_where_there_is_one_is_of_the_same_bytes(storage: Storage) -> None:
    blobs = storage.blobs()
    with blobs.stage() as staged:
        staged.write(b"data")
        _same(staged.descriptor)
        with blobs.open(blobs.admit(staged)) as blob:
            _same(blob.descriptor)


def _same(descriptor: int | None) -> None:
    if descriptor is not None:
        import os  # noqa: PLC0415

        assert os.pread(descriptor, 9, 1) == b"ata"


def test_staged_bytes_are_read_at_any_offset_and_begin_again(storage: Storage) -> None:
    with storage.blobs().stage() as staged:
        staged.write(b"first")
        staged.restart()
        staged.write(bytearray(b"se"))
        staged.write(memoryview(b"cond"))
        assert (staged.size_bytes, staged.digest) == (6, digest_of(b"second"))
        assert (staged.read_at(2, 3), staged.read_at(4, 9)) == (b"con", b"nd")


def test_what_is_staged_and_not_admitted_goes(storage: Storage) -> None:
    blobs = storage.blobs()
    with blobs.stage() as staged:
        staged.write(b"data")
        assert storage.staged() == 1
    staged.discard()
    assert storage.staged() == 0
    assert not blobs.exists(digest_of(b"data"))


def test_bytes_that_are_not_what_was_wanted_are_refused_and_may_be_tried_again(
    storage: Storage,
) -> None:
    blobs = storage.blobs()
    with blobs.stage() as staged:
        staged.write(b"data")
        with pytest.raises(BlobCorruptError):
            blobs.admit(staged, size_bytes=5)
        with pytest.raises(BlobCorruptError):
            blobs.admit(staged, want=digest_of(b"other"))
        assert not blobs.exists(digest_of(b"data"))
        assert blobs.admit(staged, want=digest_of(b"data"), size_bytes=4)
    assert blobs.read(digest_of(b"data")) == b"data"


def test_what_was_staged_and_lost_its_end_is_never_admitted(storage: Storage) -> None:
    blobs = storage.blobs()
    with blobs.stage() as staged:
        staged.write(b"data")
        storage.tear(staged)
        with pytest.raises(StoreError):
            blobs.admit(staged)
    assert not blobs.exists(digest_of(b"data"))


def test_to_put_again_changes_nothing_and_replaces_debris(storage: Storage) -> None:
    blobs = storage.blobs()
    digest = blobs.put_bytes(b"data")
    storage.full(yes=True)
    assert blobs.put_bytes(b"data") == digest, "it needs no room"
    storage.full(yes=False)
    storage.rot(digest, b"dat")
    assert not blobs.exists(digest, size_bytes=4)
    assert blobs.put_bytes(b"data") == digest
    assert blobs.read(digest) == b"data"


def test_a_blob_that_rotted_is_found_and_replaced_on_demand(storage: Storage) -> None:
    blobs = storage.blobs()
    digest = blobs.put_bytes(b"data")
    storage.rot(digest, b"dada")
    with pytest.raises(BlobCorruptError, match=digest):
        blobs.read(digest)
    with pytest.raises(BlobCorruptError, match=digest):
        list(blobs.pieces(digest))
    admit(blobs, b"data")
    blobs.sync()
    with suppress(BlobCorruptError):  # some do not look, and some write it anew
        assert blobs.read(digest) == b"data"
    admit(blobs, b"data", replace=True)
    assert blobs.read(digest) == b"data"
    with pytest.raises(BlobCorruptError, match="limit 3"):
        blobs.read(digest, limit_bytes=3)


def test_a_blob_that_is_not_there_is_said_and_may_come_again(storage: Storage) -> None:
    blobs = storage.blobs()
    digest = blobs.put_bytes(b"data")
    storage.lose(digest)
    for ask in (blobs.size, blobs.read, lambda d: list(blobs.pieces(d))):
        with pytest.raises(BlobMissingError, match=digest):
            ask(digest)
    with pytest.raises(BlobMissingError), blobs.open(digest):
        pass
    assert not blobs.exists(digest)
    assert blobs.put_bytes(b"data") == digest
    assert blobs.read(digest) == b"data"


@pytest.mark.parametrize(
    "name", ["", "d" * 63, "D" * 64, "../" + "d" * 61, "d" * 64 + "\n", "é" * 64]
)
def test_a_digest_that_is_none_is_no_name(storage: Storage, name: str) -> None:
    blobs = storage.blobs()
    for ask in (blobs.size, blobs.exists, blobs.read):
        with pytest.raises(MalformedError):
            ask(Digest(name))
    with pytest.raises(MalformedError), blobs.open(Digest(name)):
        pass


def test_without_room_nothing_is_half_there_and_later_all_is(storage: Storage) -> None:
    blobs = storage.blobs()
    kept = blobs.put_bytes(b"kept")
    with blobs.stage() as staged:
        staged.write(b"da")
        storage.full(yes=True)
        with pytest.raises(NoSpaceError):
            staged.write(b"ta")
        with pytest.raises(NoSpaceError):
            put_durably(blobs, b"more")
        assert blobs.read(kept) == b"kept"
    assert blobs.others({kept}) == {}
    assert storage.staged() == 0
    storage.full(yes=False)
    assert blobs.read(blobs.put_bytes(b"more")) == b"more"


def test_what_was_synced_outlives_a_power_cut(storage: Storage) -> None:
    blobs = storage.blobs()
    kept = [blobs.put_bytes(b"a"), admit(blobs, DATA)]
    assert blobs.sync() > 0
    assert blobs.sync() == 0
    storage.cut_power()
    blobs = storage.blobs()
    assert [blobs.read(digest) for digest in kept] == [b"a", DATA]


def small_parts(blobs: BlobStore, count: int) -> tuple[list[bytes], list[Staged]]:
    """Return so many small contents, and half of them as staged files."""
    contents = [b"small %d" % number for number in range(count)]
    staged = []
    for data in contents[count // 2 :]:
        staged.append(blobs.stage())
        staged[-1].write(data)
    return contents, staged


@pytest.mark.parametrize("count", [2, 100])
def test_small_ones_that_are_admitted_together_outlive_a_power_cut(
    storage: Storage, count: int
) -> None:
    blobs = storage.blobs()
    admit(blobs, b"small 0")  # is there already
    contents, staged = small_parts(blobs, count)
    found = blobs.admit_all([contents[0], *contents[: count // 2], *staged])
    assert found == list(map(digest_of, [contents[0], *contents]))
    assert storage.staged() == 0
    blobs.sync()
    storage.cut_power()
    blobs = storage.blobs()
    assert [blobs.read(digest_of(data)) for data in contents] == contents


def test_small_ones_that_were_not_synced_are_whole_or_gone(storage: Storage) -> None:
    """Their bytes are durable before the first of them has its name."""
    blobs = storage.blobs()
    contents, staged = small_parts(blobs, 100)
    blobs.admit_all([*contents[:50], *staged])
    storage.cut_power()
    blobs = storage.blobs()
    there = [data for data in contents if blobs.exists(digest_of(data))]
    assert [blobs.read(digest_of(data)) for data in there] == there


def test_of_small_ones_that_found_no_room_none_is_half_there(storage: Storage) -> None:
    blobs = storage.blobs()
    contents, staged = small_parts(blobs, 100)
    storage.full(yes=True)
    with pytest.raises(NoSpaceError):
        put_all_durably(blobs, [*contents[:50], *staged])
    for each in staged:
        each.discard()
    storage.full(yes=False)
    assert storage.staged() == 0
    blobs.admit_all(contents)
    blobs.sync()
    assert all(blobs.read(digest_of(data)) == data for data in contents)


def test_what_was_not_synced_is_whole_or_gone_and_comes_again(storage: Storage) -> None:
    blobs = storage.blobs()
    digests = [admit(blobs, bytes([number]) * 100) for number in range(50)]
    blobs.put_bytes(b"other")
    storage.cut_power()
    blobs = storage.blobs()
    for number, digest in enumerate(digests):
        if blobs.exists(digest):
            blobs.read(digest)
        assert admit(blobs, bytes([number]) * 100) == digest
    blobs.sync()
    storage.cut_power()
    assert all(storage.blobs().exists(digest, size_bytes=100) for digest in digests)


def test_what_another_admitted_and_did_not_sync_is_synced_with_ours(
    storage: Storage,
) -> None:
    digest = admit(storage.blobs(), DATA)  # and it was killed
    blobs = storage.blobs()
    assert blobs.put_bytes(DATA) == digest
    blobs.sync()
    storage.cut_power()
    assert storage.blobs().read(digest) == DATA


def test_two_writers_and_many_threads_cannot_disagree(storage: Storage) -> None:
    writers = [storage.blobs(), storage.blobs()]
    jobs = [(blobs, bytes([n % 7]) * 1000) for n in range(60) for blobs in writers]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda job: admit(*job), jobs))
    for blobs in writers:
        blobs.sync()
    storage.cut_power()
    blobs = storage.blobs()
    assert len(set(found)) == 7
    assert all(blobs.read(digest) for digest in found)


def test_an_open_blob_is_read_to_its_end_though_it_is_removed(storage: Storage) -> None:
    blobs = storage.blobs()
    digest = blobs.put_bytes(b"data")
    with blobs.open(digest) as blob:
        assert blobs.remove([digest]) == 1
        assert blob.read_at(1, 3) == b"ata"


def test_what_is_removed_is_gone_durably_once_it_is_synced(
    storage: Storage,
) -> None:
    blobs = storage.blobs()
    kept, gone = blobs.put_bytes(b"kept"), blobs.put_bytes(b"goner")
    blobs.sync()
    assert blobs.others({kept}) == {gone: 5}
    assert blobs.remove([gone]) == 1
    assert blobs.remove([gone]) == 0
    assert not blobs.exists(gone)
    blobs.sync()
    storage.cut_power()
    blobs = storage.blobs()
    assert blobs.others(()) == {kept: 4}
    assert blobs.put_bytes(b"goner") == gone
    assert blobs.read(gone) == b"goner"


def test_what_a_killed_run_staged_is_swept(storage: Storage) -> None:
    storage.leave_staged()
    blobs = storage.blobs()
    assert blobs.sweep_staging() == 1
    assert blobs.sweep_staging() == 0
    assert storage.staged() == 0


@pytest.mark.parametrize("memory_bytes", [0, 8])
def test_a_scratch_file_has_no_name(storage: Storage, memory_bytes: int) -> None:
    with storage.blobs().scratch_file(memory_bytes=memory_bytes) as file:
        file.write(b"0123456789")
        file.seek(3)
        assert file.read(4) == b"3456"
        assert storage.staged() == 0


def test_room_is_checked_before_it_is_needed(storage: Storage) -> None:
    storage.blobs().check_space(0, min_free_bytes=0)
    storage.blobs().check_space(1000, min_free_bytes=0)
