"""Layouts of module caches: path to module, version and file, and back. Pure.

With ``M`` and ``V`` the escaped path and version, ``m`` and ``v`` as they are:

=========  ==================================================================
tree       ``M/@v/list``, ``M/@v/V.info .mod .zip``, ``M/@latest``, pages,
           ``sumdb/NAME/...``, ``.gosync/``: what gosync publishes, or anybody
           as a static GOPROXY
goproxy    the same names, of a proxy that fetches what it is asked for
           (goproxy/goproxy's cache folder): it may hold any part of a version,
           and its lists are what upstreams said
modcache   GOMODCACHE: ``cache/download/M/@v/`` with ``.ziphash``, ``.lock``
           and ``.partial`` too, ``cache/download/sumdb/``, and the extracted
           folders ``M@V/``
athens     Athens on disk: ``m/v/go.mod``, ``m/v/source.zip``, ``m/v/v.info``
athens-s3  Athens on object stores: ``m/@v/v.info .mod .zip``
=========  ==================================================================

What a folder is, is for ``detection``; what of it is a cache's, for ``foreign``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import Final, Protocol, TypeAlias

import msgspec

from gosync.errors import MalformedError
from gosync.folder.indexfiles import INDEX_FOLDER
from gosync.folder.routes import (
    ARTIFACT_FOLDERS,
    DOCS_FOLDER,
    DOWNLOADS_FOLDER,
    LATEST_NAME,
    LIST_NAME,
    MARKER_FOLDER,
    NOT_FOUND_NAME,
    PAGE_NAMES,
    PAGES_FOLDER,
    ROOT_FILES,
    SUMDB_FOLDER,
    VERSIONS_FOLDER,
)
from gosync.gomod import module
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.pattern import compile_on_use

_PAGE_FOLDERS: Final = {
    PAGES_FOLDER,
    DOCS_FOLDER,
    INDEX_FOLDER,
    DOWNLOADS_FOLDER,
    *ARTIFACT_FOLDERS.values(),
}
DOWNLOADS: Final = "cache/download/"
TOOLCHAIN: Final = "golang.org/toolchain"
_GOS_OWN: Final = ("cache/vcs", "cache/lock")
# What ``placing`` calls its files until they have their names.
TEMPORARY: Final = compile_on_use(r"\.gosync-verify\.[0-9a-f]{16}\.tmp")
_TILE: Final = compile_on_use("[0-9]{3}")  # the last part of a tile's number
_TILE_DEPTH: Final = 2  # tile/8/0/000
_DATABASE_FILES: Final = frozenset(
    {"lookup", "tile", "supported", "latest", NOT_FOUND_NAME}
)


class TargetKind(StrEnum):
    """What kind of target something is."""

    STORE = "store"
    TREE = "tree"
    GOPROXY = "goproxy"
    MODCACHE = "modcache"
    ATHENS = "athens"
    ATHENS_S3 = "athens-s3"
    GO_SUM = "go.sum"
    URL = "url"


class Role(StrEnum):
    """What a file or folder is for that is none of a version's three."""

    ZIPHASH = "ziphash"
    LOCK = "lock"
    PARTIAL = "partial"
    EXTRACTED = "extracted"
    HOME = "version folder"
    LIST = "list"
    LATEST = "@latest"
    ALIAS = "alias"
    LOOKUP = "lookup"
    TILE = "tile"
    SUPPORTED = "supported"
    HEAD = "latest"
    OWN = "own"
    LEFTOVER = "leftover"
    STRAY = "stray"
    WAY = "way"


Part: TypeAlias = FileKind | Role
FILES: Final = tuple(FileKind)
_GOS_FILES: Final = (Role.ZIPHASH, Role.LOCK, Role.PARTIAL)
_UNNAMED: Final = frozenset({Role.OWN, Role.LEFTOVER, Role.STRAY, Role.WAY})
OF_LOG: Final = frozenset({Role.LOOKUP, Role.TILE, Role.SUPPORTED, Role.HEAD})


class PathPlace(msgspec.Struct, frozen=True, kw_only=True):
    """What a path of a layout stands for.

    Attributes:
        role: What is there for.
        mv: The module version, or module (no version), that it belongs to.
        database: The checksum database that it belongs to.
        name: Its path in the database.
        reason: Why it is stray.
        unescaped: Whether it is a version's file but for an escaped module path.
        enter: Whether it is a folder to look into.
    """

    role: Part
    mv: ModuleVersion | None = None
    database: str = ""
    name: str = ""
    reason: str = ""
    unescaped: bool = False
    enter: bool = False

    @property
    def is_named(self) -> bool:
        """Whether it says all that its path does: then ``Layout.path`` gives that."""
        return self.role not in _UNNAMED


WAY: Final = PathPlace(role=Role.WAY, enter=True)
OWN: Final = PathPlace(role=Role.OWN)


