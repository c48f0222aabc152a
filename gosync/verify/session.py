"""Session: a target opened, with its proof sources and who acts on it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.clock import Clock
from gosync.errors import StoreError, UsageError
from gosync.folder.detection import (
    Detection,
    detect,
    is_marked,
    require_kind,
)
from gosync.folder.layouts import TargetKind
from gosync.folder.sums import TreeSums
from gosync.gomod.patterns import PatternSet
from gosync.publish.storage.treecopy import copy_of_tree
from gosync.site.opening import check_before_verify, check_verifiable
from gosync.site.storeparts import bucket_blobs, shared_store
from gosync.store.layout import CATALOG
from gosync.store.objects.opening import open_bucket
from gosync.verify.act.actor import Actor, ActSetting
from gosync.verify.look.engine import Verification, VerifyOutcome
from gosync.verify.look.gosum import NAMES, SumTarget, read_sums
from gosync.verify.look.memory import CatalogMemory, Memory, StateFile
from gosync.verify.look.targets import FolderTarget, Target, open_folder
from gosync.verify.ownstore.target import StoreTarget
from gosync.verify.prove.prover import Prover
from gosync.verify.prove.sources import ProofTrust, open_prover
from gosync.verify.report import VerifyReport
from gosync.verify.request import VerifyRequest
from gosync.verify.statefolder import require_apart
from gosync.work.progress import NoProgress, Progress
from gosync.work.sweep import Sweep

MakeActor: TypeAlias = Callable[[ActSetting], Actor]


class _Opened(msgspec.Struct, frozen=True):
    """A target, and who can act on it.

    Attributes:
        target: The target.
        actor: Makes who can; None where nobody can from here.
    """

    target: Target
    actor: MakeActor | None = None


class Session(msgspec.Struct, frozen=True):
    """A target with what is needed to look at it.

    Attributes:
        request: What was asked for.
        target: The target.
        prover: Who says what it should be.
        memory: What earlier runs said.
        catalog: The catalog of gosync's own store, None if there is none.
        trust: Whom it believes.
        detection: What the target is, and where.
        reopen: Looks at the target anew.
        actor: Makes who acts on it, None where nothing can be done to it.
    """

    request: VerifyRequest
    target: Target
    prover: Prover
    memory: Memory
    catalog: Catalog | None
    trust: ProofTrust
    detection: Detection
    reopen: Callable[[], Target]
    actor: MakeActor | None

    async def run(
        self,
        clock: Clock,
        progress: Progress,
        stop: Callable[[], bool],
        sweep: Sweep | None = None,
    ) -> VerifyReport:
        """Look at it.

        Args:
            clock: What time it is.
            progress: Where it says how far it is.
            stop: Tells whether somebody wants it to stop.
            sweep: Who checks; None for processes of this machine.

        Raises:
            StoreError: if gosync's own store cannot be read.
            UnsharedError: a worker does not see the target.
            UnavailableError: the sweep's scheduler is gone.
        """
        verification = Verification(
            self.target,
            self.prover,
            self.memory,
            clock=clock,
            progress=progress,
            stop=stop,
            sweep=sweep,
        )
        outcome = await verification.run(self.request.limits)
        _leave_out_changed(self.target, outcome)
        if self.detection.doubt:
            outcome.remarks.append(str(self.detection.advice))
        outcome.remarks += self.target.remarks()
        return VerifyReport(
            target=self.target.name,
            kind=self.target.kind,
            database=self.request.site.database,
            outcome=outcome,
            kept_in=self._kept_in() if outcome.is_kept else "",
            remaining=list(outcome.findings),
        )

    def _kept_in(self) -> str:
        if self.target.kind is TargetKind.STORE:
            return str(self.request.path / CATALOG)
        return str(self.request.state_folder)


def _leave_out_changed(target: Target, outcome: VerifyOutcome) -> None:
    """Leave out what was found of versions that another gosync changed meanwhile."""
    versions = {each.mv for each in outcome.findings if each.mv is not None}
    if changed := target.changed(versions):
        outcome.findings = [f for f in outcome.findings if f.mv not in changed]
        outcome.remarks.append(
            f"{len(changed)} versions changed while they were looked at; what was"
            " found of them does not count"
        )


@asynccontextmanager
async def open_session(request: VerifyRequest, clock: Clock) -> AsyncIterator[Session]:
    """Open a target, and find who can vouch for what is in it.

    Raises:
        UsageError: if there is no such target, or nothing says what it is.
        StoreError: if gosync's own store cannot be read.
    """
    detection = detect_target(request)
    request, kind = replace(request, path=detection.root), detection.kind
    if request.state is not None and kind not in {TargetKind.URL, TargetKind.GO_SUM}:
        require_apart(request.state, detection.root)
    with _own_catalog(request, kind) as catalog:
        async with _open(request, kind, catalog, clock) as opened:
            target = opened.target
            others = None if kind is TargetKind.STORE else catalog
            trust = _trust_of(request, others, target.sums)
            async with open_prover(trust, clock) as prover:
                if target.source is not None:
                    prover.put_first(target.source)
                yield Session(
                    request,
                    target,
                    prover,
                    _memory(request, kind),
                    catalog,
                    trust,
                    detection,
                    lambda: _open_files(request, kind, catalog, clock).target,
                    opened.actor,
                )


@asynccontextmanager
async def _open(
    request: VerifyRequest, kind: TargetKind, catalog: Catalog | None, clock: Clock
) -> AsyncIterator[_Opened]:
    """Open a target of any kind."""
    if request.bucket is not None:
        bucket = open_bucket(request.bucket, request.site.buckets)
        with copy_of_tree(bucket, NoProgress()) as folder:
            here = replace(request, path=folder)
            target = _open_files(here, kind, catalog, clock).target
            target.name = bucket.name
            yield _Opened(target)  # a copy is only looked at
        return
    if kind is not TargetKind.URL:
        yield _open_files(request, kind, catalog, clock)
        return
    # To import what asks upstreams takes as long as to verify a small cache.
    from gosync.upstream.http import Fetcher  # noqa: PLC0415
    from gosync.verify.look.goproxy import open_url  # noqa: PLC0415

    if request.offline and not request.url.startswith("file:"):
        raise UsageError(f"{request.url}: not with --offline")
    async with (
        Fetcher(request.site.http, clock=clock) as fetcher,
        open_url(request.url, request.modules, fetcher) as target,
    ):
        yield _Opened(target)  # its files are somebody else's


def detect_target(request: VerifyRequest) -> Detection:
    """Return what a target is, by looking, or by what somebody says.

    Raises:
        UsageError: if there is nothing, or nothing says what it is.
    """
    path = request.path
    if request.bucket is not None:
        return Detection(TargetKind.TREE, path)
    if request.url:
        return Detection(TargetKind.URL, path)
    if request.kind is not None:
        return require_kind(path, request.kind)
    if path.name in NAMES or path.is_file():
        return Detection(TargetKind.GO_SUM, path)
    if not path.exists():
        raise UsageError(f"{path}: there is nothing", hint="name a cache's folder")
    if any(os.path.lexists(path / name) for name in NAMES) and not is_marked(path):
        return Detection(TargetKind.GO_SUM, path)
    return detect(path)


def _open_files(
    request: VerifyRequest, kind: TargetKind, catalog: Catalog | None, clock: Clock
) -> _Opened:
    """Open a target that has files here, and name who can act on it."""
    database = request.site.database
    if kind is TargetKind.STORE:
        assert catalog is not None
        blobs = bucket_blobs(request.own_site)
        store = StoreTarget(
            request.path,
            catalog,
            database,
            clock,
            blobs=blobs,
            shared=None if blobs is None else shared_store(request.own_site),
        )
        return _Opened(store, partial(_store_actor, store))
    if kind is TargetKind.GO_SUM:
        sums = SumTarget(request.path)
        return _Opened(sums, partial(_sums_actor, sums))
    folder = open_folder(request.path, kind, database, PatternSet(request.private))
    return _Opened(folder, partial(_folder_actor, folder))


# Importing what acts takes longer than to verify a small cache.


def _store_actor(target: StoreTarget, setting: ActSetting) -> Actor:
    from gosync.verify.ownstore.actor import StoreActor  # noqa: PLC0415

    return StoreActor(target, setting)


def _sums_actor(target: SumTarget, setting: ActSetting) -> Actor:
    from gosync.verify.act.gosum import SumsActor  # noqa: PLC0415

    return SumsActor(target, setting)


def _folder_actor(target: FolderTarget, setting: ActSetting) -> Actor:
    from gosync.verify.act.folder import FolderActor  # noqa: PLC0415

    return FolderActor(target, setting)


@contextmanager
def _own_catalog(request: VerifyRequest, kind: TargetKind) -> Iterator[Catalog | None]:
    """Open the catalog that may vouch for versions, or that the target is of."""
    is_target = kind is TargetKind.STORE
    file = (request.path if is_target else request.site.store_path) / CATALOG
    try:
        if is_target:
            check_before_verify(request.path)
        catalog = Catalog.open(file, create=False, readonly=True)
    except StoreError:
        if is_target:
            raise
        yield None  # another store, or none: others vouch
        return
    with catalog:
        if is_target:
            check_verifiable(request.path, catalog)
        yield catalog


def _trust_of(
    request: VerifyRequest, catalog: Catalog | None, own: TreeSums | None
) -> ProofTrust:
    return ProofTrust(
        database=request.site.database,
        private=request.private,
        proofs=request.proofs,
        sums={str(file): read_sums(file) for file in request.sums},
        catalog=catalog,
        own=own,
        proxies=None if request.offline else request.site.proxies,
        http=request.site.http,
        state=request.state_folder,
    )


def _memory(request: VerifyRequest, kind: TargetKind) -> Memory:
    if kind is TargetKind.STORE:
        return CatalogMemory(request.path / CATALOG)
    return StateFile(request.state_folder)
