"""Question to a module's repository: which commits its tags name."""

from __future__ import annotations

from gosync.audit.answers import RefsAnswer
from gosync.audit.budget import Budget
from gosync.audit.git import tag_commits
from gosync.audit.metered import MeteredAnswer
from gosync.audit.questions import Questions
from gosync.catalog.looks import Look
from gosync.site.site import Site


class SourceAsker:
    """Asks repositories of one host."""

    def __init__(self, site: Site, questions: Questions, budget: Budget) -> None:
        self._site = site
        self._questions = questions
        self._budget = budget

    async def ask(self, look: Look) -> MeteredAnswer:
        """Ask for the commits of a module's tags; one request answers for all.

        Raises:
            BudgetSpentError: if no request is left.
            UnavailableError: if there is no answer, or no git.
            StoreError: if the store or the catalog cannot be read or written.
        """
        repository = self._questions.repository(look.path)
        if repository is None:
            return MeteredAnswer(RefsAnswer(), asked=False)
        self._budget.take()
        http = self._site.options.http
        tags = await tag_commits(
            repository.url, seconds=http.total_seconds, ca_file=http.ca_file
        )
        origins = map(self._questions.origin, self._questions.held(look.path))
        commits = {
            origin.ref: tags.get(origin.ref, "")
            for origin in origins
            if origin is not None and origin.url == repository.url
        }
        return MeteredAnswer(RefsAnswer(had=True, url=repository.url, commits=commits))
