"""Folder listing of a web server, read for the versions of a module. Pure.

A static mirror without ``@v/list`` may show its folder ``@v/`` as a page of links, as
nginx's autoindex, Apache and Caddy do. A version counts that has a link to its ``.mod``
or ``.info``. What else is on the page is passed over, and what is no version is refused
where lists are read.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from gosync.errors import MalformedError
from gosync.gomod.module import unescape_version
from gosync.pattern import compile_on_use

_LINK: Final = compile_on_use(
    rb"""href\s*=\s*["']?(?:\./|[^"'>\s]*/@v/)?([^"'>\s/?#]{1,300})\.(?:info|mod)["'>\s]""",
    re.IGNORECASE,
)


def versions_of_folder(page: bytes) -> tuple[str, ...]:
    """Return the versions that a page links to, in its order, each once."""
    found: dict[str, None] = {}
    for match in _LINK.finditer(page):
        try:
            found[unescape_version(unquote(match[1].decode("ascii")))] = None
        except (MalformedError, UnicodeDecodeError):
            continue
    return tuple(found)
