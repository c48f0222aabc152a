"""Staged zips read by a process of its own: the same verdicts, in the same words."""

from __future__ import annotations

from multiprocessing.connection import Connection
from pathlib import Path

from gosync.errors import RejectedError
from gosync.gomod.dirhash import ZipScan
from gosync.gomod.module import ModuleVersion
from gosync.ingest.scanner import ZipScanner
from gosync.store.staging import LocalStaged
from gosync.work.processes import WORTH_BYTES
from tests.alone import alone
from tests.unit.gomod.zipfiles import make_zip

MV = ModuleVersion("example.com/m", "v1.0.0")
GOOD = make_zip([("go.mod", b"module example.com/m\n"), ("a.go", b"package a\n")])
FOREIGN = make_zip([("go.mod", b"")], prefix="example.com/other@v1.0.0/")


class Watched(LocalStaged):
    """A staged file that counts who reads it in this process."""

    reads = 0

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Count, and read."""
        Watched.reads += 1
        return super().read_at(offset, size_bytes)


def _scan(scanner: ZipScanner, folder: Path, data: bytes) -> ZipScan | str:
    with Watched(folder) as staged:
        staged.write(data)
        try:
            return scanner.scan(staged, MV)
        except RejectedError as error:
            return str(error)


def _scan_all(there: Connection, folder: Path) -> None:
    """Tell what three zips are, and how often the first one was read here; twice."""
    said = []
    for apart_bytes in (WORTH_BYTES, 0):
        Watched.reads = 0
        with ZipScanner(apart_bytes=apart_bytes) as scanner:
            good, reads = _scan(scanner, folder, GOOD), Watched.reads
            bad = [_scan(scanner, folder, data) for data in (GOOD[:-30], FOREIGN)]
        said.append(((good, *bad), reads))
    there.send(said)


def test_a_process_finds_what_this_one_would(tmp_path: Path):
    (apart, reads_apart), (beside, reads_beside) = alone(_scan_all, tmp_path)

    assert apart == beside
    good, cut, foreign = apart
    assert good.go_mod == b"module example.com/m\n"
    assert "no end record" in cut
    assert foreign.checked.invalid
    assert reads_apart == 0 < reads_beside
