"""An answer of a web server, after redirects. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class WebAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer, after redirects.

    Attributes:
        url: Where it came from, without secrets.
        status: Its status.
        headers: Its header fields, names in lower case.
        body: Its body, cut off at the limit; b"" where it went to a sink.
        size_bytes: How much of the body came.
        is_whole: Whether the body came to its end.
        hops: The URLs that redirected, in order.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    size_bytes: int
    is_whole: bool = True
    hops: tuple[str, ...] = ()

    @property
    def content_type(self) -> str:
        """The kind of content, in lower case and without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people."""
        begin = self.body.lstrip()[:15].lower()
        return self.content_type == "text/html" or begin.startswith(
            (b"<!doctype html", b"<html")
        )
