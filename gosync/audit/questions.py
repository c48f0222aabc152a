"""Questions of an audit: all about what trees show, each with its source.

A public module is asked of every upstream, so that they can be compared; a private
one only of the private upstream that gave us what is held, or, where that is not known,
of the first one, which every sync asks first anyway. What its author says of a module
is asked of one upstream alone, the first that lists it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

from gosync.audit.answers import ListAnswer, parse_answer
from gosync.audit.options import AuditOptions
from gosync.audit.origins import Repository, host_of, repository_of
from gosync.catalog.findings import Finding, FindingKind
from gosync.catalog.looks import Listing, Question
from gosync.catalog.versions import Need, VersionRow
from gosync.errors import RejectedError
from gosync.gomod.filekind import FileKind
from gosync.gomod.info import Origin, parse_info
from gosync.gomod.module import ModuleVersion
from gosync.site.site import Site
from gosync.store.digest import Digest
from gosync.upstream.goproxy import DIRECT, OFF, ProxyEntry
from gosync.upstream.route import private_entries
from gosync.upstream.urls import strip_secrets

GIT_PREFIX = "git "
INDEX_QUESTION = ModuleVersion("", "")  # the one question to the index


class Questions:
    """What one site asks, with these options."""

    def __init__(self, site: Site, options: AuditOptions) -> None:
        self._site = site
        self._options = options
        self.proxies: dict[str, ProxyEntry] = {
            entry.shown_url: entry
            for entry in site.options.proxies.entries
            if entry.url not in (DIRECT, OFF)
        }
        # A followed gosync is asked for no page of one event: a pass sees all of it.
        followed = bool(site.options.follow_url)
        self.index = "" if followed else strip_secrets(site.options.index_url)

    def all(self) -> Iterator[Question]:
        """Yield every question.

        Raises:
            StoreError: if the catalog or a blob cannot be read.
        """
        if self.index:
            yield Question(
                self.index, INDEX_QUESTION.path, INDEX_QUESTION.version, Listing.INDEX
            )
        rows = self._site.catalog.versions.all_rows()
        for path, group in groupby(rows, key=attrgetter("path")):
            held = [row for row in group if row.published is not None]
            if held:
                yield from self._of_module(path, held)

    def held(self, path: str) -> list[VersionRow]:
        """Return what trees show of a module.

        Raises:
            CatalogError: if the catalog cannot be read.
        """
        rows = self._site.catalog.versions.carried(path)
        return [row for row in rows if row.published is not None]

    def _of_module(self, path: str, held: list[VersionRow]) -> Iterator[Question]:
        sources = self._sources(path, held)
        for source in sources:
            yield Question(source, path, "", Listing.LIST)
            for row in held:
                yield Question(source, path, row.version, FileKind.MOD)
                if row.published is Need.ZIP:
                    yield Question(source, path, row.version, FileKind.INFO)
                    yield Question(source, path, row.version, FileKind.ZIP)
        if sources:
            yield Question(self._speaker(path, sources), path, "", Listing.NEWEST)
        if repository := self._repository(held):
            yield Question(f"{GIT_PREFIX}{repository.host}", path, "", Listing.REFS)

    def _sources(self, path: str, held: list[VersionRow]) -> list[str]:
        if not self._site.options.policy.is_private(path):
            return list(self.proxies)
        options = self._site.options
        if options.routing.own_source(path) is not None:
            return []  # no proxy may hear of it; a tag that moved is refused by its pin
        entries = private_entries(options.proxies, options.routing)
        private = [each.shown_url for each in entries if each.shown_url in self.proxies]
        givers = {self._giver(row) for row in held}
        return [each for each in private if each in givers] or private[:1]

    def _speaker(self, path: str, sources: list[str]) -> str:
        looks = {
            look.source: look
            for look in self._site.catalog.looks.of(ModuleVersion(path, ""))
            if look.what is Listing.LIST
        }
        for source in sources:
            said = parse_answer(looks.get(source), ListAnswer)
            if said.had and not said.no:
                return source
        return sources[0]

    def may_ask(self, finding: Finding) -> bool:
        """Whether who said so is an upstream still, or a host of repositories."""
        if finding.kind is FindingKind.MOVED:
            return host_of(finding.source) in self._options.git_hosts
        return finding.source in {*self.proxies, self.index}

    def gave_ours(self, source: str, row: VersionRow) -> bool:
        """Whether what is held of a version came from this upstream."""
        return source == self._giver(row)

    def _giver(self, row: VersionRow) -> str | None:
        """Return who gave a version; where nobody can tell, who is asked first."""
        giver = self._site.options.proxies.source_of(row.source_url or "")
        return giver if giver is not None else next(iter(self.proxies), None)

    def repository(self, path: str) -> Repository | None:
        """Return the repository of a module, if it may be asked.

        Raises:
            StoreError: if a blob cannot be read.
        """
        return self._repository(self.held(path))

    def _repository(self, held: list[VersionRow]) -> Repository | None:
        if not self._options.git_hosts:
            return None
        for row in reversed(held):
            if found := repository_of(self.origin(row), self._options.git_hosts):
                return found
        return None

    def origin(self, row: VersionRow) -> Origin | None:
        """Return where a version says it came from.

        Raises:
            StoreError: if its blob cannot be read.
        """
        if row.info_digest is None or row.commit_hash is None:
            return None
        try:
            return parse_info(self._site.blobs.read(Digest(row.info_digest))).origin
        except RejectedError:
            return None
