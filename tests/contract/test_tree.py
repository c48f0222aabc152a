"""The contract of a tree (gosync.publish.storage.tree), sentence by sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gosync.errors import (
    BlobCorruptError,
    BlobMissingError,
    MalformedError,
    NoSpaceError,
)
from gosync.folder.routes import STAGING
from gosync.publish.storage.tree import TreeWriter
from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest, digest_of
from gosync.store.objects.bucket import Bucket
from gosync.store.objects.location import parse_location
from gosync.store.objects.opening import open_bucket
from gosync.store.objects.options import BucketOptions
from tests.contract.bucketstorage import memory_trees, real_trees
from tests.contract.memory import MemoryBlobStore, MemoryDisk
from tests.contract.storages import TREES, Storage, each_storage
from tests.simulator.objectfaults import ObjectFaults
from tests.simulator.objects import BUCKET, ObjectServer

ODD_NAMES = (
    "example.com/!m/@v/v1.0.0+incompatible.info",
    "example.com/m/@v/v0.0.0-20240101000000-abcdefabcdef.zip",
    "sumdb/sum.golang.org/lookup/golang.org/x/text@v0.3.0",
    "sumdb/sum.golang.org/tile/8/0/x001/234.p/5",
    "a b/ü/~.%2f/" + "n" * 200,
    ".gosync/tree.json",
)


@pytest.fixture(params=[*TREES, "bucket in memory", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    if not request.param.startswith("bucket"):
        with each_storage(request.param, tmp_path) as storage:
            yield storage
        return
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        if request.param == "bucket":
            server = request.getfixturevalue("object_server")
            line = stack.enter_context(ObjectFaults(server.url).serving())
            for name, value in ObjectServer.credentials.items():
                patch.setenv(name, value)
            place = f"s3://{BUCKET}/{tmp_path.name}"
            made = real_trees(
                tmp_path,
                patch,
                store=opened_bucket(f"{place}/store", line),
                tree=opened_bucket(f"{place}/tree", line),
                line=line,
            )
        else:
            made = memory_trees(tmp_path, patch)
        stack.callback(made.close)
        yield made


def opened_bucket(location: str, line: ObjectFaults) -> Bucket:
    """Return a bucket of the tests' service, behind a line."""
    options = BucketOptions(endpoint=line.url, most_retries=0)
    return open_bucket(parse_location(location), options)


def files(tree: TreeWriter) -> dict[str, bytes | None]:
    """Return what readers are sent to."""
    return {
        path: tree.read(path) for path in tree.walk() if not path.startswith(STAGING)
    }


def test_a_place_is_asked_for_nothing_until_it_is_used(storage: Storage) -> None:
    place = storage.tree_storage()
    reader = place.reader()
    assert (reader.read("a/b"), reader.size("a"), reader.names("")) == (None, None, [])
    assert reader.name == place.name
    writer = place.writer()
    writer.open()
    writer.write("a/b", b"data")
    assert reader.read("a/b") is None
    writer.commit()
    assert reader.read("a/b") == place.reader().read("a/b") == b"data"
    assert [reader.read("a/b", limit_bytes=n) for n in (0, 3, 9)] == [
        b"",
        b"dat",
        b"data",
    ]


def put(
    tree: TreeWriter, path: str, blobs: BlobReader, digest: Digest, size_bytes: int
) -> None:
    """Link a blob, and end its wave."""
    tree.link(path, blobs, digest, size_bytes)
    tree.then()


def opened(storage: Storage) -> TreeWriter:
    tree = storage.tree()
    tree.open()
    return tree


def test_what_is_written_appears_at_the_commit_under_any_name(storage: Storage) -> None:
    tree = opened(storage)
    for name in ODD_NAMES:
        assert tree.write(name, name.encode())
    assert files(tree) == {}
    tree.commit()
    assert files(storage.tree()) == {name: name.encode() for name in ODD_NAMES}
    assert tree.size(ODD_NAMES[0]) == len(ODD_NAMES[0])
    assert (tree.written, tree.changes) == (6, 6)


