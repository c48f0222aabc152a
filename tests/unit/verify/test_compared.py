"""Files of an extracted folder, compared with the entries of their zip."""

from __future__ import annotations

import os
import random
import zipfile
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from gosync.folder.layouts import TargetKind
from gosync.folder.tree import DamagedFileError, FileTree
from gosync.folder.walk import Entry, Walk
from gosync.gomod.dirhash import ZipScan, scan_zip
from gosync.gomod.module import ModuleVersion
from gosync.gomod.patterns import PatternSet
from gosync.gomod.seen import SeenEntries
from gosync.verify.look import extracted
from gosync.verify.look.compared import SameFile, comparing
from gosync.verify.look.extracted import FolderHash, hash_folder
from gosync.verify.look.targets import open_folder
from gosync.verify.prove.answers import ProofAnswer
from tests.unit.verify.caches import ALPHA, World

_MV = ModuleVersion("alpha.example/a", "v1.0.0")
_FOLDER = "alpha.example/a@v1.0.0"
_NOISE = random.Random(1).randbytes(700_000)
_STORED = "stored/noise.bin"
_FILES = {
    "go.mod": b"module alpha.example/a\n",
    "a.go": b"package a\n" * 20,
    "empty.txt": b"",
    "b/c/c.go": b"package c\n" * 30,
    "b/d.go": b"package b\n" * 30,
    "large/zeros.txt": b"0" * 2_000_000,
    "large/noise.bin": _NOISE[:400_000],
    _STORED: _NOISE[400_000:],
}
_READ = set(_FILES) - {"go.mod"}  # that is kept, and passes by


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, data in _FILES.items():
        file = tmp_path / _FOLDER / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return tmp_path


def _zip(files: dict[str, bytes]) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            kind = zipfile.ZIP_STORED if name == _STORED else zipfile.ZIP_DEFLATED
            made.writestr(f"{_MV}/{name}", data, kind)
    return target.getvalue()


def _compare(
    root: Path, files: dict[str, bytes], seen: SeenEntries | None
) -> tuple[ZipScan, dict[str, SameFile]]:
    data = _zip(files)
    with comparing(FileTree(root), _FOLDER, _MV) as sink:
        scan = scan_zip(
            lambda at, size: data[at : at + size], len(data), _MV, seen=seen, sink=sink
        )
    return scan, sink.same


def _shown(found: FolderHash) -> tuple[str, int, list[tuple[str, int]]]:
    files = [(each.path, each.stat.st_mtime_ns) for each in found.entries]
    return found.h1, found.size_bytes, files


@pytest.mark.parametrize("remembers", [True, False])
def test_what_has_the_bytes_of_its_entry_needs_no_hashing(
    root: Path, *, remembers: bool
):
    scan, same = _compare(root, _FILES, SeenEntries() if remembers else None)

    digests = {name: each.digest for name, each in same.items()}
    assert digests == {name: sha256(_FILES[name]).hexdigest() for name in _READ}
    assert hash_folder(FileTree(root), _FOLDER, _MV, same).h1 == scan.h1


def test_a_folder_is_hashed_as_if_nothing_had_been_compared(root: Path):
    _, same = _compare(root, _FILES, None)

    found = hash_folder(FileTree(root), _FOLDER, _MV, same)

    assert _shown(found) == _shown(hash_folder(FileTree(root), _FOLDER, _MV))


def test_a_digest_of_what_was_compared_is_taken_over(root: Path):
    _, same = _compare(root, _FILES, None)
    same["a.go"] = SameFile("0" * 64, same["a.go"].stat)

    found = hash_folder(FileTree(root), _FOLDER, _MV, same)

    assert found.h1 != hash_folder(FileTree(root), _FOLDER, _MV).h1


@pytest.mark.parametrize("name", sorted(_READ - {"empty.txt"}))
@pytest.mark.parametrize("at", [0, -1])
def test_one_other_byte_is_not_the_same(root: Path, name: str, at: int):
    data = bytearray(_FILES[name])
    data[at] ^= 1
    (root / _FOLDER / name).write_bytes(data)

    scan, same = _compare(root, _FILES, SeenEntries())

    assert set(same) == _READ - {name}
    found = hash_folder(FileTree(root), _FOLDER, _MV, same)
    assert found.h1 == hash_folder(FileTree(root), _FOLDER, _MV).h1
    assert found.h1 != scan.h1


