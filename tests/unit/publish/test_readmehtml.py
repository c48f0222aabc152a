"""A README on a page: readable, and nothing in it can do anything."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosync.gomod.readme import MAX_TEXT_BYTES, Readme
from gosync.publish.pages.readmehtml import readme_html
from tests.tiers import examples

ELEMENTS = {
    *("p", "blockquote", "ul", "ol", "li", "em", "strong", "s", "pre", "code", "hr"),
    *("table", "thead", "tbody", "tr", "th", "td", "h3", "h4", "h5", "h6"),
    *("br", "a", "small", "div"),
}
VOID = {"hr", "br"}
ATTRIBUTES = {
    "a": {"href", "rel"},
    "pre": {"tabindex"},
    "div": {"class", "tabindex"},
}


class Checked(HTMLParser):
    """What is in it; fails where there is anything that should not be."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.links = "", list[str]()
        self.opened: list[str] = []
        self.elements: list[str] = []
        self.feed(html)
        self.close()
        assert self.opened == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ELEMENTS
        assert {name for name, _ in attrs} <= ATTRIBUTES.get(tag, set())
        self.elements.append(tag)
        if tag not in VOID:
            self.opened.append(tag)
        for name, value in attrs:
            if name == "href":
                assert urlsplit(value or "").scheme in ("http", "https", "mailto")
                self.links.append(value or "")
                assert dict(attrs)["rel"] == "nofollow noopener noreferrer"

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    handle_pi = handle_comment

    def handle_data(self, data: str) -> None:
        self.text += data


def shown(text: str, name: str = "README.md") -> Checked:
    return Checked(readme_html(Readme(name, text)))


def test_what_markdown_has_is_shown() -> None:
    html = readme_html(
        Readme(
            "README.md",
            "# Title\n\nSome *text* with `code`, ~~old~~ **bold**.\n\n### Deep\n\n"
            "1. one\n2. two\n\n> said\n\n```go\nfunc main() {}\n```\n\n"
            "|a|b|\n|-|:-:|\n|1|2|\n\n---\n\n[docs](https://pkg.go.dev/m)\n",
        )
    )
    page = Checked(html)
    assert page.links == ["https://pkg.go.dev/m"]
    assert "<h3>Title</h3>" in html
    assert "<h4>Deep</h4>" in html  # no gap between levels
    assert {"em", "s", "strong", "ol", "blockquote", "table", "hr"} <= {*page.elements}
    assert "func main() {}" in page.text
    assert "style" not in html
    assert "class=" not in html.replace("<div class=scroll", "<div")


def test_headings_and_paragraphs_without_a_text_are_none() -> None:
    text = "# ![](x.png)\n\n## Part\n\n<img src=x>\n\n[![](b.svg)](https://a.example)"
    assert readme_html(Readme("README.md", text)).split() == ["<h4>Part</h4>"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<script>alert(1)</script>", ""),
        ("a <script>alert(1)</script> b", "a alert(1) b"),
        ("<style>\np {}\n</style>\n\nafter", "after"),
        ("<!-- <b>hidden</b> --> seen", "seen"),
        ('<p align="center"><b>Title</b> &amp; more</p>', "Title & more"),
        ("<img src=x onerror=alert(1)>", ""),
        ("![logo](https://evil.example/x.png)", "logo"),
        ("[![build](https://ci.example/b.svg)](https://ci.example/)", "build"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("[x](JaVaScRiPt&#58;alert(1))", "[x](JaVaScRiPt:alert(1))"),
        ("[x](data:text/html,y)", "[x](data:text/html,y)"),
        ("[x](//evil.example/)", "x"),
        ("[x](docs/more.md)", "x"),
        ("[![](https://ci.example/b.svg)](https://ci.example/)", ""),
        ("[x](#part)", "x"),
        ("[x](http:/evil)", "x"),
        ("[x](ftp://evil.example/)", "x"),
        ("[x](file:///etc/passwd)", "[x](file:///etc/passwd)"),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        ("`a\u202eb`", "a\\u202eb"),
        ("a\x1b[2Jb\x00", "a\\x1b[2Jb\\x00"),
        ("\U0001f469\u200d\U0001f4bb", "\U0001f469\U0001f4bb"),
        ("<a href='x' onmouseover='y'>z</a>", "z"),
        ("<iframe src=//evil.example></iframe>", ""),
        ('<svg onload="alert(1)">', ""),
    ],
)
def test_what_could_do_anything_does_nothing(text: str, told: str) -> None:
    page = shown(text)
    assert page.text.strip() == told
    assert "script" not in readme_html(Readme("README.md", text)).partition(">")[0]


def test_an_alert_of_githubs_begins_with_its_word() -> None:
    html = readme_html(Readme("README.md", "> [!NOTE]\n> Mind *this*.\n\n[!OTHER]"))
    assert "<blockquote><p><strong>Note:</strong>\nMind <em>this</em>.</p>" in html
    assert "<p>[!OTHER]</p>" in html


def test_what_is_no_markdown_is_shown_as_it_is() -> None:
    page = shown("a *b* <script>\n  c\u202e", "README.rst")
    assert page.elements == ["pre"]
    assert page.text == "a *b* <script>\n  c\\u202e"
    assert readme_html(Readme("README.md", " \n\n")) == ""
    assert readme_html(Readme()) == ""


PIECES = (
    *("[", "](", ")", "![", "<", ">", "<a ", "</a>", "<!--", "-->", "`", "```\n", "*"),
    *(
        "_",
        "~~",
        "> ",
        "- ",
        "1. ",
        "# ",
        "|",
        "|-|\n",
        "\n",
        "\n\n",
        "    ",
        "&#",
        ";",
    ),
    *("javascript:", "https://a.example", "mailto:a@b", '"', "'", "\\", "\u202e", "x "),
    *("<script>", "</script>", "<style>", "<p onclick=x>", "<br", "\x00", "&lt;", "é"),
)


@settings(max_examples=examples(300))
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join) | st.text())
def test_nothing_comes_through_whatever_it_is_made_of(text: str) -> None:
    shown(text)
    shown(text, "README")


@pytest.mark.parametrize(
    "piece", ["[", "![", "> ", "- ", "*a ", "<", "<!--", "[a](", "`a", "|a", "a\n# "]
)
def test_a_large_one_of_a_kind_is_no_trouble(piece: str) -> None:
    size = MAX_TEXT_BYTES // 16
    page = shown((piece * size)[:size])
    assert len(page.opened) == 0
