"""The ledger of bundles made here: sealed, acknowledged, revoked.

A receipt is taken at its word only for a bundle that was sealed here under the id
that it names; a second one of the same bundle changes nothing. The journal is told
before the catalog, so that a rebuilt one counts on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import asdict, replace

from gosync.artifact import Artifact
from gosync.bundle.format.features import ReaderFeatures
from gosync.bundle.format.receipt import Receipt
from gosync.catalog.bundles import BundleKind, BundleRow, BundleState
from gosync.catalog.imports import ImportRow
from gosync.catalog.versions import Need
from gosync.catalog.withdrawn_table import NOTHING_WITHDRAWN
from gosync.clock import format_time
from gosync.errors import UsageError
from gosync.gomod.info import parse_time
from gosync.gomod.module import ModuleVersion
from gosync.hint import advise, command
from gosync.ingest.bundlememory import bundle_entry
from gosync.sumdb.spans import Spans

if TYPE_CHECKING:
    from gosync.site.site import Site

LOST = "lost"
MIN_PREFIX = 4
_SEE_LIST = advise("{} shows all", command("bundle list"))


def shown_states(rows: Sequence[BundleRow]) -> list[str]:
    """Return how each bundle stands, as people are told.

    A sealed bundle is ``lost`` once its site has acknowledged a later one, and never
    this one: it has not arrived, and would not be taken any more.

    Args:
        rows: All bundles of some targets.
    """
    acked: dict[str, int] = {}
    for row in rows:
        if row.state is BundleState.ACKED:
            acked[row.target] = max(row.sequence, acked.get(row.target, 0))
    return [
        LOST
        if row.state is BundleState.SEALED and row.sequence < acked.get(row.target, 0)
        else row.state.value
        for row in rows
    ]


class MadeBundle(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle that was made here, as in BundleRow; ``state`` is as people are told."""

    target: str
    sequence: int
    state: str
    kind: BundleKind
    base_sequence: int | None
    bundle_id: str | None
    tree_size: int | None
    planned_at: str
    sealed_at: str | None
    acked_at: str | None
    reads: str | None
    rules_fingerprint: str | None
    rules: str | None

    @classmethod
    def of(cls, row: BundleRow, state: str) -> MadeBundle:
        """Return what is told of a bundle."""
        return MadeBundle(**{**asdict(row), "state": state})


class LedgerReport(msgspec.Struct, frozen=True):
    """What ``gosync bundle list`` tells: the bundles made here, and those that came."""

    made: list[MadeBundle]
    came: list[ImportRow]


