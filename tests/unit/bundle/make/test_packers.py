"""Levels and processes: other sizes, or another time, and never other contents."""

from __future__ import annotations

import hashlib
import random
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from gosync.bundle.make import packers
from gosync.bundle.make.create import create_bundle
from gosync.bundle.make.created import CreateOptions
from gosync.bundle.make.levels import Level
from gosync.bundle.options import TargetSpec
from gosync.work.processes import WORTH_BYTES
from tests.alone import alone
from tests.unit.bundle.outside import TARGET, Outside, source

PATHS = [f"example.com/m{number}" for number in range(6)]


def _sizes(folder: Path) -> list[int]:
    """Make a bundle of each level, which is read back and proven."""
    found = []
    with Outside(folder) as outside:
        for number, path in enumerate(PATHS):
            outside.add(path, "v1.0.0", source(number, size_bytes=30_000))
        outside.publish()
        target = TargetSpec(name=TARGET, volume_bytes=1 << 30)
        for level in Level:
            options = CreateOptions(
                target=target, out=outside.out, full=True, level=level
            )
            made = create_bundle(outside.site, options)
            assert made.header is not None
            assert made.proven is not None
            assert made.proven.versions == len(PATHS)
            found.append(made.header.size_bytes)
    return found


def test_a_harder_level_makes_a_smaller_bundle(tmp_path: Path):
    fast, default, small = _sizes(tmp_path / "outside")
    assert fast > default >= small


def _volume(folder: Path) -> str:
    with Outside(folder) as outside:
        for number, path in enumerate(PATHS):
            noise = random.Random(number).randbytes(WORTH_BYTES // 5)
            outside.add(path, "v1.0.0", {"noise.bin": noise, **source(number)})
        outside.publish()
        made = outside.create().path
        assert made is not None
        return hashlib.sha256((made / "vol-0001.zst").read_bytes()).hexdigest()


def _tell_volumes(there: Connection) -> None:

    with TemporaryDirectory() as room:
        apart = _volume(Path(room) / "apart")
        packers.WORKERS = 0  # type: ignore[misc]
        there.send((apart, _volume(Path(room) / "here")))


def test_processes_make_the_same_bytes_as_threads():
    apart, here = alone(_tell_volumes)
    assert apart == here
