"""Mediums to break: a bundle of three versions in two volumes, and who proves it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.proving import prove_bundle
from gosync.store.scratch import ScratchFolder
from tests.unit.bundle.outside import Outside, changed, source

M = "example.com/m"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One bundle of three versions in two volumes."""
    folder = tmp_path_factory.mktemp("damage")
    with Outside(folder) as outside:
        files = source(1, files=5)
        for number in range(3):
            outside.add(M, f"v1.{number}.0", files)
            files = changed(files, number)
        outside.add("example.com/n", "v0.1.0", source(5, files=2))
        outside.publish()
        yield Path(outside.bundle(volume_bytes=4_000).name)


@pytest.fixture
def medium(made: Path, tmp_path: Path) -> Path:
    """A copy of it to break."""
    return Path(shutil.copytree(made, tmp_path / "medium"))


def prove(medium: Path) -> None:
    prove_bundle(BundleFolder.open(medium), scratch=ScratchFolder(medium.parent))
