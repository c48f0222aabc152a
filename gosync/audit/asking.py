"""Questions to one proxy: about a version's files, or about a module."""

from __future__ import annotations

from gosync.audit.metered import MeteredAnswer, MeteredProxy
from gosync.audit.modulelists import ModuleAsker
from gosync.audit.questions import Questions
from gosync.audit.versionfiles import FileAsker
from gosync.catalog.looks import Listing, Look
from gosync.gomod.filekind import FileKind
from gosync.site.site import Site
from gosync.work.progress import Progress


class ProxyAsker:
    """Asks one proxy."""

    def __init__(
        self, site: Site, questions: Questions, proxy: MeteredProxy, progress: Progress
    ) -> None:
        self._files = FileAsker(site, questions, proxy, progress)
        self._modules = ModuleAsker(site, questions, proxy)

    async def ask(self, look: Look) -> MeteredAnswer:
        """Ask a question.

        Raises:
            BudgetSpentError: if no request is left.
            UnavailableError: if there is no answer.
            RejectedError: if the answer makes no sense.
            StoreError: if the store or the catalog cannot be read or written.
        """
        if isinstance(look.what, FileKind):
            return await self._files.ask(look)
        if look.what is Listing.LIST:
            return await self._modules.ask_list(look)
        return await self._modules.ask_newest(look)
