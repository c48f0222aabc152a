"""Each text of the pages is there in Chinese too, with the same parts put in."""

from __future__ import annotations

import string

from gosync.folder.routes import PAGE_NAMES
from gosync.publish.pages.wordfile import chinese_texts, words_of
from gosync.publish.pages.words import Words
from tests.unit.publish.pagetexts import said_texts


def parts_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def tags_of(text: str) -> list[str]:
    return sorted(each.partition(">")[0] for each in text.split("<")[1:])


def test_no_text_is_missing_and_none_is_left_over() -> None:
    assert said_texts() == set(chinese_texts())


def test_each_has_the_same_parts_and_tags() -> None:
    for english, chinese in chinese_texts().items():
        assert parts_of(english) == parts_of(chinese), english
        assert tags_of(english) == tags_of(chinese), english
        assert any(ord(c) > 127 for c in chinese), english


def test_languages_name_their_pages_and_each_other() -> None:
    english, chinese = words_of(("en", "zh"))
    assert english.page("modules/x/index.html") == "modules/x/index.html"
    assert chinese.page("modules/x/index.html") == "modules/x/index.zh.html"
    assert english.others == (("zh", "index.zh.html"),)
    assert chinese.others == (("en", "index.html"),)
    first, second = words_of(("zh", "en"))
    assert (first.name, second.name) == ("index.html", "index.en.html")
    names = {
        each.name for pair in (("en", "zh"), ("zh", "en")) for each in words_of(pair)
    }
    assert names == set(PAGE_NAMES)
    # What comes with gosync is in English first, whatever the tree begins with.
    assert first.native("documents/explain/index.html").endswith("index.zh.html")
    assert second.native("documents/explain/index.html").endswith("/index.html")


def test_things_are_counted() -> None:
    assert Words().count(1, "module") == "1 module"
    assert Words().count(1_234, "module") == "1\N{NARROW NO-BREAK SPACE}234 modules"
    assert words_of(("zh",))[0].count(2, "module") == "2 个模块"
