"""Module versions: what is wanted, what is carried, what is left to do.

A row's *state* says what work is left; what is *carried* is said by its digests.
The two differ while a version that has its ``.mod`` waits for its ``.zip``, and
after an upstream dropped a version that we keep:

    wanted    to be fetched
    present   everything it needs is in the store, proven
    failed    no answer, or none that helps; tried again at the failure's time
    rejected  bytes came and broke a rule; tried again likewise
    gone      a definite no (404, 410); tried again likewise, or when the index
              names it anew
    omitted   its zip is larger than whoever selects it wants it, or the policy denies
              it; no failure
    forgotten a tombstone: nothing of it is carried, and trees have yet to follow

A version that is *withdrawn* (``gosync.catalog.withdrawn``) keeps its state and its
blobs; it is neither fetched nor shown, nor missing, nor pruned. Of one that the policy
*denied* (``gosync.catalog.rulings``) the same holds for its zip.

Every change that a published tree must follow takes the next number of the
counter ``changed``; all rows of one call share it. The table itself is in
``version_table``, the selection in ``selected``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from gosync.gomod.filekind import FileKind
from gosync.gomod.module import OfVersion


class State(StrEnum):
    """What work is left for a version."""

    WANTED = "wanted"
    PRESENT = "present"
    FAILED = "failed"
    REJECTED = "rejected"
    GONE = "gone"
    OMITTED = "omitted"
    FORGOTTEN = "forgotten"


class Need(StrEnum):
    """How much of a version is needed: all of it, or its ``.mod`` alone."""

    ZIP = "zip"
    MOD = "mod"


class VersionRole(StrEnum):
    """What a version is selected for.

    Attributes:
        CHOSEN: A select names or chooses it, or a command asked for it.
        DEPENDENCY: Another version or a project needs it.
        TOOL: It is a go toolchain.
    """

    CHOSEN = "chosen"
    DEPENDENCY = "dependency"
    TOOL = "tool"


class FoundBy(StrEnum):
    """What named the version first, for the role that it is selected in."""

    INDEX = "index"
    LIST = "list"
    LATEST = "latest"
    CONFIG = "config"
    COMMAND = "command"
    PROJECT = "project"
    DEPENDENCY = "dependency"
    TOOLCHAIN = "toolchain"

    @property
    def role(self) -> VersionRole:
        """The role of what is named so."""
        if self is FoundBy.TOOLCHAIN:
            return VersionRole.TOOL
        needed = self in (FoundBy.PROJECT, FoundBy.DEPENDENCY)
        return VersionRole.DEPENDENCY if needed else VersionRole.CHOSEN


class Proof(StrEnum):
    """Who vouches for the h1: the checksum database, or our first sight."""

    SUMDB = "sumdb"
    PINNED = "pinned"


class Want(OfVersion, msgspec.Struct, frozen=True, gc=False):
    """A version that somebody named.

    Attributes:
        path: The module path, checked.
        version: The canonical version, checked.
        need: How much of it is needed.
        found_by: What named it.
        index_time: The index's time stamp, when the index named it.
        max_zip_bytes: The largest zip that is wanted, None for no limit.
    """

    path: str
    version: str
    need: Need = Need.ZIP
    found_by: FoundBy = FoundBy.CONFIG
    index_time: str | None = None
    max_zip_bytes: int | None = None


class BlobRef(NamedTuple):
    """A blob that a row names.

    Attributes:
        digest: Its SHA-256, 64 hex digits.
        size_bytes: Its size, None where the row does not say.
    """

    digest: str
    size_bytes: int | None


class ModuleCount(NamedTuple):
    """How many versions of a module there are.

    Attributes:
        path: The module.
        whole: Versions that are carried whole.
        dependencies: Those of them that others need.
        tools: Those of them that are go toolchains.
        go_mods: Versions of which the ``.mod`` alone is carried.
        not_here: Versions of which nothing is carried.
    """

    path: str
    whole: int
    dependencies: int
    tools: int
    go_mods: int
    not_here: int


class VersionRow(OfVersion, msgspec.Struct, frozen=True, gc=False):
    """One version; the fields are the table's columns, in their order.

    Attributes:
        path: The module path.
        version: The canonical version.
        state: What work is left.
        need: How much of it is needed.
        found_by: What named it first.
        index_time: The index's newest time stamp for it.
        selected: How much of it the present selection wants, None for nothing.
        unselected_at: Since when less is wanted than there is, or None.
        max_zip_bytes: The largest zip that is wanted, None for no limit.
        info_digest: The blob of its ``.info``.
        info_bytes: That blob's size.
        mod_digest: The blob of its ``.mod``; set means that it is carried.
        mod_bytes: That blob's size.
        mod_h1: The ``h1:`` of its go.mod.
        zip_digest: The blob of its ``.zip``; set means that it is carried whole.
        zip_bytes: That blob's size.
        zip_h1: The ``h1:`` of its zip.
        proof: Who vouches for the two h1.
        record_id: The record's number in the checksum database.
        record_text: The proven record's text, byte for byte.
        source_url: Where the newest part was fetched, without credentials.
        commit_hash: Origin.Hash of its ``.info``.
        version_time: Time of its ``.info``.
        admitted_at: When the gate admitted it last.
        changed: The number of its last change that trees must follow.
        withdrawn: Whether nobody is to be given it any more.
        oddity: What is odd about it though its record proves it, or None.
        denied: Whether the policy keeps its zip out.
    """

    path: str
    version: str
    state: State = State.WANTED
    need: Need = Need.ZIP
    found_by: FoundBy = FoundBy.CONFIG
    index_time: str | None = None
    selected: Need | None = None
    unselected_at: str | None = None
    max_zip_bytes: int | None = None
    info_digest: str | None = None
    info_bytes: int | None = None
    mod_digest: str | None = None
    mod_bytes: int | None = None
    mod_h1: str | None = None
    zip_digest: str | None = None
    zip_bytes: int | None = None
    zip_h1: str | None = None
    proof: Proof | None = None
    record_id: int | None = None
    record_text: bytes | None = None
    source_url: str | None = None
    commit_hash: str | None = None
    version_time: str | None = None
    admitted_at: str | None = None
    changed: int = 0
    withdrawn: bool = False
    oddity: str | None = None
    denied: bool = False

    def blobs(self) -> dict[FileKind, BlobRef]:
        """Return the blobs that the row names, by the files that they are."""
        found = {}
        if self.info_digest is not None:
            found[FileKind.INFO] = BlobRef(self.info_digest, self.info_bytes)
        if self.mod_digest is not None:
            found[FileKind.MOD] = BlobRef(self.mod_digest, self.mod_bytes)
        if self.zip_digest is not None:
            found[FileKind.ZIP] = BlobRef(self.zip_digest, self.zip_bytes)
        return found

    @property
    def carried(self) -> Need | None:
        """What the store has of it: ZIP (all), MOD (``.mod`` alone) or None."""
        if self.zip_digest is not None:
            return Need.ZIP
        return None if self.mod_digest is None else Need.MOD

    @property
    def published(self) -> Need | None:
        """What trees show of it: what is carried, once something has selected it.

        A go.mod that was only read to find out what is needed waits until then.
        Nothing of what was withdrawn, and of what is denied the ``.mod`` alone.
        """
        if self.withdrawn:
            return None
        unselected = self.selected is None and self.unselected_at is None
        if self.found_by is FoundBy.DEPENDENCY and unselected:
            return None
        return Need.MOD if self.denied and self.carried else self.carried

    @property
    def is_listed(self) -> bool:
        """Whether trees show it, and all that is needed of it is here."""
        is_whole = self.state is State.PRESENT or self.selected is None
        return is_whole and self.published is not None
