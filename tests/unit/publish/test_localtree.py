"""Files appear whole, links where possible, nothing is touched without need."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest

from gosync.errors import BlobCorruptError, BlobMissingError
from gosync.publish.storage.localtree import LocalTreeWriter
from gosync.publish.storage.tree import TreeWriter
from gosync.store.digest import Digest, digest_of
from gosync.store.layout import STAGING
from gosync.store.localblobs import LocalBlobStore
from gosync.store.objects.blobs import ObjectBlobStore
from gosync.store.objects.keptblobs import KeptBlobs
from gosync.store.root import open_store
from tests.contract.memorybucket import MemoryBucket, MemoryService

_LARGE = b"large" * 100_000


@pytest.fixture
def writer(tmp_path: Path) -> TreeWriter:
    writer = LocalTreeWriter(tmp_path / "public")
    writer.open()
    return writer


@pytest.fixture
def blob(tmp_path: Path) -> Path:
    store = tmp_path / "store"
    open_store(store)
    path = LocalBlobStore(store).path(digest_of(b"blob"))
    path.parent.mkdir()
    path.write_bytes(b"blob")
    path.chmod(0o444)
    os.utime(path, ns=(0, 1_700_000_000_123_456_789))
    return path


def link(writer: TreeWriter, name: str, blob: Path, size_bytes: int) -> bool:
    store = LocalBlobStore(blob.parents[3])
    return writer.link(name, store, Digest(blob.name), size_bytes)


def refuse(number: int):
    def link(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return link


def test_a_blob_is_linked(writer: TreeWriter, blob: Path) -> None:
    assert link(writer, "a/b/c", blob, 4)
    assert (Path(writer.name) / "a/b/c").samefile(blob)
    assert (writer.linked, writer.copied, writer.blob_bytes) == (1, 0, 4)


def test_a_blob_of_another_size_is_not_published(
    writer: TreeWriter, blob: Path
) -> None:
    with pytest.raises(BlobCorruptError, match="4 bytes, not 5"):
        link(writer, "a/b", blob, 5)
    assert writer.read("a/b") is None
    assert link(writer, "a/b", blob, 0), "a row of long ago does not say"


def test_a_link_that_is_there_is_left_alone(writer: TreeWriter, blob: Path) -> None:
    link(writer, "a/b", blob, 4)
    before = (Path(writer.name) / "a/b").stat()
    assert not link(writer, "a/b", blob, 4)
    assert (Path(writer.name) / "a/b").stat() == before
    assert writer.linked == 1
    assert writer.names(".gosync/staging") == []


def test_another_file_in_the_way_is_replaced(writer: TreeWriter, blob: Path) -> None:
    writer.write("a/b", b"other")
    writer.commit()
    assert link(writer, "a/b", blob, 4)
    assert (Path(writer.name) / "a/b").samefile(blob)


def test_a_symbolic_link_in_the_way_is_replaced_not_followed(
    writer: TreeWriter, blob: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    (Path(writer.name) / "x").symlink_to(outside)
    (Path(writer.name) / "y").symlink_to(outside)
    link(writer, "x", blob, 4)
    writer.write("y", b"ours")
    writer.commit()
    assert outside.read_bytes() == b"precious"
    assert not (Path(writer.name) / "x").is_symlink()
    assert not (Path(writer.name) / "y").is_symlink()


@pytest.mark.parametrize(
    "number", [errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP]
)
def test_where_linking_is_refused_the_bytes_are_copied(
    writer: TreeWriter, blob: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "link", refuse(number))
    assert link(writer, "a/b", blob, 4)
    copy = Path(writer.name) / "a/b"
    assert copy.read_bytes() == b"blob"
    assert not copy.samefile(blob)
    assert copy.stat().st_mode & 0o777 == 0o644
    assert copy.stat().st_mtime_ns == blob.stat().st_mtime_ns
    assert (writer.linked, writer.copied) == (0, 1)


def test_a_copy_that_is_there_is_left_alone(
    writer: TreeWriter, blob: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", refuse(errno.EXDEV))
    link(writer, "a/b", blob, 4)
    before = (Path(writer.name) / "a/b").stat()
    assert not link(writer, "a/b", blob, 4)
    assert (Path(writer.name) / "a/b").stat() == before


def test_a_torn_copy_is_replaced(
    writer: TreeWriter, blob: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", refuse(errno.EXDEV))
    writer.write("a/b", b"blo")
    writer.write("a/c", b"\0\0\0\0")
    writer.commit()
    assert link(writer, "a/b", blob, 4)
    assert link(writer, "a/c", blob, 4)
    assert writer.read("a/b") == writer.read("a/c") == b"blob"


def test_after_too_many_links_of_one_blob_others_are_still_linked(
    writer: TreeWriter, blob: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", refuse(errno.EMLINK))
        link(writer, "full", blob, 4)
    link(writer, "other", blob, 4)
    assert (writer.linked, writer.copied) == (1, 1)


def test_another_file_system_is_copied_to(blob: Path) -> None:
    here = blob.stat().st_dev
    others = [Path("/dev/shm"), Path(tempfile.gettempdir())]
    usable = [each for each in others if os.access(each, os.W_OK)]
    other = next((each for each in usable if each.stat().st_dev != here), None)
    if other is None:
        pytest.skip("no second file system to write to")
    root = other / f"gosync-test-{os.getpid()}"
    writer = LocalTreeWriter(root)
    writer.open()
    try:
        link(writer, "a/b", blob, 4)
        assert writer.read("a/b") == b"blob"
        assert writer.copied == 1
    finally:
        writer.remove("a/b")
        writer.remove_empty(".gosync/staging")
        root.rmdir()


def test_a_blob_that_is_not_there_is_said_by_name(
    writer: TreeWriter, blob: Path
) -> None:
    with pytest.raises(
        BlobMissingError, match=r"a/b: its blob e{64} is not in the store"
    ):
        link(writer, "a/b", blob.with_name("e" * 64), 1)


def test_the_same_bytes_are_not_written_again(writer: TreeWriter) -> None:
    assert writer.write("a/b", b"text")
    writer.commit()
    before = (Path(writer.name) / "a/b").stat()
    assert not writer.write("a/b", b"text")
    assert (Path(writer.name) / "a/b").stat() == before
    assert writer.written == 1


def test_generated_files_appear_at_the_commit_in_their_order(
    writer: TreeWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    real = os.rename

    def rename(source: str, target: str) -> None:
        steps.append(target.removeprefix(f"{writer.name}/"))
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    monkeypatch.setattr(
        "gosync.publish.storage.localtree.sync_filesystem",
        lambda _: steps.append("barrier"),
    )
    for name in ("c", "a", "b"):
        writer.write(name, b"")
    assert steps == []
    writer.commit()
    assert steps == ["barrier", "c", "a", "b"]


def test_many_generated_files_do_not_wait_for_the_commit(
    writer: TreeWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gosync.publish.storage.localtree._WAITING_FILES", 3)
    for name in "abcd":
        writer.write(name, b"")
    assert [name for name in "abcd" if writer.read(name) is not None] == ["a", "b", "c"]


def test_modes_do_not_depend_on_the_umask(tmp_path: Path, blob: Path) -> None:
    old = os.umask(0o077)
    try:
        writer = LocalTreeWriter(tmp_path / "public")
        writer.open()
        writer.write("a/b/text", b"text")
        writer.commit()
    finally:
        os.umask(old)
    assert (Path(writer.name) / "a/b/text").stat().st_mode & 0o777 == 0o644
    for folder in ("", "a", "a/b"):
        assert (Path(writer.name) / folder).stat().st_mode & 0o777 == 0o755


def test_opening_clears_what_a_killed_run_left(writer: TreeWriter) -> None:
    (Path(writer.name) / ".gosync/staging/17").write_bytes(b"half")
    writer.open()
    assert writer.names(".gosync/staging") == []


def test_removing_takes_the_empty_folders_along(writer: TreeWriter) -> None:
    writer.write("a/b/c", b"1")
    writer.write("a/d", b"2")
    writer.commit()
    assert writer.remove("a/b/c")
    assert not (Path(writer.name) / "a/b").exists()
    assert writer.read("a/d") == b"2"
    assert not writer.remove("a/b/c")
    assert not writer.remove("a/d/e")
    assert writer.removed == 1


def test_walking_goes_through_every_folder_but_no_symbolic_link(
    writer: TreeWriter, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").touch()
    writer.write("b/c", b"")
    writer.write("a", b"")
    writer.commit()
    (Path(writer.name) / "link").symlink_to(tmp_path / "outside")
    assert list(writer.walk()) == ["a", "b/c", "link"]
    assert list(writer.walk("b")) == ["b/c"]
    assert list(writer.walk("none")) == []


def test_what_is_not_ours_in_the_staging_folder_stays(tmp_path: Path) -> None:
    staging = tmp_path / "public/.gosync/staging"
    (staging / "folder").mkdir(parents=True)
    for name in ("17", "notes.txt"):
        (staging / name).write_text("x")
    LocalTreeWriter(tmp_path / "public").open()
    assert {each.name for each in staging.iterdir()} == {"folder", "notes.txt"}


def test_what_a_run_has_just_brought_into_a_bucket_is_linked(
    writer: TreeWriter, tmp_path: Path
) -> None:
    blobs = _bucket_blobs(tmp_path)
    digest = blobs.put_bytes(_LARGE)
    blobs.sync()
    assert writer.link("a/b", blobs, digest, len(_LARGE))
    assert not (Path(writer.name) / "a/b").exists(), "its bytes are not durable yet"
    writer.commit()
    (kept,) = (tmp_path / "local" / STAGING).iterdir()
    shown = Path(writer.name) / "a/b"
    assert shown.samefile(kept)
    assert (writer.linked, writer.copied, writer.blob_bytes) == (1, 0, len(_LARGE))
    blobs.close()
    assert not kept.exists()
    assert shown.read_bytes() == _LARGE
    assert (shown.stat().st_nlink, shown.stat().st_mode & 0o777) == (1, 0o444)


@pytest.mark.parametrize("number", [errno.EXDEV, errno.ENOENT])
def test_what_cannot_be_linked_of_it_is_copied(
    writer: TreeWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    blobs = _bucket_blobs(tmp_path)
    digest = blobs.put_bytes(_LARGE)
    blobs.sync()
    monkeypatch.setattr(os, "link", refuse(number))
    assert writer.link("a/b", blobs, digest, len(_LARGE))
    writer.commit()
    assert (Path(writer.name) / "a/b").read_bytes() == _LARGE
    assert (writer.linked, writer.copied) == (0, 1)
    blobs.close()


def _bucket_blobs(tmp_path: Path) -> ObjectBlobStore:
    local = tmp_path / "local"
    open_store(local)
    kept = KeptBlobs(1 << 20, 1 << 24)
    return ObjectBlobStore(MemoryBucket(MemoryService()), local, kept=kept)
