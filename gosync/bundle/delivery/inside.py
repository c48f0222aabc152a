"""Inside: bundles that a gateway has delivered are taken in, and replied to.

    whole, and trusted      taken in; its folder goes, its receipt goes out
    waits for others        kept in the store; its folder goes, need.json goes out
    known or overtaken      its folder goes: nothing of it is lacking here
    not whole, or unsigned  stays: the rest may come
    refused                 stays for people to look at; the others go on

Bundles are taken by number, so that each finds what it builds on. A folder that is
removed had a signature that counts, or was known here by its header.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from functools import partial
from pathlib import Path

import anyio
import msgspec

from gosync.bundle.delivery.inbox import bundle_folders, is_still_arriving, open_whole
from gosync.bundle.delivery.replies import remove_needs, write_need, write_receipt
from gosync.bundle.make.volumes import remove_folder
from gosync.bundle.options import InsideSpec
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.take.importing import Import
from gosync.bundle.take.outcome import ImportOutcome, ImportReport
from gosync.catalog.imports import ImportState
from gosync.errors import (
    BundleGapError,
    GosyncError,
    SignatureError,
    StoreError,
    VolumeError,
)
from gosync.signing.trust import TrustFile, check_signatures
from gosync.site.site import Site
from gosync.work.progress import Progress
from gosync.work.stop import Stop


class DeliveryState(Enum):
    """What became of a bundle's folder in the inbox."""

    APPLIED = "applied"
    WAITING = "waiting"
    KNOWN = "known"
    OVERTAKEN = "overtaken"
    ARRIVING = "arriving"
    REFUSED = "refused"


class DeliveredBundle(msgspec.Struct, frozen=True, kw_only=True):
    """A folder of the inbox.

    Attributes:
        folder: Its name.
        state: What became of it.
        sequence: The bundle's number, 0 while nobody can tell.
        reason: Why it is not taken in, "" where it was.
        exit_code: As ``gosync bundle import`` leaves with.
    """

    folder: str
    state: DeliveryState
    sequence: int = 0
    reason: str = ""
    exit_code: int = 0


class InboxReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was done with an inbox; its fields are the summary's keys.

    Attributes:
        bundles: Its folders.
        receipt: The receipt that was put into the outbox, "" for none.
        need: The need that was, "" for none.
    """

    bundles: tuple[DeliveredBundle, ...] = ()
    receipt: str = ""
    need: str = ""


class _Arrival(msgspec.Struct, frozen=True):
    """A bundle that is whole, and its folder."""

    folder: Path
    bundle: BundleFolder


class Inbox:
    """The inbox of one site; the run holds the lease to import."""

    def __init__(
        self,
        site: Site,
        inside: InsideSpec,
        *,
        trust: TrustFile,
        progress: Progress,
        stop: Stop,
    ) -> None:
        """Prepare.

        Args:
            site: The site.
            inside: Where its inbox and its outbox are.
            trust: Whose signatures count.
            progress: Is told how far it is.
            stop: Ends it between two bundles.
        """
        self._site = site
        self._inside = inside
        self._trust = trust
        self._progress = progress
        self._stop = stop
        self._receipt = self._need = ""

    async def run(self) -> InboxReport:
        """Take in what has been delivered.

        Raises:
            StoreError: the store, the catalog, the tree, the inbox or the outbox cannot
                be read or written.
        """
        assert self._inside.inbox is not None, "the job has an inbox"
        folders = await anyio.to_thread.run_sync(bundle_folders, self._inside.inbox)
        done, whole = await anyio.to_thread.run_sync(self._sort, folders)
        for arrival in whole:
            if self._stop.requested:
                break
            done.append(await self._take(arrival))
            self._progress.advance()
        return InboxReport(bundles=tuple(done), receipt=self._receipt, need=self._need)

    def _sort(
        self, folders: Iterable[Path]
    ) -> tuple[list[DeliveredBundle], list[_Arrival]]:
        """Return what is not whole yet, and the bundles that are, by number."""
        arriving, whole = [], []
        for folder in folders:
            self._progress.advance()
            try:
                whole.append(_Arrival(folder, open_whole(folder)))
            except VolumeError as error:
                state = DeliveryState.ARRIVING
                arriving.append(
                    DeliveredBundle(folder=folder.name, state=state, reason=str(error))
                )
        return arriving, sorted(whole, key=lambda each: each.bundle.header.sequence)

    async def _take(self, arrival: _Arrival) -> DeliveredBundle:
        bundle = arrival.bundle
        imports = self._site.catalog.imports
        known, newest = imports.get(bundle.id), imports.newest()
        here = newest.sequence if newest is not None else 0
        try:
            if known is None and bundle.header.sequence < here:
                self._check_signatures(bundle)
                return await self._finish(arrival, DeliveryState.OVERTAKEN)
            if known is not None and known.state is ImportState.STAGED:
                return await self._finish(arrival, DeliveryState.KNOWN)
            if known is not None and bundle.header.sequence < here:
                return await self._finish(arrival, DeliveryState.KNOWN)
            return await self._import(arrival)
        except SignatureError as error:
            return self._unsigned(arrival, error)
        except StoreError:
            raise
        except GosyncError as error:
            return _refused(arrival, error)

    async def _import(self, arrival: _Arrival) -> DeliveredBundle:
        self._check_signatures(
            arrival.bundle
        )  # one may come late: no evidence of anything
        taking = Import(
            self._site,
            trust=self._trust,
            target=self._inside.target,
            progress=self._progress,
        )
        report = await taking.run(arrival.folder)
        await anyio.to_thread.run_sync(self._reply, report)
        waits = report.outcome is ImportOutcome.STAGED
        state = DeliveryState.WAITING if waits else DeliveryState.APPLIED
        return await self._finish(arrival, state)

    def _check_signatures(self, bundle: BundleFolder) -> None:
        check_signatures(
            bundle.header_bytes,
            bundle.signatures,
            self._trust,
            at=bundle.header.created_at,
            target=bundle.header.target,
        )

    def _reply(self, report: ImportReport) -> None:
        outbox = self._inside.outbox
        if outbox is None:
            return
        if report.receipt is not None:
            self._receipt = write_receipt(outbox, report.receipt).name
        if report.need is not None:
            self._need = write_need(outbox, report.need).name
        else:
            self._need = ""
            remove_needs(outbox, report.bundle.header.target)

    async def _finish(self, arrival: _Arrival, state: DeliveryState) -> DeliveredBundle:
        """Remove the folder: what it brought is in the store."""
        await anyio.to_thread.run_sync(partial(remove_folder, arrival.folder))
        waits = state is DeliveryState.WAITING
        return DeliveredBundle(
            folder=arrival.folder.name,
            state=state,
            sequence=arrival.bundle.header.sequence,
            reason="waits for the bundles before it" if waits else "",
            exit_code=BundleGapError.exit_code if waits else 0,
        )

    def _unsigned(self, arrival: _Arrival, error: SignatureError) -> DeliveredBundle:
        """Return that a bundle is refused, once no signature can be on its way."""
        if is_still_arriving(arrival.folder, self._site.clock.now()):
            return DeliveredBundle(
                folder=arrival.folder.name,
                state=DeliveryState.ARRIVING,
                sequence=arrival.bundle.header.sequence,
                reason=str(error),
            )
        return _refused(arrival, error)


def _refused(arrival: _Arrival, error: GosyncError) -> DeliveredBundle:
    hint = f" ({error.hint})" if error.hint else ""
    return DeliveredBundle(
        folder=arrival.folder.name,
        state=DeliveryState.REFUSED,
        sequence=arrival.bundle.header.sequence,
        reason=f"{error}{hint}",
        exit_code=error.exit_code,
    )
