"""What gosync left in a folder, and what must hold of it whatever happened."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gosync.demo.exchange import RequestKind
from gosync.demo.modules import build_zip, go_mod, info_json
from gosync.gomod.info import VersionInfo, format_info
from gosync.gomod.module import ModuleVersion, unescape_path, unescape_version
from tests.simulator import Simulator

_REVISION = re.compile(r"[0-9a-f]{7,64}")
_KINDS = {"info": RequestKind.INFO, "mod": RequestKind.MOD, "zip": RequestKind.ZIP}


@dataclass(frozen=True)
class Evidence:
    """One entry of the quarantine.

    Attributes:
        folder: Where it lies.
        subject: What it is about.
        reason: Which rule was broken.
        facts: What the caller wrote down: served, h1_served, h1_wanted ...
        files: The bytes by label.
    """

    folder: Path
    subject: str
    reason: str
    facts: dict[str, Any]
    files: dict[str, bytes]


@dataclass(frozen=True, order=True)
class FileState:
    """What a write to a file would change."""

    inode: int
    mtime_ns: int
    size_bytes: int


def files_below(folder: Path) -> list[Path]:
    """Return every file below a folder, sorted."""
    return sorted(each for each in folder.rglob("*") if each.is_file())


def digests(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file below a folder, by its relative name."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files_below(folder)
    }


def state_of(file: Path) -> FileState:
    """Return a file's state."""
    found = file.stat()
    return FileState(found.st_ino, found.st_mtime_ns, found.st_size)


def read_evidence(folder: Path) -> Evidence:
    """Read one entry of the quarantine; its files have the digests it says."""
    document = json.loads((folder / "evidence.json").read_bytes())
    files = {
        facts["label"]: (folder / name).read_bytes()
        for name, facts in document["files"].items()
    }
    for name, facts in document["files"].items():
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        assert digest == facts["sha256"], folder / name
    return Evidence(
        folder, document["subject"], document["reason"], document["evidence"], files
    )


def module_files(tree: Path) -> Iterator[tuple[Path, ModuleVersion, RequestKind]]:
    """Yield each .info, .mod and .zip of a tree; aliases of commits are none."""
    for file in tree.glob("**/@v/*.*"):
        stem, _, suffix = file.name.rpartition(".")
        if suffix in _KINDS and not _REVISION.fullmatch(stem):
            folder = str(file.parent.parent.relative_to(tree))
            mv = ModuleVersion(unescape_path(folder), unescape_version(stem))
            yield file, mv, _KINDS[suffix]


def check_store(store: Path) -> None:
    """No row without its blobs; every blob whole, named by its digest, 0444."""
    blobs = store / "blobs" / "sha256"
    for file in files_below(blobs):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        assert file.relative_to(blobs) == Path(digest[:2], digest), file
        assert stat.S_IMODE(file.stat().st_mode) == 0o444, file
    for digest, size_bytes in _named_blobs(store / "catalog.sqlite"):
        file = blobs / digest[:2] / digest
        assert file.stat().st_size == size_bytes, f"a row names {file}"
    assert list((store / "staging").iterdir()) == []


def _named_blobs(file: Path) -> list[tuple[str, int]]:
    rows: list[tuple[str, int]] = []
    with closing(sqlite3.connect(file)) as catalog:
        for kind in ("info", "mod", "zip"):
            rows += catalog.execute(
                f"SELECT {kind}_digest, {kind}_bytes FROM versions"
                f" WHERE {kind}_digest IS NOT NULL"
            ).fetchall()
    return rows


def check_folder(folder: Path) -> None:
    """Nothing lies where gosync has no business; no link leads anywhere."""
    names = {"gosync.toml", "store", "public", "home", "tmp"}
    assert {each.name for each in folder.iterdir()} <= names
    for name in ("home", "tmp"):
        assert list((folder / name).iterdir()) == []
    for each in folder.rglob("*"):
        kind = each.lstat().st_mode
        assert stat.S_ISREG(kind) or stat.S_ISDIR(kind), each


def check_files(tree: Path, sim: Simulator) -> None:
    """Each module's files are what the simulator published."""
    for file, mv, kind in module_files(tree):
        assert file.read_bytes() in true_files(sim, mv, kind), file


def true_files(sim: Simulator, mv: ModuleVersion, kind: RequestKind) -> list[bytes]:
    """Return what a mirror may carry as a version's file.

    Its go.mod and zip are the ones that were logged; an .info is in no log, so
    one that was replaced counts, too, and so does the least there is, which goes
    with a .mod alone.
    """
    publication = sim.publication(mv)
    source = publication.source
    if kind is RequestKind.ZIP:
        return [build_zip(source)]
    if kind is RequestKind.MOD:
        return [go_mod(source)]
    least = format_info(VersionInfo(mv.version))
    return [info_json(source), publication.served.get(RequestKind.INFO, b""), least]
