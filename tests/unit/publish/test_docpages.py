"""The documentation in a tree: every page, every link and anchor leads somewhere."""

from __future__ import annotations

import re
from urllib.parse import urldefrag

from gosync.folder.requests import ProxyRequestKind, parse_request
from gosync.publish.pages.docfiles import DocPages, doc_files
from gosync.publish.pages.docpages import doc_pages
from gosync.publish.pages.wordfile import words_of
from tests.unit.publish.test_pages import Page


def test_each_link_of_the_documentation_leads_to_a_page_and_an_anchor() -> None:
    pages = DocPages().files()
    assert set(pages) == {*DocPages().names}
    assert len(pages) == 2 + len(doc_files())
    for name, data in pages.items():
        for link in Page(data).links:
            if link.startswith(("http", "../index.html")):
                continue
            file, anchor = urldefrag(link)
            there = pages[file or name].decode()
            assert not anchor or f'id="{anchor}"' in there, (name, link)


def test_every_page_is_one_that_a_tree_has() -> None:
    for name in DocPages().names:
        found = parse_request(f"docs/{name}")
        assert found is not None
        assert found.kind is ProxyRequestKind.PAGE
    for name in ("docs", "docs/", "docs/../x.html", "docs/x/y.html", "docs/x.htm"):
        assert parse_request(name) is None


def test_links_are_those_of_pages_and_the_rest_is_text() -> None:
    text = (
        "# A b\n\n[page](b.md#c-d) [up](../README.md) [sample](../samples/x.toml)"
        " [web](https://a.example) [bad](javascript:alert(1)) [folder](../docs)"
    )
    pages = doc_pages(
        {"README.md": "# Read", "docs/a.md": text, "docs/b.md": "## C d"},
        words_of(("en", "zh")),
    )
    page = pages["a.html"].decode()
    assert Page(pages["a.html"]).links[-3:] == [
        "b.html#c-d",
        "README.html",
        "https://a.example",
    ]
    assert '<h1 id="a-b">A b</h1>' in page
    assert 'id="c-d"' in pages["b.html"].decode()
    assert '<a href="index.zh.html" hreflang="zh-Hans"' in pages["index.html"].decode()
    assert re.findall("<li>.*</li>", pages["index.html"].decode()) == [
        '<li><a href="README.html">Read</a></li>',
        '<li><a href="a.html">A b</a></li>',
        '<li><a href="b.html">docs/b.md</a></li>',
    ]


def test_the_list_in_chinese_has_each_heading() -> None:
    page = DocPages().files()["index.zh.html"].decode()
    items = re.findall(r"<li><a [^>]*>(.*)</a></li>", page)
    assert len(items) == len(doc_files())
    assert "跨越物理隔离 (English)" in items
    assert [each for each in items if each.isascii()] == ["gosync (English)", "gosync"]
    assert '<html lang="zh-Hans">' in page
