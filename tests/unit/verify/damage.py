"""What can happen to a file, and what must then be said of it.

``harm`` does it, ``expected`` says which verdicts are right for it. Files of a cache
are hard links to those of another, so nothing is changed in place.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from gosync.demo.modules import commit_hash
from gosync.folder.layouts import TargetKind
from gosync.verify.verdicts import Verdict
from tests.unit.verify.caches import ALPHA, sources

OK = Verdict.OK
POLLUTED, CORRUPT = Verdict.POLLUTED, Verdict.CORRUPT
INCOMPLETE, STALE = Verdict.INCOMPLETE, Verdict.STALE


class Damage(StrEnum):
    MISSING = "missing"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    FLIPPED = "flipped"
    OTHER_VERSION = "another version's"
    OTHER_MODULE = "another module's"
    MODE = "wrong mode"
    OWNER = "wrong owner"
    FOLDER = "a folder"
    LINK = "a symlink"
    FIFO = "a FIFO"


SHAPES = frozenset({Damage.FOLDER, Damage.LINK, Damage.FIFO})
ACCESS = frozenset({Damage.MODE, Damage.OWNER})
SWAPPED = frozenset({Damage.OTHER_VERSION, Damage.OTHER_MODULE})
# Only root can give files away.
DAMAGES = [each for each in Damage if each is not Damage.OWNER or os.getuid() == 0]


@dataclass(frozen=True)
class Part:
    """A kind of file of a layout.

    Attributes:
        name: What it is.
        path: The one that is damaged.
        version: The same of another version, "" if there is no such thing.
        module: The same of another module.
        at: Which byte is flipped.
    """

    name: str
    path: str
    version: str
    module: str
    at: int = 0


_ALPHA, _BETA = "alpha.example/!alpha", "beta.example/beta"


def parts(kind: TargetKind, database: str) -> list[Part]:
    """Return one file of each kind that a layout has."""
    if kind is TargetKind.ATHENS:
        one, two = "alpha.example/Alpha/v1.1.0", "alpha.example/Alpha/v1.0.0"
        other = "beta.example/beta/v0.2.0"
        return [
            Part(
                "info",
                f"{one}/v1.1.0.info",
                f"{two}/v1.0.0.info",
                f"{other}/v0.2.0.info",
            ),
            Part("mod", f"{one}/go.mod", f"{two}/go.mod", f"{other}/go.mod", 9),
            Part(
                "zip",
                f"{one}/source.zip",
                f"{two}/source.zip",
                f"{other}/source.zip",
                70,
            ),
        ]
    if kind is TargetKind.ATHENS_S3:
        return [
            _file(name, "alpha.example/Alpha", _BETA, at)
            for name, at in (("info", 0), ("mod", 9), ("zip", 70))
        ]
    below = "cache/download/" if kind is TargetKind.MODCACHE else ""
    found = [
        _file(name, f"{below}{_ALPHA}", f"{below}{_BETA}", at)
        for name, at in (("info", 0), ("mod", 9), ("zip", 70))
    ]
    a, b = f"{below}{_ALPHA}", f"{below}{_BETA}"
    found.append(Part("list", f"{a}/@v/list", "", f"{b}/@v/list", 1))
    log = f"{below}sumdb/{database}"
    found.append(
        Part(
            "lookup",
            f"{log}/lookup/{_ALPHA}@v1.1.0",
            f"{log}/lookup/{_ALPHA}@v1.0.0",
            f"{log}/lookup/{_BETA}@v0.2.0",
            5,
        )
    )
    found.append(Part("tile", f"{log}/tile/8/0/000", "", f"{log}/tile/8/0/001", 40))
    if kind is TargetKind.MODCACHE:
        found.append(_file("ziphash", a, b, 12))
        found.append(
            Part(
                "extracted",
                f"{_ALPHA}@v1.1.0/x.go",
                f"{_ALPHA}@v1.0.0/x.go",
                f"{_BETA}@v0.2.0/x.go",
                3,
            )
        )
        found.append(Part("lock", f"{a}/@v/v1.1.0.lock", "", f"{b}/@v/list"))
    else:
        found.append(Part("latest", f"{a}/@latest", "", f"{b}/@latest"))
        found.append(Part("head", f"{log}/latest", "", f"{a}/@v/list", 20))
        older, newer = (f"{a}/@v/{commit}.info" for commit in _commits())
        found.append(Part("alias", newer, older, f"{b}/@v/v0.2.0.info"))
    if kind is TargetKind.TREE:
        found.append(Part("supported", f"{log}/supported", "", ""))
    return found


def _commits() -> Iterator[str]:
    """Yield the commits that the versions of ALPHA are."""
    for each in sources():
        if each.path == ALPHA:
            yield commit_hash(each)


def _file(name: str, folder: str, other: str, at: int) -> Part:
    paths = (f"{folder}/@v/v1.1.0", f"{folder}/@v/v1.0.0", f"{other}/@v/v0.2.0")
    own, older, others = (f"{path}.{name}" for path in paths)
    return Part(name, own, older, others, at)


def can(part: Part, damage: Damage) -> bool:
    """Tell whether there is such a damage."""
    if part.name in {"supported", "lock"}:  # any bytes will do
        return damage in {Damage.MISSING, *ACCESS, *SHAPES}
    return damage is not Damage.OTHER_VERSION or bool(part.version)


def harm(root: Path, part: Part, damage: Damage) -> None:
    """Do it."""
    file = root / part.path
    data = file.read_bytes()
    other = part.version if damage is Damage.OTHER_VERSION else part.module
    instead = (root / other).read_bytes() if damage in SWAPPED else b""
    file.parent.chmod(0o755)
    file.unlink()
    match damage:
        case Damage.MISSING:
            pass
        case Damage.EMPTY:
            file.write_bytes(b"")
        case Damage.TRUNCATED:
            file.write_bytes(data[: len(data) // 2])
        case Damage.FLIPPED:
            file.write_bytes(_flip(data, part.at))
        case Damage.OTHER_VERSION | Damage.OTHER_MODULE:
            file.write_bytes(instead)
        case Damage.MODE:
            file.write_bytes(data)
            file.chmod(0o666)
        case Damage.OWNER:
            file.write_bytes(data)
            file.chmod(0o600)
            os.chown(file, 12345, 12345)
        case Damage.FOLDER:
            file.mkdir()
        case Damage.LINK:
            outside = root.parent / "outside"
            outside.write_bytes(data)
            file.symlink_to(outside)
        case Damage.FIFO:
            os.mkfifo(file)


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def expected(kind: TargetKind, part: Part, damage: Damage) -> set[Verdict]:
    """Return the verdicts that are right for the damaged file; OK is for none."""
    if damage is Damage.MISSING:
        return _of_missing(kind, part)
    if damage in ACCESS:
        return {CORRUPT}
    if damage in SHAPES:
        is_hole = part.name == "extracted" and damage is Damage.FOLDER
        return {POLLUTED} if is_hole else {CORRUPT}
    return _of_bytes(kind, part, damage)


def _of_missing(kind: TargetKind, part: Part) -> set[Verdict]:
    if kind in {TargetKind.ATHENS, TargetKind.ATHENS_S3}:
        return {INCOMPLETE}
    if kind is TargetKind.TREE:
        return {OK} if part.name in {"latest", "head", "alias"} else {INCOMPLETE}
    if kind is TargetKind.MODCACHE:
        # With an extracted folder, go needs no zip.
        needed = {"mod": INCOMPLETE, "ziphash": INCOMPLETE, "extracted": POLLUTED}
        return {needed.get(part.name, OK)}
    return {OK}  # a proxy fetches what it lacks


def _of_bytes(kind: TargetKind, part: Part, damage: Damage) -> set[Verdict]:
    if part.name in {"list", "latest"}:
        return _of_lists(kind, part, damage)
    swapped, cut = damage in SWAPPED, damage in {Damage.EMPTY, Damage.TRUNCATED}
    return {
        "info": {CORRUPT},
        "alias": {CORRUPT},
        "head": {CORRUPT},
        "lookup": {CORRUPT},
        "tile": {CORRUPT},
        "mod": {CORRUPT} if cut else {POLLUTED},
        "zip": {POLLUTED} if swapped else {CORRUPT},
        "extracted": {POLLUTED},
        # One bit away from base64 may be base64 again.
        "ziphash": {CORRUPT} if cut else {POLLUTED} if swapped else {CORRUPT, POLLUTED},
    }[part.name]


def _of_lists(kind: TargetKind, part: Part, damage: Damage) -> set[Verdict]:
    swapped = damage in SWAPPED
    if kind is TargetKind.GOPROXY and (swapped or part.name == "list"):
        return {OK, STALE}  # what an upstream once said
    if part.name == "latest":
        return {STALE} if swapped else {CORRUPT}
    return {STALE, CORRUPT} if kind is TargetKind.MODCACHE else {STALE}


def link_copy(source: Path, target: Path) -> Path:
    """Copy a cache by hard links, in no time."""
    shutil.copytree(source, target, symlinks=True, copy_function=os.link)
    return target
