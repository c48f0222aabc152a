"""Levels and processes: other sizes, or another time, and never other contents."""

from __future__ import annotations

import hashlib
import random
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from gosync.bundle.format.features import ReaderFeatures
from gosync.bundle.make import packers
from gosync.bundle.make.create import create_bundle
from gosync.bundle.make.created import CreateOptions
from gosync.bundle.make.levels import Level
from gosync.bundle.options import TargetSpec
from gosync.errors import UsageError
from gosync.work.processes import WORTH_BYTES
from gosync.work.sweep import Sweep
from tests.alone import alone
from tests.sweeps import PickledSweep
from tests.unit.bundle.outside import TARGET, Outside, changed, source

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


def _bundle(folder: Path, sweep: Sweep | None, volume_bytes: int) -> dict[str, str]:
    """Make a full bundle, then one of patches; return the digests of their volumes."""
    with Outside(folder) as outside:
        for number, path in enumerate(PATHS):
            outside.add(path, "v1.0.0", source(number, size_bytes=30_000))
            outside.add(path, "v1.1.0", changed(source(number, size_bytes=30_000), 9))
        outside.publish()
        first = outside.create(volume_bytes=volume_bytes, sweep=sweep).path
        for number, path in enumerate(PATHS):
            outside.add(path, "v1.2.0", changed(source(number, size_bytes=30_000), 8))
        outside.publish()
        second = outside.create(volume_bytes=volume_bytes, sweep=sweep).path
        assert first is not None
        assert second is not None
        return {
            f"{which} {file.name}": hashlib.sha256(file.read_bytes()).hexdigest()
            for which, made in enumerate((first, second))
            for file in made.glob("vol-*")
        }


@pytest.mark.parametrize(
    "volume_bytes", [pytest.param(1 << 30, marks=pytest.mark.long), 200_000]
)
def test_workers_make_the_same_bytes_as_this_machine(tmp_path: Path, volume_bytes: int):
    sweep = PickledSweep()
    apart = _bundle(tmp_path / "apart", sweep, volume_bytes)

    assert apart == _bundle(tmp_path / "here", None, volume_bytes)
    assert sweep.steps > 1
    assert (sweep.here, sweep.open) == (0, 0)


def test_a_version_that_exceeds_a_volume_is_named_though_a_worker_packs_it(
    tmp_path: Path,
):
    with Outside(tmp_path / "outside") as outside:
        noise = random.Random(1).randbytes(200_000)
        outside.add(PATHS[0], "v1.0.0", {"noise.bin": noise})
        outside.publish()
        older = ReaderFeatures(format=1)
        with pytest.raises(UsageError, match="a volume may have"):
            outside.create(volume_bytes=100_000, sweep=PickledSweep(), reader=older)
