"""Opening gosync's own store to act on it, with leases of the versions acted on.

Others work on the store meanwhile. A version that is acted on is leased (``verify:M@V``
against another verify, ``fetch:M@V`` against who would fetch it); one that another run
has is left. Beyond ``MAX_VERSIONS`` the selection is leased instead, and pruning: each
transaction looks for all leases of its run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from gosync.catalog import leases
from gosync.clock import Clock
from gosync.errors import LockedError
from gosync.gomod.module import ModuleVersion
from gosync.site.opening import Opening
from gosync.site.site import Site, open_site
from gosync.site.standing import JOURNAL_TROUBLES, TREE_TROUBLES, Trouble
from gosync.verify.request import VerifyRequest

MAX_VERSIONS: Final = 256
_TO_MEND: Final = Opening(
    create=False, tolerate={Trouble.BLOBS_AWAY, *JOURNAL_TROUBLES, *TREE_TROUBLES}
)


@contextmanager
def open_to_act(request: VerifyRequest, clock: Clock) -> Iterator[Site]:
    """Open the store to be changed.

    Raises:
        LockedError: if another gosync makes its catalog anew.
        StoreError: if it cannot be written.
    """
    with open_site(
        request.own_site,
        command="gosync verify",
        wait_lock_seconds=request.wait_lock_seconds,
        clock=clock,
        opening=_TO_MEND,
    ) as site:
        yield site


@contextmanager
def hold_versions(
    site: Site, versions: Iterable[ModuleVersion]
) -> Iterator[dict[ModuleVersion, str]]:
    """Lease versions while the block runs; yield those that others have, and why.

    Before ``hold_tree``: leases are taken in one order (``gosync.catalog.leases``).

    Raises:
        LockedError: if there are many, and another run makes the selection.
        StoreError: if the catalog cannot be written.
    """
    wanted = sorted(versions)
    held: dict[ModuleVersion, str] = {}
    with ExitStack() as stack:
        if len(wanted) > MAX_VERSIONS:
            for name in (leases.SELECT, leases.PRUNE):
                stack.enter_context(site.hold(name))
            wanted = []
        for mv in wanted:
            try:
                for name in (leases.verify_lease(mv), leases.fetch_lease(mv)):
                    stack.enter_context(site.hold(name))
            except LockedError as exc:
                held[mv] = str(exc)
        yield held


@contextmanager
def hold_tree(site: Site) -> Iterator[None]:
    """Lease the published tree while blobs go that a publish might link.

    Raises:
        LockedError: if another run publishes it, still after the time to wait.
        StoreError: if the catalog cannot be written.
    """
    with site.hold(leases.publish_lease(site.options.tree_path)):
        yield
