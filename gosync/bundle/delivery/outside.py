"""Outside: a target's replies are taken in, and its next bundle made when it is due.

A bundle is due, first that applies:

    need      the site says what it lacks, and no bundle made since answers it
    change    what is selected differs from what the last bundle made the site have
    silence   the last bundle left the outbox, and for ``resend_after`` no receipt came

What the site has acknowledged is taken out of the outbox: it has arrived.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Literal

import msgspec
from msgspec.structs import replace

from gosync.bundle.delivery.replies import (
    Reply,
    number_of,
    read_replies,
    remove_reply,
)
from gosync.bundle.format.header import bundle_name
from gosync.bundle.format.need import NeedFile
from gosync.bundle.format.receipt import Receipt
from gosync.bundle.make.create import create_bundle
from gosync.bundle.make.created import Created, CreateOptions
from gosync.bundle.make.documents import BundleDocument
from gosync.bundle.make.ledger import LOST, Ledger, shown_states
from gosync.bundle.make.news import TargetNews
from gosync.bundle.make.packedparts import PackedParts
from gosync.bundle.make.volumes import remove_folder
from gosync.bundle.options import TargetSpec
from gosync.bundle.read.folder import BundleFolder
from gosync.catalog.bundles import BundleKind, BundleRow, BundleState
from gosync.clock import parse_time
from gosync.errors import MalformedError, UsageError, VolumeError
from gosync.site.site import Site
from gosync.work.progress import Progress

Cause = Literal["need", "change", "silence", ""]


class OutboxReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was done for a target; its fields are the summary's keys.

    Attributes:
        target: The target.
        acked: The newest bundle that it is known to have, 0 for none.
        cause: Why a bundle was made, "" where none was.
        bundle: Its folder's name, "" for none.
        sequence: Its number, 0 for none.
        versions: How many versions travel in it.
        size_bytes: How large it is.
        omitted: How many selected versions are not in it, since they are not here.
        refused: Why replies were not taken.
    """

    target: str
    acked: int = 0
    cause: Cause = ""
    bundle: str = ""
    sequence: int = 0
    versions: int = 0
    size_bytes: int = 0
    omitted: int = 0
    refused: tuple[str, ...] = ()


class Outbox:
    """The outbox of one target; the run holds the lease to number bundles."""

    def __init__(
        self,
        site: Site,
        target: TargetSpec,
        progress: Progress,
        documents: tuple[BundleDocument, ...] = (),
        news: TargetNews | None = None,
        packed: PackedParts | None = None,
    ) -> None:
        """Look after a target.

        Args:
            site: The store.
            target: The target.
            progress: Is told how far a bundle is.
            documents: What is made of the selection and travels with it.
            news: Knows what targets have, of all that the run looks after.
            packed: What was packed for others of these.
        """
        self._packed = packed
        self._documents = documents
        self._site = site
        self._target = target
        self._progress = progress
        self._ledger = Ledger(site)
        self._news = news or TargetNews(site)

    def run(self) -> OutboxReport:
        """Take the target's replies in, and make its next bundle if one is due.

        Raises:
            UsageError: a key cannot be used, or a version exceeds a volume.
            StoreError: the store, the inbox or the outbox cannot be read or written.
            NoSpaceError: a disk is full.
            VolumeError: what was read back is not what was written.
        """
        inbox = self._target.inbox
        replies = read_replies(inbox, self._target.name) if inbox is not None else []
        refused = tuple(self._take_receipts(replies))
        needs = [each for each in replies if isinstance(each.content, NeedFile)]
        self._remove_arrived()
        need = self._open_need(needs)
        cause = self._cause(need)
        created = self._create(need) if cause else None
        for reply in needs:
            remove_reply(reply)
        acked = self._newest(BundleState.ACKED)
        report = OutboxReport(
            target=self._target.name,
            acked=0 if acked is None else acked.sequence,
            refused=refused,
        )
        if created is None or created.header is None:
            return report
        return _made(report, cause, created)

    def _take_receipts(self, replies: Iterable[Reply]) -> Iterable[str]:
        """Acknowledge what came; yield what is no receipt of a bundle made here."""
        for reply in replies:
            if not isinstance(reply.content, Receipt):
                continue
            try:
                self._ledger.acknowledge(reply.content)
            except UsageError as error:  # it stays for people to look at
                yield f"{reply.path.name}: {error}"
            else:
                remove_reply(reply)

    def _rows(self) -> list[BundleRow]:
        return self._site.catalog.bundles.all(self._target.name)

    def _newest(self, *states: BundleState) -> BundleRow | None:
        rows = [row for row in self._rows() if row.state in states]
        return max(rows, key=lambda row: row.sequence, default=None)

    def _remove_arrived(self) -> None:
        """Take out of the outbox what the site has, or will not take any more."""
        rows = self._rows()
        for row, state in zip(rows, shown_states(rows), strict=True):
            folder = self._folder(row)
            if state in (BundleState.ACKED.value, LOST) and _has(folder, row):
                remove_folder(folder)

    def _open_need(self, needs: Iterable[Reply]) -> NeedFile | None:
        """Return the newest need that no bundle made since answers."""
        contents = [reply.content for reply in needs]
        need = max(contents, key=number_of, default=None)
        if not isinstance(need, NeedFile):
            return None
        acked = self._newest(BundleState.ACKED)
        applied = need.applied.sequence if need.applied is not None else 0
        if acked is not None and acked.sequence > applied:
            return None  # it has gone on since
        answered = any(
            row.kind in (BundleKind.REPAIR, BundleKind.FULL)
            and row.state is BundleState.SEALED
            and row.sequence > number_of(need)
            for row in self._rows()
        )
        return None if answered else need

    def _cause(self, need: NeedFile | None) -> Cause:
        if need is not None:
            return "need"
        if self._news.has_changed(self._target.name):
            return "change"
        return "silence" if self._is_silent() else ""

    def _is_silent(self) -> bool:
        """Whether the last bundle left and nothing was heard of it for too long."""
        newest = self._newest(BundleState.SEALED, BundleState.ACKED)
        if newest is None or newest.state is BundleState.ACKED:
            return False
        if newest.sealed_at is None or self._folder(newest).exists():
            return False
        waited = self._site.clock.now() - parse_time(newest.sealed_at)
        return waited >= timedelta(seconds=self._target.resend_seconds)

    def _folder(self, row: BundleRow) -> Path:
        assert self._target.outbox is not None, "the job has an outbox"
        identity = row.bundle_id or ""
        name = bundle_name(row.target, row.sequence, row.kind, identity)
        return self._target.outbox / name

    def _create(self, need: NeedFile | None) -> Created:
        assert self._target.outbox is not None, "the job has an outbox"
        target = self._target
        if need is None and self._is_silent():
            target = replace(target, sealed_base=False)
        options = CreateOptions(
            target=target,
            out=self._target.outbox,
            need=need,
            documents=self._documents,
        )
        return create_bundle(self._site, options, self._progress, packed=self._packed)


def _has(folder: Path, row: BundleRow) -> bool:
    """Return whether a folder has a bundle, by the id of its header, not its name."""
    try:
        return BundleFolder.open(folder).id == row.bundle_id
    except (VolumeError, MalformedError):
        return False  # the gateway took it, or is about to


def _made(report: OutboxReport, cause: Cause, created: Created) -> OutboxReport:
    header, path = created.header, created.path
    assert header is not None
    assert path is not None
    return replace(
        report,
        cause=cause,
        bundle=path.name,
        sequence=header.sequence,
        versions=header.carried,
        size_bytes=header.size_bytes,
        omitted=len(created.selection.omitted),
    )
