"""A tree as a tar.zst: unpacked by stock tar, and the same bytes every time."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.bundle.make import tree_archive
from gosync.bundle.make.tree_archive import admitted_files, write_tree_archive
from gosync.errors import StoreError
from gosync.signing.keys import KeyKind, generate_key
from tests.smallsite import folder_of_tree
from tests.unit.bundle.outside import Outside, changed, source

M = "example.com/M"


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    with Outside(tmp_path / "outside") as outside:
        files = source(1)
        for number in range(3):
            outside.add(M, f"v1.{number}.0", files)
            files = changed(files, number)
        outside.publish()
        yield outside


def snapshot(root: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(root)): file.read_bytes()
        for file in root.rglob("*")
        if file.is_file() and ".gosync" not in file.parts
    }


def test_stock_tools_unpack_it(outside: Outside, tmp_path: Path):
    tree = folder_of_tree(outside.options)
    path = tmp_path / "media" / "tree.tar.zst"
    key = generate_key(KeyKind.ED25519)
    made = write_tree_archive(tree, path, [key])

    inside = tmp_path / "inside"
    inside.mkdir()
    tar = shutil.which("tar")
    assert tar is not None
    subprocess.run([tar, "--zstd", "-xf", path, "-C", inside], check=True)
    assert snapshot(inside) == snapshot(tree)
    assert made.files == len(snapshot(tree))
    assert not (inside / ".gosync").exists()
    sums = path.with_name("tree.tar.zst.sha256").read_text()
    assert sums == f"{hashlib.sha256(path.read_bytes()).hexdigest()}  tree.tar.zst\n"
    signature = path.with_name("tree.tar.zst.sha256.sig").read_bytes()
    assert key.public().verify(sums.encode(), signature)
    assert len(list(path.parent.iterdir())) == 3


def test_the_same_tree_gives_the_same_bytes(outside: Outside, tmp_path: Path):
    one, two = tmp_path / "one", tmp_path / "two"
    for path in (one, two):
        write_tree_archive(folder_of_tree(outside.options), path)
    assert one.read_bytes() == two.read_bytes()


def test_a_tree_that_is_not_whole_is_refused(outside: Outside, tmp_path: Path):
    marker = folder_of_tree(outside.options) / ".gosync" / "tree.json"
    marker.write_bytes(marker.read_bytes().replace(b"true", b"false"))

    with pytest.raises(StoreError, match="not finished"):
        write_tree_archive(folder_of_tree(outside.options), tmp_path / "tree")
    with pytest.raises(StoreError, match="no published tree"):
        write_tree_archive(tmp_path / "nowhere", tmp_path / "tree")
    assert not (tmp_path / "tree").exists()


def test_what_is_read_back_must_be_what_was_written(
    outside: Outside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write = tree_archive._write

    def forget(*arguments: object) -> object:
        digests = write(*arguments)  # type: ignore[arg-type]
        digests.popitem()
        return digests

    monkeypatch.setattr(tree_archive, "_write", forget)
    with pytest.raises(StoreError, match="read back"):
        write_tree_archive(folder_of_tree(outside.options), tmp_path / "tree")
    assert not list(tmp_path.glob("*tree*"))


@pytest.mark.parametrize("kind", ["zip", "mod", "info"])
@pytest.mark.parametrize("version", ["v1.1.0", "v7.7.7"])
def test_what_was_not_admitted_is_not_signed(
    outside: Outside, tmp_path: Path, kind: str, version: str
):
    tree, path = folder_of_tree(outside.options), tmp_path / "tree"
    admitted = admitted_files(outside.site.catalog)
    write_tree_archive(tree, path, admitted=admitted)
    path.unlink()
    file = tree / "example.com" / "!m" / "@v" / f"{version}.{kind}"
    file.unlink(missing_ok=True)
    file.write_bytes(b"planted")

    if (kind, version) == ("info", "v7.7.7"):  # as of a .mod alone
        write_tree_archive(tree, path, admitted=admitted)
        return
    with pytest.raises(StoreError, match=rf"{version}\.{kind}.*admitted"):
        write_tree_archive(tree, path, admitted=admitted)
    assert not path.exists()


def test_the_signed_digest_is_of_the_bytes_that_were_proven(
    outside: Outside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A medium that changes after the archive was read back is told by its digest."""
    path = tmp_path / "tree"
    prove = tree_archive._prove

    def change(partial: Path, *others: object) -> object:
        whole = partial.read_bytes()
        result = prove(partial, *others)  # type: ignore[arg-type]
        assert result == hashlib.sha256(whole).hexdigest()
        partial.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        return result

    monkeypatch.setattr(tree_archive, "_prove", change)
    made = write_tree_archive(folder_of_tree(outside.options), path)
    assert made.sha256 != hashlib.sha256(path.read_bytes()).hexdigest()