@pytest.mark.parametrize("name", ["a.go", "b/c/c.go", "large/noise.bin", "empty.txt"])
@pytest.mark.parametrize("more", [b"x", b"x" * 300_000, None])
def test_another_length_is_not_the_same(root: Path, name: str, more: bytes | None):
    data = _FILES[name][:-1] if more is None else _FILES[name] + more
    (root / _FOLDER / name).write_bytes(data)

    _, same = _compare(root, _FILES, SeenEntries())

    assert (name in same) is (data == _FILES[name])


def _link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


@pytest.mark.parametrize("name", ["a.go", "b", "b/c", "large/noise.bin"])
@pytest.mark.parametrize("put", [_link, os.mkfifo, lambda path: None])
def test_what_is_no_file_of_the_folder_is_not_read(
    root: Path, name: str, put: Callable[[Path], None]
):
    path = root / _FOLDER / name
    if put is not _link:
        path.rename(root / "away")
    put(path)

    _, same = _compare(root, _FILES, SeenEntries())

    below = {each for each in _READ if each == name or each.startswith(f"{name}/")}
    assert set(same) == _READ - below


def test_what_is_no_file_is_not_even_opened(
    root: Path, monkeypatch: pytest.MonkeyPatch
):
    path, opened, really = root / _FOLDER / "a.go", [], os.open
    path.unlink()
    os.mkfifo(path)

    def noting(name: str, flags: int, *, dir_fd: int | None = None) -> int:
        opened.append(name)
        return really(name, flags, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", noting)
    _compare(root, _FILES, None)

    assert "c.go" in opened
    assert "a.go" not in opened


def test_without_a_folder_nothing_is_the_same(tmp_path: Path):
    scan, same = _compare(tmp_path, _FILES, None)

    assert same == {}
    assert scan.files == len(_FILES)


@pytest.mark.parametrize("name", ["../a.go", "b/../a.go", "/a.go", ".", "b/", "\0"])
def test_no_name_leads_out_of_the_folder(root: Path, name: str):
    (root / "alpha.example/a.go").write_bytes(b"x" * 10)
    data = BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
        entry = zipfile.ZipInfo("x")
        entry.filename = f"{_MV}/{name}"
        made.writestr(entry, b"x" * 10 if not name.endswith("/") else b"")
    packed = data.getvalue()

    with comparing(FileTree(root), _FOLDER, _MV) as sink:
        scan_zip(lambda at, n: packed[at : at + n], len(packed), _MV, sink=sink)

    assert sink.same == {}


def test_a_file_that_is_gone_by_now_is_no_part_of_the_folder(root: Path):
    scan, same = _compare(root, _FILES, None)
    (root / _FOLDER / "a.go").unlink()

    assert hash_folder(FileTree(root), _FOLDER, _MV, same).h1 != scan.h1


def test_a_file_more_is_found(root: Path):
    scan, same = _compare(root, _FILES, None)
    (root / _FOLDER / "b/more.go").write_text("package b\n")
    assert hash_folder(FileTree(root), _FOLDER, _MV, same).h1 != scan.h1

    (root / _FOLDER / "b/more.go").unlink()
    (root / _FOLDER / "b/more.go").symlink_to("d.go")
    with pytest.raises(DamagedFileError, match="link"):
        hash_folder(FileTree(root), _FOLDER, _MV, same)


def test_a_verify_hashes_no_file_that_was_compared(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    hashed, really = [], extracted._digest
    cache = world.pristine[TargetKind.MODCACHE]
    target = open_folder(cache, TargetKind.MODCACHE, None, PatternSet([]))

    def noting(walking: Walk, entry: Entry) -> str:
        hashed.append(entry.path)
        return really(walking, entry)

    monkeypatch.setattr(extracted, "_digest", noting)
    done = target.check(ModuleVersion(ALPHA, "v1.1.0"), ProofAnswer())

    assert done.findings == []
    assert hashed == ["go.mod"]