class Ledger:
    """The bundles of one site outside; hold the lease to number bundles."""

    def __init__(self, site: Site) -> None:
        self._bundles = site.catalog.bundles
        self._withdrawn = site.catalog.withdrawn
        self._journal = site.journal
        self._clock = site.clock

    def seal(
        self,
        row: BundleRow,
        holds: Iterable[tuple[ModuleVersion, Need]],
        tiles: Mapping[int, Spans] = MappingProxyType({}),
        artifacts: Iterable[Artifact] = (),
        withdrawn_digest: str = NOTHING_WITHDRAWN,
    ) -> BundleRow:
        """Say that a bundle was read back and proven: it may be carried away.

        Args:
            row: The bundle, as it was when it was planned or written, with the rules
                of its selection.
            holds: What its site has once it took it in.
            tiles: By level, full tiles for older tree heads that it has then.
            artifacts: The artifacts that it has then, if it knows their kinds.
            withdrawn_digest: Of the withdrawals that the bundle's manifest has.

        Raises:
            StoreError: Journal or catalog cannot be written.
        """
        now = self._clock.now()
        written = self._bundles.get(row.target, row.sequence) or row
        ruled = replace(
            written, rules=row.rules, rules_fingerprint=row.rules_fingerprint
        )
        sealed = replace(ruled, state=BundleState.SEALED, sealed_at=format_time(now))
        with self._journal.writing():
            self._journal.append([bundle_entry(sealed)])
            self._withdrawn.tell(row.target, row.sequence, withdrawn_digest)
            return self._bundles.seal(ruled, holds, tiles, artifacts, now=now)

    def acknowledge(self, receipt: Receipt) -> BundleRow:
        """Take a site's receipt; return the bundle as it stands then.

        What it says came before is acknowledged as well.

        Raises:
            UsageError: No bundle of that id was sealed here for that site.
            StoreError: Journal or catalog cannot be written.
        """
        row = self._bundles.get(receipt.target, receipt.sequence)
        if row is None or row.bundle_id != receipt.bundle_id:
            raise UsageError(
                f"no bundle {receipt.bundle_id[:8]} was made here as number"
                f" {receipt.sequence} for {receipt.target}",
                hint=advise(
                    "is this the store that made it? {}; if that store is lost,"
                    " --adopt goes on from the receipt",
                    _SEE_LIST,
                ),
            )
        if row.state not in (BundleState.SEALED, BundleState.ACKED):
            raise UsageError(
                f"bundle {receipt.bundle_id[:8]} is {row.state}, not sealed",
                hint=_SEE_LIST,
            )
        for known in receipt.came:
            before = self._bundles.get(receipt.target, known.sequence)
            if before is not None and before.bundle_id == known.bundle_id:
                self._acknowledge(before, None)
        return self._acknowledge(row, receipt.reads)

    def _acknowledge(self, row: BundleRow, reads: ReaderFeatures | None) -> BundleRow:
        """Say that a bundle came in, or what its site can read, if either is news."""
        said = row.reads if reads is None else msgspec.json.encode(reads).decode()
        if row.state is not BundleState.SEALED and said == row.reads:
            return row
        now = self._clock.now()
        acked_at = row.acked_at or format_time(now)
        acked = replace(row, state=BundleState.ACKED, acked_at=acked_at, reads=said)
        takes = None if reads is None else reads.artifacts
        with self._journal.writing():
            self._journal.append([bundle_entry(acked)])
            self._bundles.ack(acked, now=now, takes=takes)
        return acked

    def adopt(self, receipt: Receipt) -> BundleRow:
        """Go on from a bundle that another store made, which is lost.

        What the site holds is not known, so the next bundle carries everything; it
        has the next number and builds on the tree head that the site trusts.

        Raises:
            UsageError: A later bundle was acknowledged here.
            StoreError: Journal or catalog cannot be written.
        """
        base = self._bundles.base(receipt.target, sealed=False)
        if base is not None and base.sequence >= receipt.sequence:
            raise UsageError(
                f"{receipt.target} acknowledged number {base.sequence} here, this"
                f" receipt is of {receipt.sequence}",
                hint=_SEE_LIST,
            )
        reads = receipt.reads
        applied_at = format_time(parse_time(receipt.applied_at))  # rows compare as text
        row = BundleRow(
            target=receipt.target,
            sequence=receipt.sequence,
            state=BundleState.ACKED,
            kind=BundleKind.FULL,
            base_sequence=None,
            bundle_id=receipt.bundle_id,
            tree_size=None if receipt.head is None else receipt.head.size,
            planned_at=applied_at,
            sealed_at=applied_at,
            acked_at=format_time(self._clock.now()),
            reads=None if reads is None else msgspec.json.encode(reads).decode(),
        )
        with self._journal.writing():
            self._journal.append([bundle_entry(row)])
            self._bundles.restore(row)
        return row

    def find(self, name: str) -> BundleRow:
        """Return the bundle that the beginning of an id names.

        Raises:
            UsageError: None or several are named so, or it is too short to tell.
        """
        if len(name) < MIN_PREFIX:
            raise UsageError(f"{name!r}: want {MIN_PREFIX} digits of its id at least")
        found = self._bundles.find(name)
        if len(found) != 1:
            count = "several bundles" if found else "no bundle"
            raise UsageError(f"{count} here with an id like {name!r}", hint=_SEE_LIST)
        return found[0]

    def revoke(self, row: BundleRow) -> BundleRow:
        """Make a bundle one that never arrived; what it brought travels again.

        Raises:
            StoreError: Journal or catalog cannot be written.
        """
        revoked = replace(row, state=BundleState.REVOKED, acked_at=None)
        with self._journal.writing():
            self._journal.append([bundle_entry(revoked)])
            self._bundles.revoke(row)
        return revoked
