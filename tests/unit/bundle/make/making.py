"""What tests of making bundles share: versions to pack, and folders compared."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.unit.bundle.outside import Outside, changed, source

M, N = "example.com/m", "example.com/n"


def add_versions(outside: Outside, path: str, count: int, *, seed: int = 1) -> None:
    files = source(seed)
    for number in range(count):
        outside.add(path, f"v1.{number}.0", files)
        files = changed(files, seed + number)
    outside.publish()


def digests(folder: Path) -> dict[str, str]:
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
    }
