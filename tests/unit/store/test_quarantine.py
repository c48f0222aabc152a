"""LocalQuarantine: evidence is kept once, whole, under our names."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from gosync.errors import StoreError
from gosync.store.localblobs import LocalBlobStore
from gosync.store.localquarantine import LocalQuarantine
from gosync.store.root import open_store


@pytest.fixture
def quarantine(tmp_path):
    open_store(tmp_path)
    return LocalQuarantine(tmp_path)


def test_evidence_and_bytes_are_kept_together(quarantine, tmp_path):
    with LocalBlobStore(tmp_path).stage() as staged:
        staged.write(b"poison")
        name = quarantine.keep(
            "example.com/m@v1.0.0",
            "h1 differs",
            evidence={"url": "http://u", "headers": {"Server": "x"}, "at": None},
            files={"zip": staged, "mod": b"module m\n"},
        )
    folder = tmp_path / "quarantine" / name
    assert (folder / "zip").read_bytes() == b"poison"
    assert (folder / "mod").read_bytes() == b"module m\n"
    document = json.loads(quarantine.read(name))
    assert document["subject"] == "example.com/m@v1.0.0"
    assert document["reason"] == "h1 differs"
    assert document["evidence"]["headers"] == {"Server": "x"}
    assert document["files"]["zip"]["label"] == "zip"
    assert len(document["files"]["mod"]["sha256"]) == 64
    assert quarantine.ids() == [name]
    assert list((tmp_path / "staging").iterdir()) == []


def test_the_same_evidence_is_kept_once(quarantine):
    def keep(url):
        return quarantine.keep("m", "bad", evidence={"url": url}, files={"zip": b"x"})

    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(keep, map(str, range(32))))
    assert quarantine.ids() == sorted(names)
    assert len(names) == 1
    assert quarantine.keep("m", "bad", evidence={}, files={"zip": b"y"}) not in names


def test_no_name_comes_from_outside(quarantine, tmp_path):
    labels = {"../../../evil": b"1", "/etc/passwd": b"2", "evidence.json": b"3"}
    name = quarantine.keep("../m\udcff", "\x00", evidence={"x": {"y"}}, files=labels)
    names = {path.name for path in (tmp_path / "quarantine" / name).iterdir()}
    assert names == {"evidence.json", "file-1", "file-2", "file-3"}
    files = json.loads(quarantine.read(name))["files"]
    assert files["file-2"]["label"] == "/etc/passwd"
    assert not (tmp_path.parent / "evil").exists()
    assert "evil" not in {path.name for path in tmp_path.rglob("*")}


def test_evidence_that_is_not_there_is_a_store_error(quarantine):
    with pytest.raises(StoreError):
        quarantine.read("0" * 32)


def test_half_built_entries_are_swept(quarantine, tmp_path):
    torn, outside = f".{'0f' * 8}.tmp", tmp_path / "outside"
    (tmp_path / "quarantine" / torn).mkdir()
    (tmp_path / "quarantine" / torn / "zip").write_bytes(b"x")
    outside.mkdir()
    kept = {tmp_path / "quarantine" / name for name in (".mine", f".{'f0' * 8}.tmp")}
    for each in kept:
        each.symlink_to(outside)
    assert quarantine.ids() == []
    assert quarantine.sweep() == 1
    assert set((tmp_path / "quarantine").iterdir()) == kept