class Layout(Protocol):
    """The names of one kind of cache.

    Attributes:
        kind: Which kind.
    """

    kind: TargetKind

    def place(self, path: str, *, is_folder: bool) -> PathPlace:
        """Return what a path, relative to the root, means; any text has a place."""
        ...

    def path_of(self, mv: ModuleVersion, role: Part) -> str:
        """Return where a file of a version lies.

        Raises:
            MalformedError: if there is no place for such a version.
        """
        ...

    def path(self, place: PathPlace) -> str:
        """Return the path that has a place: the inverse of ``place``, if it is named.

        Raises:
            MalformedError: if there is no place for such a version.
        """
        ...

    def lacks(self, mv: ModuleVersion, roles: Collection[Part]) -> list[Part]:
        """Return what a version lacks to be of use, given what is there."""
        ...


class VersionsLayout:
    """The layouts that have ``@v`` folders."""

    def __init__(self, kind: TargetKind) -> None:
        self.kind = kind
        self._prefix = DOWNLOADS if kind is TargetKind.MODCACHE else ""
        self._escaped = kind is not TargetKind.ATHENS_S3
        self._suffixes: dict[str, Part] = {role.value: role for role in FILES}
        if kind is TargetKind.MODCACHE:
            self._suffixes |= {role.value: role for role in _GOS_FILES}

    def place(self, path: str, *, is_folder: bool) -> PathPlace:
        """See Layout."""
        if TEMPORARY.fullmatch(path) and not is_folder:
            return PathPlace(role=Role.LEFTOVER)
        if self.kind is TargetKind.MODCACHE:
            return self._place_in_modcache(path, is_folder=is_folder)
        if path.partition("/")[0] == MARKER_FOLDER or _is_page(path):
            return OWN
        return self._place_download(path, is_folder=is_folder)

    def path_of(self, mv: ModuleVersion, role: Part) -> str:
        """See Layout."""
        escape = module.escape_path if self._escaped else _checked_path
        name = module.escape_version if self._escaped else _checked_version
        folder = f"{self._prefix}{escape(mv.path)}"
        if role is Role.LIST:
            return f"{folder}/{VERSIONS_FOLDER}/{LIST_NAME}"
        if role is Role.LATEST:
            return f"{folder}/{LATEST_NAME}"
        if role is Role.EXTRACTED:
            return f"{escape(mv.path)}@{name(mv.version)}"
        return f"{folder}/{VERSIONS_FOLDER}/{name(mv.version)}.{role.value}"

    def path(self, place: PathPlace) -> str:
        """See Layout."""
        if place.role in OF_LOG:
            return f"{self._prefix}{SUMDB_FOLDER}/{place.database}/{place.name}"
        assert place.mv is not None
        role = FileKind.INFO if place.role is Role.ALIAS else place.role
        return self.path_of(place.mv, role)

    def lacks(self, mv: ModuleVersion, roles: Collection[Part]) -> list[Part]:
        """See Layout; a proxy's cache lacks nothing, a tree may have .mod alone."""
        needed: tuple[Part, ...] = ()
        if self.kind is TargetKind.ATHENS_S3 or (
            self.kind is TargetKind.TREE and FileKind.ZIP in roles
        ):
            needed = FILES
        elif self.kind is TargetKind.TREE:
            needed = (FileKind.MOD,)
        elif self.kind is TargetKind.MODCACHE and mv.path != TOOLCHAIN:
            needed = tuple(_needed_in_modcache(roles))
        return [role for role in needed if role not in roles]

    def _place_in_modcache(self, path: str, *, is_folder: bool) -> PathPlace:
        if path in _GOS_OWN:
            return OWN
        if path.startswith(self._prefix):
            download = path.removeprefix(self._prefix)
            return self._place_download(download, is_folder=is_folder)
        folder, at, version = path.partition("@")
        if at and "/" not in version:
            return self._place_extracted(folder, version)
        return WAY if is_folder else _stray("no file of a module cache")

    def _place_extracted(self, folder: str, version: str) -> PathPlace:
        try:
            mv = ModuleVersion(
                module.unescape_path(folder), module.unescape_version(version)
            )
            module.check(mv.path, mv.version)
        except MalformedError as exc:
            return _stray(f"no folder of a module: {exc.reason}")
        return PathPlace(role=Role.EXTRACTED, mv=mv)

    def _place_download(self, path: str, *, is_folder: bool) -> PathPlace:
        first, _, below = path.partition("/")
        if first == SUMDB_FOLDER:
            return _place_of_log(below, is_folder=is_folder)
        folder, name = _split_versions(path)
        if name is None:
            return self._place_outside(path, is_folder=is_folder)
        if not name:
            return WAY
        try:
            unescape = module.unescape_path if self._escaped else _checked_path
            path_of_module = unescape(folder)
        except MalformedError as exc:
            return _unescaped(path, f"below no module's folder: {exc.reason}")
        return self._place_file(path_of_module, name)

    def _place_outside(self, path: str, *, is_folder: bool) -> PathPlace:
        folder, _, name = path.rpartition("/")
        if name == LATEST_NAME and folder:
            try:
                unescape = module.unescape_path if self._escaped else _checked_path
                return PathPlace(
                    role=Role.LATEST, mv=ModuleVersion(unescape(folder), "")
                )
            except MalformedError as exc:
                return _stray(f"of no module: {exc.reason}")
        return WAY if is_folder else _stray("no file of a module")

    def _place_file(self, path: str, name: str) -> PathPlace:
        if name == LIST_NAME:
            return PathPlace(role=Role.LIST, mv=ModuleVersion(path, ""))
        stem, _, suffix = name.rpartition(".")
        if name.startswith(".") or name.endswith(".tmp"):
            return PathPlace(role=Role.LEFTOVER, mv=ModuleVersion(path, ""))
        role = self._suffixes.get(suffix)
        if role is None and suffix in _GOS_FILES:
            return OWN  # somebody serves a copy of cache/download
        if role is None:
            return _stray("no file of a version", ModuleVersion(path, ""))
        try:
            unescape = module.unescape_version if self._escaped else _checked_version
            version = unescape(stem)
        except MalformedError as exc:
            return _stray(f"of no version: {exc.reason}", ModuleVersion(path, ""))
        return _place_version(ModuleVersion(path, version), role)