def test_what_is_not_there_is_none(storage: Storage) -> None:
    tree = storage.tree()
    assert tree.read("a") is None
    assert tree.size("a/b") is None
    assert tree.names("a") == list(tree.walk("a")) == list(tree.walk()) == []
    assert not opened(storage).remove("a/b")


def test_names_and_files_of_a_folder(storage: Storage) -> None:
    tree = opened(storage)
    for name in ("m/@v/list", "m/@v/v1.mod", "m/@latest", "m.x/a", "n"):
        tree.write(name, b"")
    tree.commit()
    assert tree.names("") == sorted({*tree.names(""), "m", "m.x", "n"})
    assert tree.names("m") == ["@latest", "@v"]
    assert sorted(tree.walk("m")) == ["m/@latest", "m/@v/list", "m/@v/v1.mod"]
    assert list(tree.walk("m/@v")) == ["m/@v/list", "m/@v/v1.mod"]


def test_to_write_or_link_the_same_again_changes_nothing(storage: Storage) -> None:
    tree, blobs = opened(storage), storage.blobs()
    digest = blobs.put_bytes(b"blob")
    tree.write("a", b"text")
    assert tree.link("b", blobs, digest, 4)
    tree.commit()
    for again in (tree, opened(storage)):
        changes = again.changes
        assert not again.write("a", b"text")
        assert not again.link("b", blobs, digest, 4)
        again.commit()
        assert again.changes == changes
    assert files(tree) == {"a": b"text", "b": b"blob"}


def test_a_file_is_replaced_whole(storage: Storage) -> None:
    tree, blobs = opened(storage), storage.blobs()
    digest = blobs.put_bytes(b"blob")
    for name in ("a", "b", "c"):
        tree.write(name, b"old " * 1000)
    tree.commit()
    tree.write("a", b"new", compare=False)
    tree.link("b", blobs, digest, 0)
    seen: set[bytes | None] = set()
    storage.watch(lambda: seen.update(files(tree).values()))
    tree.commit()
    assert files(tree) == {"a": b"new", "b": b"blob", "c": b"old " * 1000}
    assert seen <= {b"old " * 1000, b"new", b"blob"}
    assert blobs.read(digest) == b"blob", "its blob was not written through the link"


def test_the_pair_links_and_others_are_copied(storage: Storage) -> None:
    tree, blobs = opened(storage), storage.blobs()
    other, ours = MemoryBlobStore(MemoryDisk()), b"ours" * 100_000
    digest = blobs.put_bytes(ours)
    blobs.sync()
    assert tree.link("ours", blobs, digest, len(ours))
    assert tree.link("theirs", other, other.put_bytes(b"theirs"), 6)
    tree.commit()
    assert files(tree) == {"ours": ours, "theirs": b"theirs"}
    assert (tree.linked, tree.copied, tree.blob_bytes) == (1, 1, len(ours) + 6)
    assert not tree.link("theirs", other, digest_of(b"theirs"), 6)
    assert tree.link("theirs", other, other.put_bytes(b"others"), 6)
    tree.commit()
    assert tree.read("theirs") == b"others"


def test_a_blob_that_is_lost_or_of_another_size_is_not_put(storage: Storage) -> None:
    tree, blobs = opened(storage), storage.blobs()
    other = MemoryBlobStore(MemoryDisk())
    for each in (blobs, other):
        digest = each.put_bytes(b"blob")
        with pytest.raises(BlobCorruptError, match="4 bytes, not 5"):
            put(tree, "a/b", each, digest, 5)
        with pytest.raises(BlobMissingError, match="a/b: its blob"):
            put(tree, "a/b", each, digest_of(b"lost"), 4)
        with pytest.raises(MalformedError):
            tree.link("a/b", each, Digest(""), 0)
    tree.commit()
    assert files(tree) == {}


