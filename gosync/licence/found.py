"""The licences of a module version: what each file says, and all together. Pure.

The expression is of the licence files at the module's root, those that pkg.go.dev
reads; where it has none, of others there that are named alike, else of the texts in its
folder ``LICENSES``. A licence file that is not recognised makes the module unknown in
part, whatever the others say: no rule may pass it. Besides those of the expression,
rules look at what other files at the root are recognised as (``also``): a part of the
code has that licence. Files of deeper folders, notices and a README are shown.

Packed, as it is kept by the zip's h1: a byte for the form, then MessagePack.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import msgspec

from gosync.errors import MalformedError
from gosync.licence.expression import UNKNOWN, all_of, identifiers
from gosync.licence.filekinds import LicenceFileKind

_FORM: Final = b"\x01"


class LicenceFile(msgspec.Struct, frozen=True, array_like=True):
    """One licence file.

    Attributes:
        name: Its path below the module's root.
        kind: What it is.
        digest: The SHA-256 of its text, hex; "" for one that is too large to be read.
        found: The classifier's identifiers of its licences, none if it is unknown.
        covered: The part of the text that these cover, 0 to 1.
    """

    name: str
    kind: LicenceFileKind
    digest: str
    found: tuple[str, ...] = ()
    covered: float = 0.0


class ModuleLicences(msgspec.Struct, frozen=True, array_like=True):
    """The licence files of a module version, by name.

    Attributes:
        files: All of them.
        left_out: How many there are that were not read, being too many or too large.
    """

    files: tuple[LicenceFile, ...] = ()
    left_out: int = 0

    @property
    def licences(self) -> tuple[str, ...]:
        """SPDX's identifiers of the expression, sorted."""
        return _identifiers(self.counting)

    @property
    def also(self) -> tuple[str, ...]:
        """SPDX's identifiers that only other files at the root have, sorted."""
        others = _identifiers(self._of(LicenceFileKind.ALIKE, LicenceFileKind.REUSE))
        return tuple(each for each in others if each not in self.licences)

    @property
    def expression(self) -> str:
        """The SPDX expression, ``unknown`` where nothing is recognised."""
        return all_of(self.licences)

    @property
    def unrecognised(self) -> tuple[str, ...]:
        """The names of licence files whose text is not recognised."""
        return tuple(each.name for each in self.counting if not each.found)

    @property
    def is_known(self) -> bool:
        """Whether there are licences, and no licence file says anything else."""
        return self.expression != UNKNOWN and not self.unrecognised

    @property
    def hint(self) -> str:
        """The expression that a README gives where nothing else counts, or ``""``."""
        readme = (e for e in self.files if e.kind is LicenceFileKind.README)
        found = identifiers(name for each in readme for name in each.found)
        return "" if self.counting or not found else all_of(found)

    @property
    def counting(self) -> list[LicenceFile]:
        """The files that the expression is of."""
        return (
            self._of(LicenceFileKind.LICENCE)
            or [each for each in self._of(LicenceFileKind.ALIKE) if each.found]
            or self._of(LicenceFileKind.REUSE)
        )

    def _of(self, *kinds: LicenceFileKind) -> list[LicenceFile]:
        return [each for each in self.files if each.kind in kinds]


def module_licences(files: Iterable[LicenceFile], *, left_out: int) -> ModuleLicences:
    """Return the licences of these files."""
    return ModuleLicences(tuple(sorted(files, key=lambda each: each.name)), left_out)


def _identifiers(files: Iterable[LicenceFile]) -> tuple[str, ...]:
    return identifiers(found for each in files for found in each.found)


def pack(licences: ModuleLicences) -> bytes:
    """Return licences as they are kept."""
    return _FORM + msgspec.msgpack.encode(licences)


@lru_cache(maxsize=2048)  # most versions of a module have one and the same licences
def unpack(packed: bytes) -> ModuleLicences:
    """Return licences that were packed.

    Raises:
        MalformedError: They have another form.
    """
    if packed[:1] != _FORM:
        raise MalformedError("licences", packed[:1].hex(), "of another form")
    try:
        return msgspec.msgpack.decode(packed[1:], type=ModuleLicences)
    except msgspec.MsgspecError as exc:
        raise MalformedError("licences", packed[:20].hex(), str(exc)) from exc
