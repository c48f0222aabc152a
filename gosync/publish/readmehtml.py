"""A README as HTML that can do nothing: no tag of its own, nothing fetched. Pure.

Markdown is read by markdown-it (CommonMark, with GitHub's tables); what it makes of it
is written here, token by token, so that a page has the elements of this list and no
others:

- HTML in a README is not passed on: tags are left out, their text stays;
- an image is its description, nothing is fetched from anywhere;
- a link leads to ``http``, ``https`` or ``mailto`` and tells nobody where from
  (``nofollow noopener noreferrer``); one within the repository is its text alone;
- headings are below the page's own, without gaps between their levels;
- control characters and marks of writing direction are shown as escapes.

What is not Markdown is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape, unescape
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from gosync.gomod.readme import Readme
from gosync.text import printable

if TYPE_CHECKING:
    from markdown_it.token import Token

_MAX_NESTING: Final = 20
_MAX_LINK: Final = 2_000
_TOP: Final = 2  # the level of the section's own heading
_SCHEMES: Final = frozenset({"http", "https", "mailto"})
_REL: Final = "nofollow noopener noreferrer"
_PLAIN: Final = frozenset(
    [
        "p",
        "blockquote",
        "ul",
        "ol",
        "li",
        "em",
        "strong",
        "s",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ]
)
_UNSAFE = re.compile(r"[^\n\t\x20-\x7e]")
_EMPTY = re.compile(r"<(h[3-6]|p)>\s*</\1>\n?")
_HIDDEN: Final = ("script", "style")
# Parts of emoji, and others without a shape.
_JOINERS: Final = "\u200b\u200c\u200d\u2060\ufeff"


def readme_html(readme: Readme) -> str:
    """Return the text of a README as HTML, "" for an empty one."""
    text = _UNSAFE.sub(lambda found: _shown(found[0]), _lines(readme.text)).strip("\n")
    if not text.strip():
        return ""
    if not readme.is_markdown:
        return f"<pre tabindex=0>{escape(text)}</pre>"
    return _Writer().blocks(_parsed(text))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _shown(character: str) -> str:
    if character in _JOINERS:
        return ""
    return printable(character) if not character.isspace() else " "


def _parsed(text: str) -> list[Token]:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - 30 ms, for pages alone

    # Read as HTML, so that it is told from text; none of it is written.
    options = {"html": True, "maxNesting": _MAX_NESTING}
    markdown = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    return markdown.parse(text)


class _Writer:
    """Writes tokens as HTML."""

    def __init__(self) -> None:
        self._level = _TOP
        self._headings: list[str] = []

    def blocks(self, tokens: Sequence[Token]) -> str:
        """Return blocks; headings and paragraphs without a text are none."""
        return _EMPTY.sub("", "".join(map(self._block, tokens)))

    def _block(self, token: Token) -> str:
        kind = token.type
        if kind == "inline":
            return self._inline(token.children or ())
        if kind in _BLOCKS:
            return _BLOCKS[kind](token)
        if kind == "heading_open":
            return f"<{self._heading(token.tag)}>"
        if kind == "heading_close":
            return f"</{self._headings.pop()}>\n"
        if token.hidden or token.tag not in _PLAIN:
            return ""
        return _element(token)

    def _heading(self, tag: str) -> str:
        """Return the element of a heading: below the page's own, without gaps."""
        wanted = _TOP + int(tag[1:])
        self._level = min(wanted, self._level + 1, 6)
        self._headings.append(f"h{self._level}")
        return self._headings[-1]

    def _inline(self, tokens: Sequence[Token]) -> str:
        """Return spans; a link without a text is none. Links have no links in them."""
        parts: list[str] = []
        address, start = "", 0
        for token in tokens:
            if token.type == "link_open":
                address, start = str(token.attrGet("href") or ""), len(parts)
            elif token.type == "link_close":
                parts[start:] = [_link(address, "".join(parts[start:]))]
            else:
                parts.append(_span(token))
        return "".join(parts)


def _span(token: Token) -> str:
    write = _SPANS.get(token.type)
    if write is not None:
        return write(token)
    return _element(token) if token.tag in _PLAIN else ""


def _link(address: str, inside: str) -> str:
    if not inside.strip() or not _leads_out(address):
        return inside
    return f'<a href="{escape(address)}" rel="{_REL}">{inside}</a>'


def _element(token: Token) -> str:
    """Return a tag without attributes, as a token opens or closes its element."""
    if token.nesting < 0:
        end = "</div>" if token.tag == "table" else ""
        return f"</{token.tag}>{end}\n"
    start = "<div class=scroll tabindex=0>" if token.tag == "table" else ""
    return f"{start}<{token.tag}>"


def _leads_out(address: str) -> bool:
    """Return whether an address is one of the web or of mail, and whole."""
    if len(address) > _MAX_LINK or not address.isascii():
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    is_mail = parts.scheme == "mailto"
    return parts.scheme in _SCHEMES and (is_mail or bool(parts.hostname))


def _image(token: Token) -> str:
    text = " ".join(_plain(token.children or ()).split())
    return f"<small>{escape(text)}</small>" if text else ""


def _plain(tokens: Sequence[Token]) -> str:
    return "".join(
        token.content or _plain(token.children or ()) or " " for token in tokens
    )


def _text_of(markup: str) -> str:
    """Return the text between tags, escaped; what a browser would hide left out."""
    return escape(unescape("".join(_between_tags(markup))))


def _between_tags(markup: str) -> Iterator[str]:
    while markup:
        text, opened, rest = markup.partition("<")
        yield text
        if not opened:
            return
        if rest.startswith("!--"):
            markup = rest.partition("-->")[2]
            continue
        tag, _, markup = rest.partition(">")
        name = tag.split(maxsplit=1)[0].lower() if tag.split() else ""
        if name in _HIDDEN:
            markup = _after(markup, f"</{name}")
        elif name in ("br", "br/", "li", "tr", "p", "div"):
            yield " "


def _after(markup: str, end: str) -> str:
    at = markup.lower().find(end)
    return "" if at < 0 else markup[at:].partition(">")[2]


def _code(token: Token) -> str:
    return f"<pre tabindex=0><code>{escape(token.content)}</code></pre>\n"


def _markup(token: Token) -> str:
    text = _text_of(token.content)
    return f"<p>{text}</p>\n" if text.strip() else ""


_BLOCKS: Final[dict[str, Callable[[Token], str]]] = {
    "fence": _code,
    "code_block": _code,
    "html_block": _markup,
    "hr": lambda _: "<hr>\n",
}
_SPANS: Final[dict[str, Callable[[Token], str]]] = {
    "text": lambda token: escape(token.content),
    "code_inline": lambda token: f"<code>{escape(token.content)}</code>",
    "softbreak": lambda _: "\n",
    "hardbreak": lambda _: "<br>\n",
    "html_inline": lambda token: "<br>" if token.content.startswith("<br") else "",
    "image": _image,
}
