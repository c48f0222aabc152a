"""The packages of a module, and what they import. Pure.

A package is a folder with Go files. ``go`` finds one by its path alone, in
``testdata`` and below ``_`` and ``.`` as well; only a pattern (``./...``, ``all``)
passes over those, and over folders whose files no tags build. Folders below one
called ``vendor`` are left out: modules carry none.

What a package imports is what its files import for any platform and tags (see
:mod:`gosync.gomod.goimports`), its tests apart. Packages of the standard library are
left out, and what cannot be the path of a package in a module.

A package's synopsis is that of its first file by name that has one
(:mod:`gosync.gomod.synopsis`), tests apart.

Packed, as it is kept: a byte for the form, then zlib over MessagePack::

    [paths, [[folder, imports, test imports, is built, is library,
              is command, synopsis], ...]]

where imports are numbers of paths. Who reads another form reads the module again.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from gosync.errors import MalformedError, TooLargeError
from gosync.gomod.goimports import MAIN, path_of
from gosync.gomod.modulepackages import ModulePackages, Package

if TYPE_CHECKING:
    from gosync.gomod.goimports import Literals

MAX_IMPORT_BYTES = 8 << 20

_FORM = b"\x04"
_MAX_PACKED_BYTES = 64 << 20
_VENDOR = b"vendor/"


class _Folder:
    """What was read of one folder."""

    __slots__ = (
        "imports",
        "is_built",
        "is_library",
        "is_program",
        "synopsis",
        "test_imports",
    )

    def __init__(self) -> None:
        self.synopsis: tuple[bytes, str] | None = None  # the file's name before it
        self.imports: set[bytes] = set()
        self.test_imports: set[bytes] = set()
        self.is_built = False
        self.is_library = False
        self.is_program = False


class PackageReader:
    """Collects what the files of one module import; see ``wants`` and ``take``."""

    def __init__(self, prefix: bytes) -> None:
        """Begin with no file.

        Args:
            prefix: What the names of all files begin with, as ``path@version/``.
        """
        self._prefix = prefix
        self._folders: dict[bytes, _Folder] = {}
        self._left_bytes = MAX_IMPORT_BYTES

    def wants(self, name: bytes) -> bool:
        """Return whether a file is one that ``go`` reads imports of."""
        if not name.endswith(b".go") or not name.startswith(self._prefix):
            return False
        if name[name.rfind(b"/") + 1] in b"_.":
            return False
        if _VENDOR not in name:
            return True
        folder = b"/" + name[len(self._prefix) : name.rfind(b"/")]
        return b"/" + _VENDOR not in folder

    def take(self, name: bytes, literals: Literals | None, synopsis: str = "") -> None:
        """Take what was read of a wanted file.

        Args:
            name: Its name.
            literals: Its imports, None if nothing builds it.
            synopsis: Of its package comment, "" for none.
        """
        folder = name[len(self._prefix) : max(name.rfind(b"/"), len(self._prefix))]
        found = self._folders.get(folder)
        if found is None:
            found = self._folders[folder] = _Folder()
        if literals is None:
            return
        found.is_built = True
        is_test = name.endswith(b"_test.go")
        if not is_test and literals[:1] == (MAIN,):
            found.is_program = True
        elif not is_test:
            found.is_library = True
        if synopsis and not is_test:
            mine = (name, synopsis)
            found.synopsis = (
                mine if found.synopsis is None else min(found.synopsis, mine)
            )
        if not literals or self._left_bytes < 0:
            return
        self._left_bytes -= sum(map(len, literals))
        (found.test_imports if is_test else found.imports).update(literals)

    def packages(self) -> ModulePackages:
        """Return the packages of all that was taken.

        Raises:
            TooLargeError: if their imports are.
        """
        if self._left_bytes < 0:
            raise TooLargeError("imports of a module", limit_bytes=MAX_IMPORT_BYTES)
        paths: dict[bytes, str | None] = {}
        for each in self._folders.values():
            for literal in each.imports | each.test_imports:
                if literal not in paths:
                    paths[literal] = path_of(literal)
        packages = (
            _package(folder.decode("utf-8", "surrogateescape"), found, paths)
            for folder, found in self._folders.items()
        )
        return ModulePackages(tuple(sorted(packages, key=_folder_of)))


def read_packages(
    prefix: str, files: Iterable[tuple[str, Literals | None]]
) -> ModulePackages:
    """Return the packages of files whose imports were read.

    Args:
        prefix: What all names begin with, as ``path@version/``; may be empty.
        files: Name and imports of each; what ``go`` does not read is passed over.

    Raises:
        TooLargeError: if their imports are.
    """
    reader = PackageReader(prefix.encode())
    for name, literals in files:
        encoded = name.encode("utf-8", "surrogateescape")
        if reader.wants(encoded):
            reader.take(encoded, literals)
    return reader.packages()


def pack(module: ModulePackages) -> bytes:
    """Return the packages as they are kept."""
    numbers: dict[str, int] = {}

    def numbered(paths: tuple[str, ...]) -> list[int]:
        return [numbers.setdefault(path, len(numbers)) for path in paths]

    folders = [
        (
            each.folder.encode("utf-8", "surrogateescape"),
            numbered(each.imports),
            numbered(each.test_imports),
            each.is_built,
            each.is_library,
            each.is_command,
            each.synopsis,
        )
        for each in module.packages
    ]
    return _FORM + zlib.compress(msgspec.msgpack.encode((list(numbers), folders)))


def unpack(data: bytes) -> ModulePackages:
    """Return what ``pack`` was given.

    Raises:
        MalformedError: if it is of another form, or damaged.
    """
    if data[:1] != _FORM:
        raise MalformedError("packages", repr(data[:1]), "of another form")
    try:
        plain = zlib.decompressobj().decompress(data[1:], _MAX_PACKED_BYTES)
        paths, folders = msgspec.msgpack.decode(plain, type=_Packed)
        packages = tuple(
            Package(
                folder.decode("utf-8", "surrogateescape"),
                tuple(paths[number] for number in imports),
                tuple(paths[number] for number in test_imports),
                is_built,
                is_library,
                is_command,
                synopsis,
            )
            for (
                folder,
                imports,
                test_imports,
                is_built,
                is_library,
                is_command,
                synopsis,
            ) in folders
        )
    except (zlib.error, msgspec.DecodeError, IndexError, ValueError) as error:
        raise MalformedError("packages", f"{len(data)} bytes", "damaged") from error
    return ModulePackages(packages)


_Packed = tuple[
    list[str], list[tuple[bytes, list[int], list[int], bool, bool, bool, str]]
]


def _package(folder: str, found: _Folder, paths: Mapping[bytes, str | None]) -> Package:
    imports = {paths[each] for each in found.imports}
    tests = {paths[each] for each in found.test_imports} - imports
    return Package(
        folder,
        _sorted(imports),
        _sorted(tests),
        is_built=found.is_built,
        is_library=found.is_library,
        is_command=found.is_program and not found.is_library,
        synopsis=found.synopsis[1] if found.synopsis else "",
    )


def _sorted(paths: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted(path for path in paths if path is not None))


def _folder_of(package: Package) -> str:
    return package.folder
