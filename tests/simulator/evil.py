"""Zips that no mirror may keep, each written byte by byte for its module version.

``EVIL`` names them all. Each comes with the h1 that Go's dirhash gives it where it
can be hashed at all, so that a log may vouch for it and only the rules for module
zips stand between it and the store. ``FAIR`` holds odd zips that Go accepts.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gosync.gomod.module import ModuleVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STORE, DEFLATE, BZIP2 = 0, 8, 12
_UTF8_FLAG = 0x800
_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One zip entry, and in what its headers lie.

    Attributes:
        name: The name in the central directory.
        content: What it inflates to.
        method: How it is packed, or said to be.
        packed: The packed bytes, if they are not the content's own.
        declared_bytes: The size declared, if it is not the content's.
        crc: The CRC declared, if it is not the content's.
        local_name: The name in the local header, if it is another.
        mode: The Unix mode, 0 for none.
    """

    name: bytes
    content: bytes = b""
    method: int = DEFLATE
    packed: bytes | None = None
    declared_bytes: int | None = None
    crc: int | None = None
    local_name: bytes | None = None
    mode: int = 0


@dataclass(frozen=True, slots=True)
class EvilZip:
    """A zip for one module version.

    Attributes:
        data: Its bytes.
        h1: Its h1 as Go's dirhash.HashZip has it, None if that fails.
        mod: Its go.mod, None for the usual one.
    """

    data: bytes
    h1: str | None
    mod: bytes | None = None

    def go_mod(self, mv: ModuleVersion) -> bytes:
        """Return the go.mod that the proxy serves beside it."""
        return _go_mod(mv) if self.mod is None else self.mod


def write_zip(
    entries: Sequence[Entry], *, before: bytes = b"", after: bytes = b""
) -> bytes:
    """Write a zip of these entries, in this order, whatever they say."""
    body, directory = bytearray(before), bytearray()
    for entry in entries:
        packed = _pack(entry) if entry.packed is None else entry.packed
        size = (
            len(entry.content) if entry.declared_bytes is None else entry.declared_bytes
        )
        crc = zlib.crc32(entry.content) if entry.crc is None else entry.crc
        local = entry.name if entry.local_name is None else entry.local_name
        shared = struct.pack(
            "<HHHHHIII",
            20,
            _flags(entry.name),
            entry.method,
            0,
            33,
            crc,
            len(packed),
            size,
        )
        offset = len(body)
        body += b"PK\3\4" + shared + struct.pack("<HH", len(local), 0) + local + packed
        numbers = (len(entry.name), 0, 0, 0, 0, entry.mode << 16, offset)
        directory += b"PK\1\2" + struct.pack("<H", 0x0314) + shared
        directory += struct.pack("<HHHHHII", *numbers) + entry.name
    count = len(entries)
    end = struct.pack(
        "<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), 0
    )
    return bytes(body) + bytes(directory) + end + after


def h1_of(entries: Sequence[Entry]) -> str:
    """Return the h1 of these entries; of equal names the last content counts."""
    contents = {entry.name: entry.content for entry in entries}
    summary = hashlib.sha256()
    for name in sorted(entry.name for entry in entries):
        digest = hashlib.sha256(contents[name]).hexdigest().encode()
        summary.update(digest + b"  " + name + b"\n")
    return "h1:" + b64encode(summary.digest()).decode()


def zip_of(mv: ModuleVersion, files: dict[bytes, bytes]) -> EvilZip:
    """Return the zip of a go.mod and these files, all below the right prefix."""
    return _evil(_entries(mv, files))


def _pack(entry: Entry) -> bytes:
    if entry.method != DEFLATE:
        return entry.content
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(entry.content) + packer.flush()


def _flags(name: bytes) -> int:
    return 0 if name.isascii() else _UTF8_FLAG


def _go_mod(mv: ModuleVersion) -> bytes:
    return f"module {mv.path}\n\ngo 1.21\n".encode()


def _prefix(mv: ModuleVersion) -> bytes:
    return f"{mv.path}@{mv.version}/".encode()


def _entries(mv: ModuleVersion, files: dict[bytes, bytes]) -> list[Entry]:
    files = {b"go.mod": _go_mod(mv), b"a.go": b"package a\n", **files}
    return [Entry(_prefix(mv) + name, content) for name, content in files.items()]


