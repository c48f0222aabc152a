"""What modules' pages are made with, besides what the catalog says. Pure."""

from __future__ import annotations

import msgspec


class PageOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What modules' pages are made with.

    Attributes:
        languages: The languages that the tree has its pages in, "en" and "zh"; those of
            the first one are called ``index.html``.
        pkgsite: The address of a pkgsite that shows documentation, "" for none.
        precompress: Of which codings texts have compressed copies: br, gzip, zstd.
    """

    languages: tuple[str, ...] = ("en",)
    pkgsite: str = ""
    precompress: tuple[str, ...] = ()
