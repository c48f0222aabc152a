"""Reports of ``gosync serve``: the fields are the JSON documents' keys. Pure."""

from __future__ import annotations

import msgspec


class ServedTreeReport(msgspec.Struct, frozen=True, kw_only=True):
    """A tree that is served now.

    Attributes:
        url: At which address.
        tree: Its folder.
    """

    url: str
    tree: str


class NewLoginReport(msgspec.Struct, frozen=True, kw_only=True):
    """A login that was made.

    Attributes:
        line: Its line of the file of logins.
    """

    line: str


class NewTokenReport(msgspec.Struct, frozen=True, kw_only=True):
    """A token that was made.

    Attributes:
        token: The token, which is shown this once.
        line: Its line of the file of logins.
    """

    token: str
    line: str
