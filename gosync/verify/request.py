"""Request to verify: the target, whose proofs count, and how much is done."""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from gosync.errors import UsageError
from gosync.folder.layouts import TargetKind
from gosync.site.options import SiteOptions
from gosync.store.objects.location import BucketLocation

_STATE_HOME: Final = "gosync/verify"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much is done in one run.

    Attributes:
        subset: Which part of how many, or None for all.
        max_age: Proofs that are younger count as they are; None for none.
        max_duration: When to stop.
        fresh: Whether an interrupted round is begun anew.
    """

    subset: tuple[int, int] | None = None
    max_age: timedelta | None = None
    max_duration: timedelta | None = None
    fresh: bool = False


class VerifyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for.

    Attributes:
        path: The target's folder or file.
        url: The target, if it is a proxy's address.
        bucket: The target, if it is a tree in a bucket.
        modules: What is looked at of a proxy: ``path`` or ``path@version``.
        kind: What it is, None to find out.
        site: The configuration: store, proxies, database.
        private: GOPRIVATE patterns.
        offline: Whether the network is left alone.
        proofs: Trees that hold a part of the checksum database.
        sums: go.sum files that vouch for private modules.
        state: Where results and what is moved aside are kept, None for the default.
        limits: How much is done.
        wait_lock_seconds: How long to wait for the store's lock, to act on it.
    """

    path: Path
    url: str = ""
    bucket: BucketLocation | None = None
    modules: tuple[str, ...] = ()
    kind: TargetKind | None = None
    site: SiteOptions
    private: tuple[str, ...] = ()
    offline: bool = False
    proofs: tuple[Path, ...] = ()
    sums: tuple[Path, ...] = ()
    state: Path | None = None
    limits: Limits = msgspec.field(default_factory=Limits)
    wait_lock_seconds: float = 0.0

    @property
    def own_site(self) -> SiteOptions:
        """The options of the store that is the target: the configured one, or another.

        Of another one the folder is named, and its blobs are there.
        """
        if self.path.resolve() == self.site.store_path.resolve():
            return self.site
        return replace(self.site, store_path=self.path, bucket=None)

    @property
    def state_folder(self) -> Path:
        """Where results are kept; a folder of its own for each target."""
        if self.state is not None:
            return self.state
        home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
        whole = self.url or str(self.bucket or self.path.resolve())
        digest = hashlib.sha256(os.fsencode(whole)).hexdigest()[:12]
        name = "proxy" if self.url else self.path.resolve().name or "root"
        try:
            return Path(home).expanduser() / _STATE_HOME / f"{name}-{digest}"
        except RuntimeError as exc:
            raise UsageError(
                "there is no home folder to keep results in",
                hint="set HOME, or name a folder with --state DIR",
            ) from exc
