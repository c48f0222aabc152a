"""The README of a module: which file of a zip it is, and its text as it is kept. Pure.

It is the file at the module's root that is called ``README``, in any case, with an
ending of a text or none; Markdown before others, as on pkg.go.dev. Of a long one the
beginning is kept, up to the end of a line, and that it was cut.

Packed, as it is kept by the zip's h1: a byte for the form, then zlib over MessagePack::

    [name, text, is cut]

A module without one has an empty name there.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from gosync.errors import MalformedError
from gosync.gomod.module import ModuleVersion
from gosync.gomod.window import Window
from gosync.gomod.zipdir import ZipEntry, read_directory
from gosync.gomod.zipread import read_contents
from gosync.pattern import compile_on_use

if TYPE_CHECKING:
    from gosync.gomod.window import ReadAt

MAX_FILE_BYTES: Final = 1 << 20  # larger ones are no READMEs
MAX_TEXT_BYTES: Final = 64 << 10
_MAX_PACKED_BYTES: Final = 2 * MAX_TEXT_BYTES
_FORM: Final = b"\x01"
_NAME = compile_on_use(rb"readme(?:\.(?:md|markdown|txt|rst|adoc|org))?", re.IGNORECASE)
_MAX_NAME: Final = len("readme.markdown")
_MARKDOWN: Final = (".md", ".markdown")


class Readme(msgspec.Struct, frozen=True, array_like=True):
    """A module's README.

    Attributes:
        name: Its name, "" where there is none.
        text: Its text, or the beginning of it.
        is_cut: Whether it is only the beginning.
    """

    name: str = ""
    text: str = ""
    is_cut: bool = False

    @property
    def is_markdown(self) -> bool:
        """Whether it is Markdown, by its name."""
        return self.name.lower().endswith(_MARKDOWN)


def readme_name(mv: ModuleVersion, entries: Iterable[ZipEntry]) -> bytes | None:
    """Return the full name of the entry that is the README, None where none is.

    Args:
        mv: The module version.
        entries: All entries of its zip.
    """
    prefix = f"{mv}/".encode()
    most = len(prefix) + _MAX_NAME
    short = (each for each in entries if len(each.name) <= most)  # nearly none are
    found = [
        (not each.name.lower().endswith((b".md", b".markdown")), each.name)
        for each in short
        if each.size_bytes <= MAX_FILE_BYTES and _is_named(prefix, each.name)
    ]
    return min(found)[1] if found else None


def readme_of(name: bytes | None, kept: Mapping[bytes, bytes]) -> Readme:
    """Return the README of a zip.

    Args:
        name: What ``readme_name`` returned.
        kept: The contents of entries, by their full names.
    """
    if name is None or name not in kept:
        return Readme()
    data = kept[name]
    is_cut = len(data) > MAX_TEXT_BYTES
    if is_cut:
        data = data[:MAX_TEXT_BYTES]
        data = data[: data.rfind(b"\n") + 1 or MAX_TEXT_BYTES]
    text = data.decode("utf-8-sig", "replace")
    short = name.rpartition(b"/")[2].decode("utf-8", "replace")
    return Readme(short, text, is_cut)


def read_readme(read_at: ReadAt, size_bytes: int, mv: ModuleVersion) -> Readme:
    """Return the README of a module from its zip, without hashing it.

    Args:
        read_at: Reads the zip.
        size_bytes: Its size.
        mv: The module version that it is of.

    Raises:
        MalformedError: Not a zip, or damaged there.
        RejectedError: Too many entries.
    """
    window = Window(read_at, size_bytes)
    entries = read_directory(window, size_bytes)
    name = readme_name(mv, entries)
    last = [each for each in entries if each.name == name][-1:]
    return readme_of(
        name, {each.name: b"".join(read_contents(window, each)) for each in last}
    )


def pack(readme: Readme) -> bytes:
    """Return a README as it is kept."""
    return _FORM + zlib.compress(msgspec.msgpack.encode(readme))


def unpack(packed: bytes) -> Readme:
    """Return what ``pack`` was given.

    Raises:
        MalformedError: It is of another form, or damaged.
    """
    if packed[:1] != _FORM:
        raise MalformedError("README", repr(packed[:1]), "of another form")
    try:
        plain = zlib.decompressobj().decompress(packed[1:], _MAX_PACKED_BYTES)
        return msgspec.msgpack.decode(plain, type=Readme)
    except (zlib.error, msgspec.MsgspecError, ValueError) as error:
        raise MalformedError("README", f"{len(packed)} bytes", "damaged") from error


def _is_named(prefix: bytes, name: bytes) -> bool:
    return name.startswith(prefix) and bool(_NAME.fullmatch(name, len(prefix)))