def _evil(entries: Sequence[Entry], mod: bytes | None = None) -> EvilZip:
    hashable = not any(b"\n" in entry.name for entry in entries)
    return EvilZip(write_zip(entries), h1_of(entries) if hashable else None, mod)


def _named(*names: bytes) -> Callable[[ModuleVersion], EvilZip]:
    """Make a zip with files of these names below the right prefix."""
    return lambda mv: zip_of(mv, dict.fromkeys(names, b"package a\n"))


def _absolute(*names: bytes) -> Callable[[ModuleVersion], EvilZip]:
    """Make a zip with files of exactly these names."""
    return lambda mv: _evil(
        [*_entries(mv, {}), *(Entry(name, b"package a\n") for name in names)]
    )


def bad_prefix(mv: ModuleVersion) -> EvilZip:
    """All names below another version."""
    return _evil(_entries(ModuleVersion(mv.path, "v9.9.9"), {}))


def escaped_prefix(mv: ModuleVersion) -> EvilZip:
    """All names below the escaped path, which is the module's only if lower-case."""
    path = "".join(f"!{c.lower()}" if c.isupper() else c for c in mv.path)
    return _evil(_entries(ModuleVersion(path + "!x", mv.version), {}))


def duplicate(mv: ModuleVersion) -> EvilZip:
    """One name twice, with different contents."""
    again = Entry(_prefix(mv) + b"a.go", b"package b\n")
    return _evil([*_entries(mv, {}), again])


def duplicate_go_mod(mv: ModuleVersion) -> EvilZip:
    """Two go.mods: a reader of the first sees another one than a reader of the last."""
    again = Entry(_prefix(mv) + b"go.mod", b"module other.example/m\n")
    return _evil([*_entries(mv, {}), again])


def other_go_mod(mv: ModuleVersion) -> EvilZip:
    """A go.mod inside unlike the one that the proxy serves and the log has."""
    mod = _go_mod(mv) + b"\nrequire other.example/m v1.0.0\n"
    return _evil(_entries(mv, {b"go.mod": mod}), _go_mod(mv))


