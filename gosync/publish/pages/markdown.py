"""Markdown as HTML that can do nothing: no tag of its own, nothing fetched. Pure.

Markdown is read by markdown-it (CommonMark, with GitHub's tables); what it makes of it
is written here, token by token, so that a page has the elements of this list and no
others:

- HTML is not passed on: tags are left out, their text stays;
- an image is its description, nothing is fetched from anywhere;
- GitHub's alerts, quotes that begin with ``[!NOTE]``, begin with the word in bold;
- where a link leads, whoever asks for the HTML says; one that leads nowhere is text;
- headings are below the page's own, without gaps between their levels; they have
  anchors where these are asked for, named as GitHub names them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from html import escape, unescape
from itertools import starmap, zip_longest
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_MAX_NESTING: Final = 20
_SPAN_TAGS: Final = ("em", "strong", "s")
_TABLE_TAGS: Final = ("table", "thead", "tbody", "tr", "th", "td")
_PLAIN: Final = frozenset(
    {"p", "blockquote", "ul", "ol", "li", *_SPAN_TAGS, *_TABLE_TAGS}
)
_NO_NAME = re.compile(r"[^\w\- ]")
_EMPTY = re.compile(r"<(h[1-6]|p)[^>]*>\s*</\1>\n?")
_ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]")
_HIDDEN: Final = ("script", "style")


def markdown_html(
    text: str, link: Callable[[str], str], *, top: int = 0, anchors: bool = False
) -> str:
    """Return Markdown as HTML.

    Args:
        text: The Markdown.
        link: Returns the attributes of a link to an address, "" for none.
        top: The level of the heading that it is below, 0 for none.
        anchors: Whether headings have ids.
    """
    return _Writer(link, top, anchors=anchors).blocks(_parser().parse(text))


@cache
def _parser() -> MarkdownIt:
    """Return what reads Markdown; it keeps nothing of a text."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - 30 ms, for pages alone

    # Read as HTML, so that it is told from text; none of it is written.
    options = {"html": True, "maxNesting": _MAX_NESTING}
    return MarkdownIt("commonmark", options).enable(["table", "strikethrough"])


class _Writer:
    """Writes tokens as HTML."""

    def __init__(self, link: Callable[[str], str], top: int, *, anchors: bool) -> None:
        self._link = link
        self._top = self._level = top
        self._anchors: dict[str, int] | None = {} if anchors else None
        self._headings: list[str] = []

    def blocks(self, tokens: Sequence[Token]) -> str:
        """Return blocks; headings and paragraphs without a text are none."""
        pairs = zip_longest(tokens, tokens[1:])
        return _EMPTY.sub("", "".join(starmap(self._block, pairs)))

    def _block(self, token: Token, following: Token | None) -> str:
        kind = token.type
        if kind == "inline":
            return self._inline(token.children or ())
        if kind in _BLOCKS:
            return _BLOCKS[kind](token)
        if kind == "heading_open":
            text = "" if following is None else _plain(following.children or ())
            return f"<{self._heading(token.tag)}{self._anchor(text)}>"
        if kind == "heading_close":
            return f"</{self._headings.pop()}>\n"
        if token.hidden or token.tag not in _PLAIN:
            return ""
        return _element(token)

    def _heading(self, tag: str) -> str:
        """Return the element of a heading: below the page's own, without gaps."""
        wanted = self._top + int(tag[1:])
        self._level = min(wanted, self._level + 1, 6)
        self._headings.append(f"h{self._level}")
        return self._headings[-1]

    def _anchor(self, text: str) -> str:
        """Return the id of a heading as an attribute, "" where there are none."""
        if self._anchors is None:
            return ""
        name = _NO_NAME.sub("", text.strip().lower()).replace(" ", "-")
        again = self._anchors.get(name, 0)
        self._anchors[name] = again + 1
        return f' id="{escape(name)}{f"-{again}" if again else ""}"'

    def _inline(self, tokens: Sequence[Token]) -> str:
        """Return spans; a link without a text is none. Links have no links in them."""
        parts: list[str] = []
        address, start = "", 0
        for token in tokens:
            if token.type == "link_open":
                address, start = str(token.attrGet("href") or ""), len(parts)
            elif token.type == "link_close":
                parts[start:] = [self._linked(address, "".join(parts[start:]))]
            else:
                parts.append(_span(token))
        return "".join(parts)

    def _linked(self, address: str, inside: str) -> str:
        attributes = self._link(address) if inside.strip() else ""
        return f"<a {attributes}>{inside}</a>" if attributes else inside


def _span(token: Token) -> str:
    write = _SPANS.get(token.type)
    if write is not None:
        return write(token)
    return _element(token) if token.tag in _PLAIN else ""


def _element(token: Token) -> str:
    """Return a tag without attributes, as a token opens or closes its element."""
    if token.nesting < 0:
        if token.tag in _SPAN_TAGS:
            return f"</{token.tag}>"  # what follows may be a full stop
        end = "</div>" if token.tag == "table" else ""
        return f"</{token.tag}>{end}\n"
    start = "<div class=scroll tabindex=0>" if token.tag == "table" else ""
    return f"{start}<{token.tag}>"


def _words(token: Token) -> str:
    alert = _ALERT.fullmatch(token.content)
    return f"<strong>{alert[1].title()}:</strong>" if alert else escape(token.content)


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
    "text": _words,
    "code_inline": lambda token: f"<code>{escape(token.content)}</code>",
    "softbreak": lambda _: "\n",
    "hardbreak": lambda _: "<br>\n",
    "html_inline": lambda token: "<br>" if token.content.startswith("<br") else "",
    "image": _image,
}