def test_a_rotten_blob_of_elsewhere_is_not_copied(storage: Storage) -> None:
    tree, disk = opened(storage), MemoryDisk()
    other = MemoryBlobStore(disk)
    digest = other.put_bytes(b"blob")
    disk.blobs[digest] = b"blub"
    with pytest.raises(BlobCorruptError):
        put(tree, "a", other, digest, 4)
    tree.commit()
    assert files(tree) == {}


def test_waves_appear_one_after_the_other(storage: Storage) -> None:
    tree, blobs = opened(storage), storage.blobs()
    digests = [blobs.put_bytes(bytes([n])) for n in range(5)]
    blobs.sync()
    looks: list[set[str]] = []
    storage.watch(lambda: looks.append(set(tree.walk())))
    tree.write("marker", b"")
    tree.then()
    for number, digest in enumerate(digests):
        tree.link(f"m{number}/@v/v1.zip", blobs, digest, 1)
        tree.write(f"m{number}/@v/v1.info", b"{}")
    tree.then()
    for number in range(5):
        tree.write(f"m{number}/@v/list", b"v1\n")
    tree.then()
    tree.write("end", b"")
    tree.commit()
    assert len(looks) >= 12
    for seen in looks:
        lists = [name for name in seen if name.endswith("/list")]
        infos = [name for name in seen if name.endswith(".info")]
        zips = [name for name in seen if name.endswith(".zip")]
        assert not infos or "marker" in seen
        assert not lists or (len(infos), len(zips)) == (5, 5)
        assert "end" not in seen or len(lists) == 5


def test_what_is_removed_is_gone_at_once_with_its_folders(storage: Storage) -> None:
    tree = opened(storage)
    for name in ("a/b/c", "a/d"):
        tree.write(name, b"1")
    tree.commit()
    assert tree.remove("a/b/c")
    assert tree.read("a/b/c") is None
    assert tree.names("a/b") == list(tree.walk("a/b")) == []
    # Some services name a folder for a while that nothing is in any more.
    assert {*tree.names("a")} - {"b"} == {"d"}
    assert not tree.remove("a/b/c")
    assert not tree.remove("a/d/e")
    assert tree.removed == 1


def _write_all(tree: TreeWriter, path: str, data: bytes) -> None:
    tree.write(path, data)
    tree.commit()


def test_without_room_files_stay_as_they_were(storage: Storage) -> None:
    tree = opened(storage)
    tree.write("a", b"old")
    tree.commit()
    storage.full(yes=True)
    with pytest.raises(NoSpaceError):  # here, or where the wave ends
        _write_all(tree, "a", b"new")
    storage.full(yes=False)
    tree = opened(storage)
    tree.commit()
    assert files(tree) == {"a": b"old"}
    tree.write("a", b"new")
    tree.commit()
    assert files(tree) == {"a": b"new"}


def test_killed_before_the_commit_nothing_is_seen_and_it_is_done_again(
    storage: Storage,
) -> None:
    tree = opened(storage)
    tree.write("a", b"1")
    again = opened(storage)
    again.commit()
    assert files(again) == {}
    again.write("a", b"1")
    again.commit()
    assert files(again) == {"a": b"1"}


def test_after_a_power_cut_each_file_is_old_or_new(storage: Storage) -> None:
    tree, blobs = opened(storage), storage.blobs()
    digest = blobs.put_bytes(b"blob")
    blobs.sync()
    tree.write("a", b"old")
    tree.link("b", blobs, digest, 4)
    tree.write("gone", b"")
    tree.commit()
    tree.remove("gone")
    tree.commit()
    storage.cut_power()
    assert files(opened(storage)) == {"a": b"old", "b": b"blob"}
    tree = opened(storage)
    tree.write("a", b"new")
    tree.write("c", b"new")
    tree.commit()
    storage.cut_power()
    found = files(opened(storage))
    assert found.pop("a") in {b"old", b"new"}
    assert found.pop("c", b"new") == b"new"
    assert found == {"b": b"blob"}