def large_go_mod(mv: ModuleVersion) -> EvilZip:
    """A go.mod above 16 MiB."""
    mod = _go_mod(mv) + b"// filling\n" * (17 * _MEBIBYTE // 11)
    return _evil(_entries(mv, {b"go.mod": mod}), mod)


def large_license(mv: ModuleVersion) -> EvilZip:
    """A LICENSE above 16 MiB."""
    return zip_of(mv, {b"LICENSE": b"free\n" * (17 * _MEBIBYTE // 5)})


def honest_bomb(mv: ModuleVersion) -> EvilZip:
    """600 MiB of zeros in half a megabyte, declared."""
    return _bomb(mv, declared_bytes=600 * _MEBIBYTE)


def lying_bomb(mv: ModuleVersion) -> EvilZip:
    """600 MiB of zeros declared as 1 000 bytes."""
    return _bomb(mv, declared_bytes=1000)


def _bomb(mv: ModuleVersion, *, declared_bytes: int) -> EvilZip:
    block = bytes(_MEBIBYTE)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    # After a full flush a block stands alone: it can be repeated as it is.
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    crc = 0
    for _ in range(600):
        crc = zlib.crc32(block, crc)
    bomb = Entry(
        _prefix(mv) + b"zeros.bin",
        packed=packed * 600 + packer.flush(),
        declared_bytes=declared_bytes,
        crc=crc,
    )
    return EvilZip(write_zip([*_entries(mv, {}), bomb]), None)


def bad_crc(mv: ModuleVersion) -> EvilZip:
    """A CRC that is not the content's."""
    entry = Entry(_prefix(mv) + b"b.go", b"package b\n", crc=1)
    return EvilZip(write_zip([*_entries(mv, {}), entry]), None)


def unknown_method(mv: ModuleVersion) -> EvilZip:
    """A method that Go does not know."""
    entry = Entry(_prefix(mv) + b"b.go", b"package b\n", method=BZIP2)
    return EvilZip(write_zip([*_entries(mv, {}), entry]), None)


def short_entry(mv: ModuleVersion) -> EvilZip:
    """An entry that holds fewer bytes than it declares."""
    entry = Entry(_prefix(mv) + b"b.go", b"package b\n", declared_bytes=99)
    return EvilZip(write_zip([*_entries(mv, {}), entry]), None)


def torn_deflate(mv: ModuleVersion) -> EvilZip:
    """A deflate stream that breaks off."""
    content = b"package b\n" * 100
    entry = Entry(
        _prefix(mv) + b"b.go", content, packed=_pack(Entry(b"", content))[:-4]
    )
    return EvilZip(write_zip([*_entries(mv, {}), entry]), None)


def no_directory(mv: ModuleVersion) -> EvilZip:
    """Local headers without a central directory."""
    data = write_zip(_entries(mv, {}))
    return EvilZip(data[: data.index(b"PK\1\2")], None)


def not_a_zip(mv: ModuleVersion) -> EvilZip:
    """Something else altogether."""
    return EvilZip(b"this is no zip\n" * 10, None)


EVIL: dict[str, Callable[[ModuleVersion], EvilZip]] = {
    "bad prefix": bad_prefix,
    "escaped prefix": escaped_prefix,
    "no prefix": _absolute(b"a.go"),
    "prefix without a slash": lambda mv: _absolute(_prefix(mv)[:-1] + b"a.go")(mv),
    "absolute name": _absolute(b"/etc/cron.d/evil"),
    "dot dot": _named(b"../../../../tmp/evil.go"),
    "dot dot in the prefix": _absolute(b"../evil.go"),
    "dot dot inside": _named(b"sub/../../evil.go"),
    "dot": _named(b"./b.go"),
    "empty element": _named(b"sub//b.go"),
    "backslash": _named(b"..\\..\\evil.go"),
    "drive letter": _named(b"C:evil.go"),
    "windows name": _named(b"sub/aux.go"),
    "trailing dot": _named(b"sub./b.go"),
    "control character": _named(b"b\x07.go"),
    "newline": _named(b"b\n.go"),
    "nul": _named(b"b.go\x00.txt"),
    "not UTF-8": _named(b"caf\xe9.go"),
    "case collision": _named(b"README", b"readme"),
    "case collision of folders": _named(b"Sub/x.go", b"sub/y.go"),
    "case collision by folding": _named("\u212a.txt".encode(), b"k.txt"),
    "file and folder": _named(b"sub", b"sub/b.go"),
    "go.mod in a subfolder": _named(b"sub/go.mod"),
    "name too long": _named(b"x" * 256),
    "name too long in bytes": _named("\u4e2d".encode() * 86),
    "path too long": _named(b"folder/" * 600 + b"b.go"),
    "Go.Mod": _named(b"Go.Mod"),
    "Go.Mod in a subfolder": _named(b"sub/Go.Mod"),
    "duplicate": duplicate,
    "duplicate go.mod": duplicate_go_mod,
    "large go.mod": large_go_mod,
    "large LICENSE": large_license,
    "honest bomb": honest_bomb,
    "lying bomb": lying_bomb,
    "bad CRC": bad_crc,
    "unknown method": unknown_method,
    "short entry": short_entry,
    "torn deflate": torn_deflate,
    "no directory": no_directory,
    "not a zip": not_a_zip,
}


def symlink(mv: ModuleVersion) -> EvilZip:
    """An entry with the mode of a symbolic link: Go extracts a plain file."""
    link = Entry(_prefix(mv) + b"link", b"/etc/passwd", mode=0o120777)
    return _evil([*_entries(mv, {}), link])


def directory_entry(mv: ModuleVersion) -> EvilZip:
    """An entry for a folder: part of the h1, otherwise nothing."""
    return _evil([*_entries(mv, {}), Entry(_prefix(mv) + b"sub/", method=STORE)])


def other_local_name(mv: ModuleVersion) -> EvilZip:
    """A local header with another name: only the directory counts."""
    other = Entry(_prefix(mv) + b"b.go", b"package a\n", local_name=b"elsewhere/x.go")
    return _evil([*_entries(mv, {}), other])


def stored(mv: ModuleVersion) -> EvilZip:
    """Entries that are not compressed."""
    entries = _entries(mv, {})
    return _evil([Entry(entry.name, entry.content, STORE) for entry in entries])


FAIR: dict[str, Callable[[ModuleVersion], EvilZip]] = {
    "symlink": symlink,
    "directory entry": directory_entry,
    "other local name": other_local_name,
    "stored": stored,
    "letters beyond ASCII": _named("größe/日本語.go".encode()),
    "long name": _named(b"x" * 255, "\u4e2d".encode() * 85),
    "other go.mod": other_go_mod,
    "odd ASCII": _named(b"a b!#$%&()+,-.=@[]^_{}~.txt"),
}
