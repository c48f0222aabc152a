"""Attestations of a store: who signed what a version's files are.

Each is a document, ``attestations/PATH/@v/VERSION/ID.json``, path and version in their
escaped forms, ID a digest, after that of its key where ``publish.attest`` made it: kept
as a blob, shown in the tree, carried by bundles, which take none of them away. Whoever
fills the store may put any number there; only what a key signed that somebody asks for
counts, so one that cannot be read is left aside.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Final

from gosync.artifact import DOCUMENT, Artifact, check_artifact
from gosync.catalog.db import Catalog
from gosync.catalog.versions import Need, VersionRow
from gosync.errors import RejectedError
from gosync.gomod.module import ModuleVersion, escape_path, escape_version
from gosync.signing.attestation import (
    Attestation,
    parse_attestation,
    sign_attestation,
)
from gosync.signing.dsse import MAX_ENVELOPE_BYTES
from gosync.signing.keys import PublicKey, SecretKey
from gosync.site.artifacts import change_artifacts
from gosync.site.signaturerules import SignatureCount
from gosync.site.site import Site
from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest
from gosync.sumdb.record import parse_record_lines

FOLDER: Final = "attestations/"
_SUFFIX: Final = ".json"
_KEPT: Final = 16_384
_BATCH: Final = 500

Read = Callable[[Digest], bytes]


class StoredAttestations:
    """The attestations that a store has; asks nobody."""

    def __init__(self, catalog: Catalog, blobs: BlobReader) -> None:
        self._artifacts = catalog.artifacts
        self._read = blobs.read

    def of(self, mv: ModuleVersion) -> list[Attestation]:
        """Return those of one version.

        Raises:
            StoreError: store or catalog cannot be read.
        """
        kept = self._artifacts.below(DOCUMENT, folder_of(mv))
        found = (_parsed(self._read, each) for each in kept)
        return [e for e in found if e is not None and e.attested.mv == mv]

    def signers(self, row: VersionRow, keys: Iterable[PublicKey]) -> set[PublicKey]:
        """Return which keys signed what a version's zip is, or may be.

        Raises:
            StoreError: as ``of``.
        """
        return {
            key
            for each in self.of(row.mv)
            if is_of(each, row)
            for key in keys
            if _is_by(each, key)
        }

    def count(
        self, row: VersionRow, keys: Collection[PublicKey], threshold: int
    ) -> SignatureCount:
        """Return how a version stands to a rule of these keys.

        Raises:
            StoreError: as ``of``.
        """
        found = self.of(row.mv)
        any_by = {k for each in found for k in keys if _is_by(each, k)}
        own = self.signers(row, any_by)
        return SignatureCount(threshold, len(own), len(any_by - own))


def is_of(attestation: Attestation, row: VersionRow) -> bool:
    """Return whether it is of a version's zip; of any where nobody knows its h1."""
    h1 = known_h1(row)
    return h1 is None or attestation.attested.is_of(h1, row.zip_digest)


def known_h1(row: VersionRow) -> str | None:
    """Return the h1 of a version's zip: of what is here, else as its record has it."""
    if row.zip_h1 is not None or row.record_text is None:
        return row.zip_h1
    return parse_record_lines(row.record_text, row.mv).zip_h1


def attestation_by(key: SecretKey, row: VersionRow) -> bytes | None:
    """Return a key's attestation of a version, None where its h1 is not known."""
    zip_h1, mod_h1 = known_h1(row), row.mod_h1
    if zip_h1 is None or mod_h1 is None:
        return None
    return sign_attestation(
        key, row.mv, zip_h1=zip_h1, zip_sha256=row.zip_digest, mod_h1=mod_h1
    )


def folder_of(mv: ModuleVersion) -> str:
    """Return where the attestations of a version are, below the kind's folder."""
    return f"{FOLDER}{escape_path(mv.path)}/@v/{escape_version(mv.version)}/"


def keep_attestations(site: Site, files: Iterable[bytes]) -> Iterator[Attestation]:
    """Keep attestations in the store, whoever made them; yields each once it is kept.

    Raises:
        MalformedError: One is none.
        StoreError: The store cannot be written.
    """
    remaining = iter(files)
    while some := list(islice(remaining, _BATCH)):
        made = [parse_attestation(each) for each in some]
        kept = [
            _put(site, each.attested.mv, data)
            for each, data in zip(made, some, strict=True)
        ]
        site.blobs.sync()
        change_artifacts(site, kept)
        yield from made


def attest_published(site: Site, keys: Collection[SecretKey]) -> int:
    """Attest what the tree has whole and a key has not attested here; return how much.

    What such a key attested of versions that were forgotten since is forgotten as well.

    Raises:
        StoreError: The store cannot be read or written.
    """
    kept = site.catalog.artifacts.below(DOCUMENT, FOLDER)
    made = {each.name.rpartition("-")[0]: each for each in kept}
    ours = [(key, _key_part(key.public())) for key in keys]
    rows = {folder_of(row.mv): row for row in site.catalog.versions.all_rows()}
    parts = {part for _, part in ours}
    stale = [each for name, each in made.items() if _is_stale(name, parts, rows)]
    if stale:
        change_artifacts(site, [], stale)
    lacking = (
        (row, key)
        for folder, row in rows.items()
        if row.published is Need.ZIP and row.zip_h1 is not None
        for key, part in ours
        if f"{folder}{part}" not in made
    )
    count = 0
    while some := list(islice(lacking, _BATCH)):
        new = [_made_here(site, row, key) for row, key in some]
        site.blobs.sync()
        change_artifacts(site, [each for each in new if each is not None])
        count += len(some)
    return count


def _is_stale(
    name: str, parts: Collection[str], rows: Mapping[str, VersionRow]
) -> bool:
    folder, _, part = name.rpartition("/")
    return part in parts and f"{folder}/" not in rows


def _made_here(site: Site, row: VersionRow, key: SecretKey) -> Artifact | None:
    data = attestation_by(key, row)
    if data is None:
        return None
    return _put(site, row.mv, data, prefix=f"{_key_part(key.public())}-")


def _key_part(key: PublicKey) -> str:
    return key.digest.hex()[:16]


def _put(site: Site, mv: ModuleVersion, data: bytes, *, prefix: str = "") -> Artifact:
    with site.blobs.stage() as staged:
        staged.write(data)
        digest, size_bytes = staged.digest, staged.size_bytes
        name = f"{folder_of(mv)}{prefix}{digest[:16]}{_SUFFIX}"
        made = Artifact(kind=DOCUMENT, name=name, digest=digest, size_bytes=size_bytes)
        check_artifact(made)
        site.holder.announce([digest])
        site.blobs.admit(staged)
    return made


@lru_cache(maxsize=_KEPT)
def _parsed(read: Read, artifact: Artifact) -> Attestation | None:
    if artifact.size_bytes > MAX_ENVELOPE_BYTES:
        return None
    try:
        return parse_attestation(read(Digest(artifact.digest)))
    except RejectedError:
        return None


@lru_cache(maxsize=_KEPT)
def _is_by(attestation: Attestation, key: PublicKey) -> bool:
    return attestation.is_by(key)
