"""An Athens store with more versions than Athens itself can list, and its defects."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from gosync.folder.layouts import TargetKind
from gosync.gomod.dirhash import hash_zip
from gosync.gomod.module import ModuleVersion
from gosync.verify.act.plan import Action
from gosync.verify.report import VerifyReport
from gosync.verify.verdicts import Verdict
from tests.simulator import Simulator
from tests.simulator.standard import source
from tests.simulator.static import write_static
from tests.tiers import EVERY_STEP
from tests.unit.verify.caches import World, lay, run

_VERSIONS = 1100 if EVERY_STEP else 110
_MODULES = ("github.com/Azure/sdk", "github.com/a/a-b", "github.com/a/a/v2")


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("athens")
    with Simulator() as sim:
        for number in range(_VERSIONS):
            path = _MODULES[number % 3]
            version = f"v{2 if path.endswith('v2') else 1}.{number}.0"
            go_mod = f"module {path}\n"
            files = {
                "go.mod": go_mod,
                "vendor/x/y.go": "package y\n",
                "x.go": "package x",
            }
            sim.publish(source(path, version, files))
        write_static(sim, folder / "tree")
        world = World.of(sim, folder / "tree")
        lay(world, TargetKind.ATHENS, folder / "store")
        world.pristine[TargetKind.ATHENS] = folder / "store"
        yield world


def version_folder(root: Path, module: int, number: int) -> Path:
    path = _MODULES[module]
    return root / path / f"v{2 if path.endswith('v2') else 1}.{number}.0"


def defects(root: Path) -> dict[str, Verdict]:
    """Make them all, and return where which verdict is due."""
    truncated = version_folder(root, 0, 0) / "source.zip"
    truncated.write_bytes(truncated.read_bytes()[:-40])
    no_info = version_folder(root, 1, 1)
    (no_info / f"{no_info.name}.info").unlink()
    fourth = version_folder(root, 2, 2) / "source.zip.1"
    fourth.write_bytes(b"left over")
    empty = root / _MODULES[0] / "v1.99999.0"
    empty.mkdir()
    odd = root / _MODULES[0] / "v9.9.9"
    odd.mkdir()
    vendor = version_folder(root, 0, 3) / "source.zip"
    vendor.write_bytes(_without_vendor(vendor.read_bytes()))
    shouted = root / "github.com/azure/sdk" / "v1.0.0"
    shouted.mkdir(parents=True)
    return {
        str(truncated.relative_to(root)): Verdict.CORRUPT,
        f"{no_info.relative_to(root)}/{no_info.name}.info": Verdict.INCOMPLETE,
        str(fourth.relative_to(root)): Verdict.ORPHAN,
        **{
            f"{folder.relative_to(root)}/{name}": Verdict.INCOMPLETE
            for folder in (empty, shouted)
            for name in (f"{folder.name}.info", "go.mod", "source.zip")
        },
        str(odd.relative_to(root)): Verdict.ORPHAN,
        str(vendor.relative_to(root)): Verdict.POLLUTED,
    }


def _without_vendor(data: bytes) -> bytes:
    """Return a zip as a go that left out nested vendor folders made it."""
    packed = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            if "/vendor/" not in name:
                new.writestr(name, old.read(name))
    return packed.getvalue()


def found_in(report: VerifyReport) -> dict[str, Verdict]:
    return {
        each.path: each.verdict
        for each in report.outcome.findings
        if each.verdict is not Verdict.UNVERIFIABLE
    }


@pytest.mark.sampled
def test_every_version_is_seen_and_every_defect_named(big: World):
    root = big.pristine[TargetKind.ATHENS]
    clean = run(big, root)
    assert (clean.outcome.versions, clean.outcome.proven) == (_VERSIONS, _VERSIONS)
    assert clean.exit_code == 0

    due = defects(root)
    assert found_in(run(big, root)) == due

    report = run(big, root, action=Action.REPAIR, offline=False)
    # What never was released cannot be brought; it goes with a quarantine.
    left = {path for path in due if "v1.99999.0" in path or "/azure/" in path}
    assert {each.path for each in report.remaining} == left
    assert run(big, root, action=Action.QUARANTINE, offline=True).exit_code == 5
    again = run(big, root)
    assert (again.exit_code, again.outcome.proven) == (0, _VERSIONS)
    mv = ModuleVersion(_MODULES[0], "v1.3.0")
    assert big.sim.publication(mv).zip_h1 == _zip_h1(root, mv)


def _zip_h1(root: Path, mv: ModuleVersion) -> str:
    data = (root / mv.path / mv.version / "source.zip").read_bytes()
    return hash_zip(lambda at, size: data[at : at + size], len(data))
