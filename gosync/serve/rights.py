"""Who may read what: rules over modules, for clients with and without a login. Pure.

The first rule that names a module decides: its users may read it, all files of it and
its records in the checksum database; "*" is everybody. Without such a rule any login
may. What tells of many modules at once (pages, search, the feeds, status.json,
documents such as decisions) is for those who may read whatever a rule keeps from
others, so that no name is told to who may not read the module. A module's page names
the modules that need it, so it is for those who may read all of them, too. Everything
else (tiles, tree heads) is for any login.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from html import unescape
from typing import Final
from urllib.parse import unquote, urljoin

from gosync.artifact import DOCUMENT
from gosync.folder.requests import ProxyRequestKind
from gosync.folder.routes import ARTIFACT_FOLDERS
from gosync.gomod.patterns import PatternSet
from gosync.serve.asked import Asked, read_path

EVERYBODY: Final = "*"

_TELLING: Final = frozenset({"page"})
_DOCUMENTS: Final = f"{ARTIFACT_FOLDERS[DOCUMENT]}/"
_LINK: Final = re.compile(rb'href="([^"]*)"')


class ReadVerdict(Enum):
    """What becomes of a request."""

    ALLOWED = "allowed"
    LOGIN_NEEDED = "a login is needed"
    FORBIDDEN = "not for this login"


class ReadRights:
    """The rules of a server with logins."""

    def __init__(self, rules: Iterable[tuple[Sequence[str], Iterable[str]]]) -> None:
        """Take the rules: GOPRIVATE patterns, and who may read these modules."""
        self._rules = [
            (PatternSet(modules), frozenset(users)) for modules, users in rules
        ]

    def judge(self, asked: Asked, user: str | None) -> ReadVerdict:
        """Return whether a client may read something.

        Args:
            asked: What it asks for.
            user: Whose login it has, None without one.
        """
        if asked.module:
            users = self._users_of(asked.module)
        elif asked.kind in _TELLING or asked.path.startswith(_DOCUMENTS):
            return self._judge_telling(user)
        else:
            users = None
        return self._verdict(
            user, may=user is not None and _holds(users, user), users=users
        )

    def may_judge_page(self, asked: Asked, user: str | None) -> bool:
        """Return whether what a module's page says decides who may read it."""
        request = asked.request
        is_page = request is not None and request.kind is ProxyRequestKind.MODULE_PAGE
        return is_page and self._judge_telling(user) is not ReadVerdict.ALLOWED

    def judge_page(self, asked: Asked, page: bytes, user: str | None) -> ReadVerdict:
        """Return whether a client may read all the modules that a page links to.

        Args:
            asked: The page.
            page: Its HTML.
            user: Whose login the client has, None without one.
        """
        verdicts = (self.judge(each, user) for each in _linked(asked, page))
        hidden = (each for each in verdicts if each is not ReadVerdict.ALLOWED)
        return next(hidden, ReadVerdict.ALLOWED)

    def _users_of(self, module: str) -> frozenset[str] | None:
        for patterns, users in self._rules:
            if patterns.match(module):
                return users
        return None

    def _judge_telling(self, user: str | None) -> ReadVerdict:
        kept = [users for _, users in self._rules if EVERYBODY not in users]
        may = user is not None and all(user in users for users in kept)
        return self._verdict(user, may=may, users=None)

    def _verdict(
        self, user: str | None, *, may: bool, users: frozenset[str] | None
    ) -> ReadVerdict:
        if may or (users is not None and EVERYBODY in users):
            return ReadVerdict.ALLOWED
        return ReadVerdict.LOGIN_NEEDED if user is None else ReadVerdict.FORBIDDEN


def _linked(asked: Asked, page: bytes) -> Iterator[Asked]:
    """Yield what of modules a page links to."""
    for link in _LINK.findall(page):
        path = urljoin(f"/{asked.path}", unescape(link.decode("utf-8", "replace")))
        linked = read_path(unquote(path.partition("#")[0]))
        if linked is not None and linked.module:
            yield linked


def _holds(users: frozenset[str] | None, user: str) -> bool:
    return users is None or user in users
