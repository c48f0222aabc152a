"""Staged zips read by worker processes: the same verdicts, in the same words."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from gosync.errors import RejectedError
from gosync.gomod import packages, readme
from gosync.gomod.module import ModuleVersion
from gosync.ingest.scanner import WORTH_BYTES, ScannedZip, ZipScanner
from gosync.licence.found import unpack
from gosync.store.staging import LocalStaged
from tests.children import workers_here
from tests.unit.gomod.zipfiles import make_zip
from tests.unit.licence.texts import MIT

MV = ModuleVersion("example.com/m", "v1.0.0")
GOOD = make_zip(
    [
        ("go.mod", b"module example.com/m\n"),
        ("a.go", b"// Package m reads.\npackage a\n"),
        ("README.md", b"# M\n"),
        ("LICENSE", MIT),
    ]
)
FOREIGN = make_zip([("go.mod", b"")], prefix="example.com/other@v1.0.0/")
ZIPS = (GOOD, GOOD[:-30], FOREIGN)


class Watched(LocalStaged):
    """A staged file that counts who reads it in this process."""

    reads = 0

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Count, and read."""
        Watched.reads += 1
        return super().read_at(offset, size_bytes)


def _scan(scanner: ZipScanner, folder: Path, data: bytes) -> ScannedZip | str:
    with Watched(folder) as staged:
        staged.write(data)
        try:
            return scanner.scan(staged, MV)
        except RejectedError as error:
            return str(error)


def _scan_all(folder: Path, worth_bytes: int) -> tuple[list[ScannedZip | str], int]:
    """Return what three zips are, and how often they were read here."""
    Watched.reads = 0
    with ZipScanner(worth_bytes=worth_bytes) as scanner:
        return [_scan(scanner, folder, each) for each in ZIPS], Watched.reads


def test_a_worker_finds_what_this_process_would(tmp_path: Path):
    apart, reads_apart = _scan_all(tmp_path, worth_bytes=0)
    beside, reads_beside = _scan_all(tmp_path, worth_bytes=WORTH_BYTES)

    assert apart == beside
    good, cut, foreign = apart
    assert isinstance(good, ScannedZip)
    assert isinstance(foreign, ScannedZip)
    assert good.scan.go_mod == b"module example.com/m\n"
    assert good.scan.packages is not None
    assert unpack(good.licences).expression == "MIT"
    assert packages.unpack(good.scan.packages).synopsis == "Package m reads."
    assert readme.unpack(good.readme).text == "# M\n"
    assert "no end record" in str(cut)
    assert foreign.scan.checked.invalid
    assert reads_apart > 0, "what is wrong is read again here, to say it"
    assert reads_beside > reads_apart


def test_what_a_worker_reads_is_not_read_here(tmp_path: Path):
    Watched.reads = 0
    with ZipScanner(worth_bytes=0) as scanner:
        _scan(scanner, tmp_path, GOOD)
    assert Watched.reads == 0


def test_little_to_read_starts_no_process(tmp_path: Path):
    with ZipScanner(worth_bytes=len(GOOD) + 1) as scanner:
        _scan(scanner, tmp_path, GOOD)
        assert workers_here() == []
        _scan(scanner, tmp_path, GOOD)
        assert len(workers_here()) == 1


def test_much_that_is_expected_begins_with_a_process(tmp_path: Path):
    with ZipScanner() as scanner:
        scanner.expect(WORTH_BYTES - 1)
        _scan(scanner, tmp_path, GOOD)
        assert workers_here() == []
        scanner.expect(WORTH_BYTES)
        _scan(scanner, tmp_path, GOOD)
        assert len(workers_here()) == 1


def test_a_zip_whose_worker_is_killed_is_read_here(tmp_path: Path):
    with ZipScanner(workers=1, worth_bytes=0) as scanner:
        want = _scan(scanner, tmp_path, GOOD)
        os.kill(workers_here()[0], signal.SIGKILL)
        assert _scan(scanner, tmp_path, GOOD) == want
        assert _scan(scanner, tmp_path, GOOD) == want
