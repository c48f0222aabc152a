"""Files handed to an admission, and what they are held against."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gosync.errors import ChecksumMismatchError
from gosync.gomod.filekind import FileKind
from gosync.gomod.info import VersionInfo
from gosync.gomod.module import ModuleVersion
from gosync.ingest.derived import Derived
from gosync.store.digest import Digest, digest_of
from gosync.store.staging import Readable, Staged
from gosync.upstream.answer import Served

_WHAT = {FileKind.MOD: "go.mod", FileKind.ZIP: "zip"}
_COMMIT_CHARACTERS = 128


class Expected(msgspec.Struct, frozen=True):
    """What somebody who is not the database says of a version.

    Attributes:
        file: Who says so: a project's go.sum, or a bundle's manifest.
        mod_h1: The ``h1:`` of its go.mod, or None.
        zip_h1: The ``h1:`` of its zip, or None.
    """

    file: str
    mod_h1: str | None = None
    zip_h1: str | None = None

    def h1(self, kind: FileKind) -> str | None:
        """Return what is said of the go.mod or the zip."""
        return self.mod_h1 if kind is FileKind.MOD else self.zip_h1


class VouchedRecord(msgspec.Struct, frozen=True):
    """A proven record of the checksum database."""

    id: int
    text: bytes


FIRST_SIGHT = "the first sight of it"


class Taken(msgspec.Struct):
    """The files that were handed over so far, for the row or for evidence."""

    served: dict[FileKind, Served] = msgspec.field(default_factory=dict)
    small: dict[FileKind, bytes] = msgspec.field(default_factory=dict)
    zip: Staged | None = None
    derived: Derived | None = None
    h1: dict[FileKind, str] = msgspec.field(default_factory=dict)
    wanted: dict[FileKind, str | None] = msgspec.field(default_factory=dict)
    authority: dict[FileKind, str] = msgspec.field(default_factory=dict)

    def take(self, kind: FileKind, data: bytes, served: Served) -> None:
        """Take a file that is small."""
        self.small[kind] = data
        self.served[kind] = served

    def authority_of(self, kind: FileKind) -> str:
        """Return which file says what an h1 must be, or that nothing but us does."""
        return self.authority.get(kind, FIRST_SIGHT)

    def check_h1(
        self, mv: ModuleVersion, kind: FileKind, want: str | None, authority: str
    ) -> None:
        """Hold the h1 of a file that was handed over against what it must be.

        Args:
            mv: The version.
            kind: The file, its .mod or its .zip.
            want: The h1, None where nobody says.
            authority: Who says so.

        Raises:
            ChecksumMismatchError: it is another one.
        """
        got = self.h1[kind]
        if want is None or want == got:
            return
        error = ChecksumMismatchError(
            f"{mv} {_WHAT[kind]}", want=want, got=got, authority=authority
        )
        if (served := self.served.get(kind)) is not None:
            error.file, error.served_url = kind, served.url
        raise error

    def files(self) -> dict[str, Readable | bytes]:
        """Return all that was handed over, by kind."""
        files: dict[str, Readable | bytes] = {
            kind.value: data for kind, data in self.small.items()
        }
        if self.zip is not None:
            files[FileKind.ZIP] = self.zip
        return files

    def digests(self) -> list[Digest]:
        """Return the digests of all that was handed over."""
        digests = [digest_of(data) for data in self.small.values()]
        return digests + ([self.zip.digest] if self.zip is not None else [])

    def served_facts(self) -> dict[str, object]:
        """Return where and when each file was served."""
        return {kind.value: served.facts() for kind, served in self.served.items()}


def source_of(served: Mapping[FileKind, Served]) -> str | None:
    """Return where the last part came from."""
    last = list(served.values())[-1:]
    return last[0].url if last else None


def commit_of(info: VersionInfo | None) -> str | None:
    """Return the commit that an ``.info`` says a version is of, or None.

    What is longer than any hash is none: it would be kept with every row.
    """
    commit = "" if info is None else info.commit
    return commit if 0 < len(commit) <= _COMMIT_CHARACTERS else None