def _place_version(mv: ModuleVersion, role: Part) -> PathPlace:
    """Return the place of a version's file, or of the .info of a revision's name."""
    if module.canonical_version(mv.version) == mv.version:
        try:
            module.check(mv.path, mv.version)
        except MalformedError as exc:
            return _stray(f"of no version of the module: {exc.reason}", mv)
        return PathPlace(role=role, mv=mv)
    if role is FileKind.INFO:
        return PathPlace(role=Role.ALIAS, mv=mv)
    if role is Role.LOCK:  # go locks what it resolves
        return OWN
    return _stray("of a version that is not canonical", mv)


def _needed_in_modcache(roles: Collection[Part]) -> Iterator[Part]:
    """Yield what go counts on; it fetches and extracts what else it lacks.

    `go mod verify` misses the ``.ziphash`` of whatever it can verify.
    """
    if FileKind.ZIP in roles:
        yield FileKind.MOD
    if FileKind.ZIP in roles or Role.EXTRACTED in roles:
        yield Role.ZIPHASH
    elif Role.ZIPHASH in roles:
        yield FileKind.ZIP


def _place_of_log(path: str, *, is_folder: bool) -> PathPlace:
    """Return the place of ``NAME/...`` below ``sumdb``; NAME may have slashes."""
    parts = path.split("/")
    for at, part in enumerate(parts[1:], 1):
        if part in _DATABASE_FILES:
            name = "/".join(parts[at:])
            return _log_file("/".join(parts[:at]), name, is_folder=is_folder)
    return WAY if is_folder else _stray("no file of a checksum database")


def _log_file(database: str, name: str, *, is_folder: bool) -> PathPlace:
    part, _, below = name.partition("/")
    last = below.rpartition("/")[2]
    if name.endswith(".tmp"):
        return PathPlace(role=Role.LEFTOVER, database=database)
    if name == NOT_FOUND_NAME:
        return OWN
    leads_on = {
        "lookup": "@" not in last,
        "tile": _TILE.fullmatch(last) is None or below.count("/") < _TILE_DEPTH,
    }
    if is_folder and leads_on.get(part):
        return WAY
    role = {
        "lookup": Role.LOOKUP,
        "tile": Role.TILE,
        "supported": Role.SUPPORTED,
        "latest": Role.HEAD,
    }[part]
    return PathPlace(role=role, database=database, name=name)


def _split_versions(path: str) -> tuple[str, str | None]:
    """Divide a path at its ``@v``; None where it has none, "" for the folder."""
    if path.endswith(f"/{VERSIONS_FOLDER}"):
        return path.removesuffix(f"/{VERSIONS_FOLDER}"), ""
    folder, found, name = path.partition(f"/{VERSIONS_FOLDER}/")
    return (folder, name) if found else (path, None)


def _is_page(path: str) -> bool:
    plain = path.removesuffix(".gz").removesuffix(".zst")  # a compressed copy
    if plain in ROOT_FILES or path.partition("/")[0] in _PAGE_FOLDERS:
        return True
    folder, _, name = plain.rpartition("/")
    is_named = name in PAGE_NAMES or (name == LIST_NAME and plain != path)
    return is_named and folder.endswith(f"/{VERSIONS_FOLDER}")


def _unescaped(path: str, reason: str) -> PathPlace:
    """Return the place of a file that an escaped module path would make a version's."""
    folder, _, name = path.partition(f"/{VERSIONS_FOLDER}/")
    stem, _, suffix = name.rpartition(".")
    try:
        module.check(folder, stem)
    except MalformedError:
        return _stray(reason)
    mv, is_file = ModuleVersion(folder, stem), suffix in FILES
    return PathPlace(role=Role.STRAY, reason=reason, mv=mv, unescaped=is_file)


def _stray(reason: str, mv: ModuleVersion | None = None) -> PathPlace:
    return PathPlace(role=Role.STRAY, reason=reason, mv=mv)


def _checked_path(path: str) -> str:
    module.check_path(path)
    return path


def _checked_version(version: str) -> str:
    module.escape_version(version)
    return version
