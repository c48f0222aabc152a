"""Attestations of a published tree, held against its zips; from files alone.

Asked as whoever has nothing but a copy of the tree and the signers' public keys: each
zip is hashed, and the attestations beside it (``site.attestations``) are read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from gosync.artifact import DOCUMENT
from gosync.errors import RejectedError
from gosync.folder.routes import (
    artifact_file,
    module_of_folder,
    of_module,
    version_of_name,
)
from gosync.folder.tree import FileTree, NotInTreeError
from gosync.gomod.dirhash import hash_zip
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.gomod.patterns import PatternSet
from gosync.signing.attestation import Attestation, parse_attestation
from gosync.signing.dsse import MAX_ENVELOPE_BYTES
from gosync.signing.keys import PublicKey
from gosync.site.attestations import folder_of

_PIECE: Final = 1 << 20
_MAX_FILES: Final = 1000


class AttestedState(StrEnum):
    """How a zip stands to the keys."""

    SIGNED = "signed"
    LACKING = "lacking"
    OTHER = "other"
    BROKEN = "broken"


class AttestedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one version.

    Attributes:
        module: Its path.
        version: Its version.
        state: signed: enough keys have signed this zip; other: a key has signed a zip
            of another content; lacking: too few have; broken: the zip cannot be read.
        zip_h1: The zip's h1, "" where it cannot be read.
        signed_by: The fingerprints of the keys that signed it.
    """

    module: str
    version: str
    state: AttestedState
    zip_h1: str = ""
    signed_by: tuple[str, ...] = ()


class TreeAttestations:
    """The attestations of one tree."""

    def __init__(
        self, tree: Path, keys: Collection[PublicKey], *, threshold: int
    ) -> None:
        """Take a tree.

        Args:
            tree: Its folder.
            keys: Whose signatures count.
            threshold: How many different keys must have signed each zip.

        Raises:
            UsageError: It is no folder.
        """
        self._tree = FileTree(tree)
        self._keys = keys
        self._threshold = threshold

    def versions(self, pattern: str | None) -> Iterator[ModuleVersion]:
        """Yield the versions whose zips the tree has, by the names of files.

        Args:
            pattern: Which modules, as in GOPRIVATE; None for all.
        """
        wanted = None if pattern is None else PatternSet([pattern])
        for folder, folders, names in os.walk(self._tree.root):
            folders.sort()
            at = module_of_folder(os.path.relpath(folder, self._tree.root))
            if at is None or (wanted is not None and not wanted.match(at.path)):
                continue
            for found in map(version_of_name, sorted(names)):
                if found is not None and found[1] is FileKind.ZIP:
                    yield ModuleVersion(at.path, found[0])

    def look(self, mv: ModuleVersion) -> AttestedVersion:
        """Hold one version's zip against its attestations."""
        said = AttestedVersion(
            module=mv.path, version=mv.version, state=AttestedState.BROKEN
        )
        try:
            h1, sha256 = self._digests(mv)
        except RejectedError:
            return said
        found = [e for e in self._attestations(mv) if e.attested.mv == mv]
        own = [each for each in found if each.attested.is_of(h1, sha256)]
        signers = [key for key in self._keys if any(each.is_by(key) for each in own)]
        others = any(e.is_by(k) for e in found if e not in own for k in self._keys)
        state = AttestedState.OTHER if others else AttestedState.LACKING
        if len(signers) >= self._threshold:
            state = AttestedState.SIGNED
        signed_by = tuple(key.fingerprint for key in signers)
        return msgspec.structs.replace(
            said, state=state, zip_h1=h1, signed_by=signed_by
        )

    def _digests(self, mv: ModuleVersion) -> tuple[str, str]:
        path = of_module(mv.path).of_version(mv.version).zip
        with self._tree.open(path) as (read_at, size_bytes):
            digest = hashlib.sha256()
            for start in range(0, size_bytes, _PIECE):
                digest.update(read_at(start, min(_PIECE, size_bytes - start)))
            return hash_zip(read_at, size_bytes), digest.hexdigest()

    def _attestations(self, mv: ModuleVersion) -> Iterator[Attestation]:
        """Yield those that can be read; whoever fills the tree may put others there."""
        folder = artifact_file(DOCUMENT, f"{folder_of(mv)}x")
        assert folder is not None
        folder = folder.removesuffix("/x")
        try:
            with os.scandir(self._tree.root / folder) as entries:
                names = sorted(each.name for each in entries)[:_MAX_FILES]
        except OSError:
            return
        for name in names:
            try:
                data = self._tree.read(
                    f"{folder}/{name}", limit_bytes=MAX_ENVELOPE_BYTES
                )
                yield parse_attestation(data)
            except (RejectedError, NotInTreeError):
                continue
