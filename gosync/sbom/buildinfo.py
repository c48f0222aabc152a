r"""The modules that a Go binary says it was built of. Pure.

Since go 1.18 a binary has, at a multiple of 16 bytes, ``\xff Go buildinf:``, two bytes
(of the second, bit 1 is set), and from the 32nd byte on two strings, each a varint of
its size and its bytes: Go's version, and what ``go version -m`` prints, between two
marks of 16 bytes each::

    path	example.com/app
    mod	example.com/app	(devel)
    dep	example.com/lib	v1.2.0	h1:...
    =>	example.com/fork	v1.2.1	h1:...

``=>`` is what the dependency above it was replaced by.
"""

from __future__ import annotations

from typing import Final

from gosync.errors import MalformedError
from gosync.gomod.module import ModuleVersion

_MAGIC: Final = b"\xff Go buildinf:"
_ALIGNED: Final = 16
_STRINGS_AT: Final = 32
_MARK: Final = 16
_INLINE: Final = 0x2
_MAX_BYTES: Final = 16 << 20
_VARINT_BYTES: Final = 10


def binary_modules(data: bytes) -> frozenset[ModuleVersion]:
    """Return the dependencies that are linked into a binary, replacements applied.

    Args:
        data: The binary.

    Raises:
        MalformedError: It says nothing of how it was built.
    """
    found: list[ModuleVersion] = []
    for line in _module_text(data).splitlines():
        kind, _, rest = line.partition("\t")
        path, _, version = rest.partition("\t")
        module = ModuleVersion(path, version.partition("\t")[0])
        if kind == "dep":
            found.append(module)
        elif kind == "=>" and found:
            found[-1] = module
    return frozenset(found)


def _module_text(data: bytes) -> str:
    at = data.find(_MAGIC)
    while at >= 0 and at % _ALIGNED:
        at = data.find(_MAGIC, at + 1)
    if at < 0 or not data[at + 15 : at + 16] or not data[at + 15] & _INLINE:
        raise MalformedError("binary", "buildinfo", "none of go 1.18 or later")
    _, position = _string(data, at + _STRINGS_AT)
    text, _ = _string(data, position)
    return text[_MARK:-_MARK].decode("utf-8", "replace")


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    size = shift = 0
    for position in range(at, min(len(data), at + _VARINT_BYTES)):
        size |= (data[position] & 0x7F) << shift
        shift += 7
        if data[position] < 0x80:
            end = position + 1 + size
            if size > _MAX_BYTES or end > len(data):
                break
            return data[position + 1 : end], end
    raise MalformedError("binary", "buildinfo", "cut off")
