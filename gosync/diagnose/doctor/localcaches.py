"""The stage caches: the module cache and what ``go`` remembers of the database.

Writable, room left, and for the version asked about: the zip's h1 against the
``.ziphash`` beside it and the proven one, and the extracted folder against both, by
verify's own hash of a folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from gosync.diagnose.doctor.diagnosis import Severity, StageFinding
from gosync.diagnose.doctor.saying import say
from gosync.diagnose.doctor.stagelog import StageDraft
from gosync.errors import GosyncError
from gosync.folder.tree import FileTree
from gosync.gomod.dirhash import hash_zip
from gosync.gomod.module import ModuleVersion, escape_path, escape_version
from gosync.sumdb.names import Database
from gosync.sumdb.treehead import open_head
from gosync.verify.look.extracted import hash_folder

_ROOM_BYTES: Final = 50 << 20
_INODES: Final = 1000


def look_at_cache(stage: StageDraft, cache: str, needed_bytes: int = 0) -> None:
    """Note whether the module cache's folder can be written, and has room."""
    if not cache:
        stage.blame(
            "disk.modcache",
            "neither GOMODCACHE nor GOPATH nor HOME is set: go has no module cache",
            "export HOME, or go env -w GOMODCACHE=FOLDER",
        )
        return
    folder = Path(cache)
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    is_there = str(folder) == cache
    stage.saw(cache if is_there else say("{cache}, not there yet", cache=cache))
    if not folder.is_dir():
        stage.blame(
            "disk.modcache",
            say("{folder} is no folder", folder=folder),
            "move it away, or set GOMODCACHE",
        )
        return
    if not os.access(folder, os.W_OK | os.X_OK) or _is_read_only(folder):
        stage.blame(
            "disk.modcache",
            say(
                "{folder} cannot be written by user {geteuid}",
                folder=folder,
                geteuid=os.geteuid(),
            ),
            say(
                "chown -R $(id -u) {cache}, or go env -w GOMODCACHE=FOLDER", cache=cache
            ),
        )
    for finding in _room(folder, needed_bytes):
        stage.add(finding)


def _is_read_only(folder: Path) -> bool:
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def _room(folder: Path, needed_bytes: int) -> Iterator[StageFinding]:
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    full = free < needed_bytes or (disk.f_files and disk.f_favail == 0)
    if full or free < _ROOM_BYTES or (disk.f_files and disk.f_favail < _INODES):
        yield StageFinding(
            cause="disk.full",
            text=say(
                "{folder}: {free} MiB and {f_favail} files are free",
                folder=folder,
                free=free >> 20,
                f_favail=disk.f_favail,
            ),
            remedy="go clean -modcache, or go env -w GOMODCACHE=FOLDER on another disk",
            severity=Severity.FAULT if full else Severity.WARNING,
        )


def look_at_version(
    stage: StageDraft, cache: str, mv: ModuleVersion, proven_h1: str
) -> None:
    """Hold what the cache has of a version against the proven h1."""
    at = f"{escape_path(mv.path)}/@v/{escape_version(mv.version)}"
    download = Path(cache) / "cache/download" / at
    zip_file = download.with_name(f"{download.name}.zip")
    kept = ""
    with suppress(OSError):
        kept = download.with_name(f"{download.name}.ziphash").read_text("ascii").strip()
    h1 = _zip_h1(zip_file)
    name = f"{escape_path(mv.path)}@{escape_version(mv.version)}"
    folder = Path(cache) / name
    extracted = _folder_h1(cache, name, mv)
    want = proven_h1 or kept or h1
    for what, has in ((zip_file, h1), (folder, extracted)):
        if has and want and has != want:
            stage.blame(
                "cache.modified",
                say(
                    "{what} has {has}, not {want}: it was changed after its "
                    "download, or came from elsewhere",
                    what=what,
                    has=has,
                    want=want,
                ),
                say(
                    "go clean -modcache; or remove {what} alone, then go mod download",
                    what=what,
                ),
            )
    if h1 or extracted:
        stage.saw(say("{mv} is there", mv=mv))


def look_at_memory(stage: StageDraft, head: bytes, database: Database) -> None:
    """Note whether what go remembers of the database is signed by its key."""
    if not head:
        return
    try:
        found = open_head(head, database.verifier())
    except GosyncError as exc:
        stage.blame(
            "sum.bad_signature",
            say("GOPATH/pkg/sumdb/{name}/latest: {exc}", name=database.name, exc=exc),
            "remove this file; go asks for the tree head anew",
        )
        return
    stage.saw(
        say("{name} remembered with {n} records", name=database.name, n=found.tree.n)
    )


def _zip_h1(file: Path) -> str:
    try:
        with file.open("rb") as data:

            def read_at(offset: int, count: int) -> bytes:
                data.seek(offset)
                return data.read(count)

            return hash_zip(read_at, file.stat().st_size)
    except FileNotFoundError:
        return ""
    except (OSError, GosyncError) as exc:
        return f"no h1 ({exc})"


def _folder_h1(cache: str, name: str, mv: ModuleVersion) -> str:
    if not (Path(cache) / name).is_dir():
        return ""
    try:
        return hash_folder(FileTree(Path(cache)), name, mv).h1
    except (OSError, GosyncError) as exc:
        return f"no h1 ({exc})"
