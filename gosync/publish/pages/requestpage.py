"""The page of what was asked for and what became of it. Pure.

It is a document that bundles carry: ``documents/requests.html``, and beside it
``documents/requests.zh.html`` in Chinese.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

import msgspec
from msgspec.structs import replace

from gosync.artifact import REQUESTS_PAGES
from gosync.publish.pages.html import document, table
from gosync.publish.pages.words import Words
from gosync.text import printable

_COLUMNS: Final = ("Module", "Asked for", "Times", "State", "Reason", "Decided")


class RequestRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the page tells of a request.

    Attributes:
        module: The module path.
        query: What of it.
        count: How often it was asked for.
        state: "open", "approved" or "refused".
        reason: Why, "" where nobody said it.
        day: When that was decided, "" for not yet.
    """

    module: str
    query: str
    count: int
    state: str
    reason: str
    day: str


def request_pages(
    requests: Sequence[RequestRow], languages: Sequence[Words]
) -> dict[str, bytes]:
    """Return the page in each language, by its artifact's name.

    Args:
        requests: All that are known.
        languages: The words of each language that has a name for the page.
    """
    names = {
        words.language: name
        for words, name in zip(languages, REQUESTS_PAGES, strict=True)
    }
    return {
        names[words.language]: _page(
            requests,
            replace(
                words,
                name=names[words.language],
                others=tuple((each, names[each]) for each, _ in words.others),
            ),
        )
        for words in languages
    }


def _page(requests: Sequence[RequestRow], words: Words) -> bytes:
    rows = "\n".join(_row(each, words) for each in requests)
    lead = words.say(
        "What was asked for here and is not carried, as the site that makes the bundles"
        " knows it. What is approved comes with one of the next."
    )
    columns = [words.say(each) for each in _COLUMNS]
    found = table(columns, rows) if rows else f"<p>{words.say('None.')}</p>"
    title = words.say("Requests")
    body = [f"<h1>{title}</h1>", f"<p class=lead>{lead}</p>", found]
    return document(title, body, words=words)


def _row(request: RequestRow, words: Words) -> str:
    states = {
        "open": words.say("open"),
        "approved": words.say("approved"),
        "refused": words.say("refused"),
    }
    cells = (
        request.module,
        request.query,
        str(request.count),
        states.get(request.state, request.state),
        request.reason,
        request.day,
    )
    return (
        f"<tr>{''.join(f'<td>{escape(printable(cell))}</td>' for cell in cells)}</tr>"
    )
