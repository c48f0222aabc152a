"""What must hold of a tree at every instant, whoever looks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from gosync.sumdb.record import parse_record
from gosync.sumdb.tlog import parse_tree
from tests.recordtiles import record_tiles

KINDS = ("info", "mod", "zip")


def check_lists(root: Path) -> int:
    """Check that no list names a version that lacks a file; return how many names.

    A list may be replaced between reading it and looking for the files, so a
    missing file only counts when the list still names the version afterwards.
    """
    checked = 0
    for file in _files(root):
        if file.name != "list" or file.parent.name != "@v":
            continue
        for version in _lines(file):
            missing = [
                kind
                for kind in KINDS
                if not (file.parent / f"{version}.{kind}").exists()
            ]
            assert not missing or version not in _lines(file), (file, version, missing)
            checked += 1
    return checked


def check_lookups(root: Path, name: str) -> int:
    """Check that every lookup's head has the tiles to prove it."""
    base = root / "sumdb" / name
    checked = 0
    for file in _files(base / "lookup"):
        try:
            record = parse_record(file.read_bytes())
        except FileNotFoundError:  # removed since we looked
            continue
        checked += 1
        n = parse_tree(record.rest.partition(b"\n\n")[0] + b"\n").n
        for tile in record_tiles(n, record.id):
            there = base / tile.path()
            full = base / tile.full().path()
            assert there.exists() or full.exists(), (file, tile)
    return checked


def _files(root: Path) -> Iterator[Path]:
    """Yield every file; what vanishes meanwhile is passed over."""
    for folder, _, names in os.walk(root):
        yield from (Path(folder) / name for name in names)


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text()
    except FileNotFoundError:
        return []
    lines = text.splitlines()
    assert all(line.endswith("\n") for line in text.splitlines(keepends=True))
    return [_escaped(line) for line in lines]


def _escaped(version: str) -> str:
    return "".join(f"!{c.lower()}" if c.isupper() else c for c in version)
