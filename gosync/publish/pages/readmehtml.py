"""A README as HTML that can do nothing, by ``markdown``. Pure.

A link leads to ``http``, ``https`` or ``mailto`` and tells nobody where from
(``nofollow noopener noreferrer``); one within the repository is its text alone. Control
characters and marks of writing direction are shown as escapes. What is not Markdown is
shown as it is.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final
from urllib.parse import urlsplit

from gosync.gomod.readme import Readme
from gosync.publish.pages.markdown import markdown_html
from gosync.text import printable

_TOP: Final = 2  # the level of the section's own heading
_MAX_LINK: Final = 2_000
_SCHEMES: Final = frozenset({"http", "https", "mailto"})
_REL: Final = "nofollow noopener noreferrer"
_UNSAFE = re.compile(r"[^\n\t\x20-\x7e]")
# Parts of emoji, and others without a shape.
_JOINERS: Final = "\u200b\u200c\u200d\u2060\ufeff"


def readme_html(readme: Readme) -> str:
    """Return the text of a README as HTML, "" for an empty one."""
    text = _UNSAFE.sub(lambda found: _shown(found[0]), _lines(readme.text)).strip("\n")
    if not text.strip():
        return ""
    if not readme.is_markdown:
        return f"<pre tabindex=0>{escape(text)}</pre>"
    return markdown_html(text, _link, top=_TOP)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _shown(character: str) -> str:
    if character in _JOINERS:
        return ""
    return printable(character) if not character.isspace() else " "


def _link(address: str) -> str:
    """Return the attributes of a link that leads out, "" for any other."""
    if len(address) > _MAX_LINK or not address.isascii() or not _leads_out(address):
        return ""
    return f'href="{escape(address)}" rel="{_REL}"'


def _leads_out(address: str) -> bool:
    """Return whether an address is one of the web or of mail, and whole."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    is_mail = parts.scheme == "mailto"
    return parts.scheme in _SCHEMES and (is_mail or bool(parts.hostname))
