"""All that the followed gosync has is wanted, where the configuration selects nothing.

So a mirror of a mirror needs no selects: it has what the other one has, go.mod files
that are there alone too, as its index names them (``site.followed``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from gosync.catalog.versions import FoundBy, Need, Want
from gosync.errors import MalformedError
from gosync.folder.indexfiles import IndexKind, IndexLine
from gosync.gomod import module
from gosync.site.followed import FollowedFiles
from gosync.site.options import SiteOptions
from gosync.sync.recorded import RecordedBuild, read_records
from gosync.upstream.indexpage import time_key
from gosync.upstream.urls import strip_secrets

_NEEDS = {IndexKind.WHOLE: Need.ZIP, IndexKind.MOD: Need.MOD}


class FollowedMirror:
    """What the followed gosync has.

    Attributes:
        who: What plans and reasons call it.
        digest: Changes when its index does; "" where it was never had.
    """

    def __init__(self, options: SiteOptions) -> None:
        """Take what the store keeps of it."""
        self._files = FollowedFiles(options.store_path)
        self.who = f"follow {strip_secrets(options.follow_url)}"
        state = self._files.state()
        self.digest = "" if state is None else state.files

    @property
    def is_known(self) -> bool:
        """Whether its index was ever had whole."""
        return bool(self.digest)

    def wants(self) -> Iterator[Want]:
        """Yield what it has, as wanted versions; what is no version is left out.

        Raises:
            StoreError: its index cannot be read.
        """
        for kind, need in _NEEDS.items():
            for line in self._files.lines(kind):
                if _is_sound(line):
                    at = f"{time_key(line.timestamp)}Z"
                    yield Want(line.path, line.version, need, FoundBy.INDEX, at)


def _is_sound(line: IndexLine) -> bool:
    try:
        module.check(line.path, line.version)
        time_key(line.timestamp)
    except MalformedError:
        return False
    return module.canonical_version(line.version) == line.version


Named: TypeAlias = RecordedBuild | FollowedMirror


def followed_mirror(options: SiteOptions) -> FollowedMirror | None:
    """Return the followed gosync where all of it is wanted, else None."""
    return FollowedMirror(options) if options.mirrors_all else None


def read_named(options: SiteOptions) -> tuple[Named, ...]:
    """Return what names versions exactly: records of builds, and a followed gosync.

    Raises:
        ConfigError: a record is not there, or is none.
    """
    followed = followed_mirror(options)
    records = read_records(options.recorded)
    return records if followed is None else (*records, followed)
