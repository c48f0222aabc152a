"""Scratch store: versions fetched anew, through the gate, to repair others with.

What a sync does to a version is done here, into a scratch store that goes away: the
upstreams are asked, the gate checks and proves, blobs are durable. What came out is
what may replace something. A version that fails is named with its reason; what was
refused is kept in the scratch store's quarantine, which then stays.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Container, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from gosync.catalog.versions import Need, VersionRow, Want
from gosync.clock import Clock
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.ingest.taken import Expected
from gosync.site.opening import Opening
from gosync.site.options import SiteOptions
from gosync.site.policy import Policy
from gosync.site.site import Site, open_site
from gosync.site.upstreams import connect
from gosync.store.blobs import BlobStore
from gosync.store.digest import Digest
from gosync.sync.fetch import VersionFetcher
from gosync.sync.tally import Tally
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.statefolder import make_own_folder
from gosync.work.progress import Progress

SCRATCH: Final = "scratch"


class Fetched(msgspec.Struct, frozen=True):
    """The versions that were fetched.

    Attributes:
        blobs: The scratch store's; None if nothing came.
        rows: What the gate admitted.
        failed: Why others did not come.
    """

    blobs: BlobStore | None
    rows: Mapping[ModuleVersion, VersionRow]
    failed: Mapping[ModuleVersion, str]

    def digest(self, mv: ModuleVersion, role: FileKind) -> Digest:
        """Return the digest of a version's file."""
        return Digest(self.rows[mv].blobs()[role].digest)

    def pieces(self, mv: ModuleVersion, role: FileKind) -> Iterator[bytes]:
        """Yield a file, piece by piece; after the last it is proven once more."""
        assert self.blobs is not None
        return self.blobs.pieces(self.digest(mv, role))


@asynccontextmanager
async def fetch_anew(
    wanted: Mapping[ModuleVersion, ProofAnswer],
    *,
    site: SiteOptions,
    private: Iterable[str],
    folder: Path,
    clock: Clock,
    progress: Progress,
    mods: Container[ModuleVersion] = (),
) -> AsyncIterator[Fetched]:
    """Fetch versions, and have them at hand while the block runs.

    Args:
        wanted: The versions, with what vouches for each.
        site: Upstreams, database, time-outs.
        private: GOPRIVATE patterns.
        folder: Where the scratch store may be.
        clock: What time it is.
        progress: Is told how far it is.
        mods: Of which versions the ``.mod`` alone is wanted.

    Raises:
        StoreError: if the scratch store cannot be written, or is not our own.
        NoSpaceError: if there is no room for it.
    """
    root = make_own_folder(folder, SCRATCH)
    options = replace(site, store_path=root, bucket=None, policy=Policy([], private))
    tally = Tally()
    opening = Opening(alone=True)
    with open_site(
        options, command="gosync verify", clock=clock, opening=opening
    ) as scratch:
        needs = {mv: Need.MOD if mv in mods else Need.ZIP for mv in wanted}
        wants = [Want(mv.path, mv.version, need) for mv, need in needs.items()]
        scratch.catalog.versions.want(wants)
        rows = [
            row
            for mv in wanted
            if (row := scratch.catalog.versions.get(mv)) is not None
        ]
        progress.phase("fetching anew", len(rows))
        async with connect(scratch) as upstreams:
            upstreams.gate.expected = dict(_expected(wanted, site))
            fetcher = VersionFetcher(scratch, upstreams, tally, progress)
            await fetcher.fetch_all(rows)
        yield _fetched(scratch, needs, tally)
    if not tally.failed:  # else its quarantine may be the only evidence
        shutil.rmtree(root, ignore_errors=True)


def _expected(
    wanted: Mapping[ModuleVersion, ProofAnswer], site: SiteOptions
) -> Iterator[tuple[ModuleVersion, Expected]]:
    """Yield what pins and go.sum files say, or records where no database is asked."""
    for mv, answer in wanted.items():
        is_asked = site.database is not None and _is_recorded(answer)
        if answer.evidence is not None and not is_asked:
            yield (
                mv,
                Expected(
                    answer.evidence.source, answer.mod_h1 or None, answer.zip_h1 or None
                ),
            )


def _is_recorded(answer: ProofAnswer) -> bool:
    return answer.evidence is not None and answer.evidence.record is not None


def _fetched(
    scratch: Site, needs: Mapping[ModuleVersion, Need], tally: Tally
) -> Fetched:
    rows = {}
    for mv, need in needs.items():
        row = scratch.catalog.versions.get(mv)
        if row is not None and row.carried in {need, Need.ZIP}:
            rows[mv] = row
    failed = {
        mv: f"{failure.error}: {failure.reason}" for mv, failure in tally.failed.items()
    }
    return Fetched(scratch.blobs, rows, failed)
