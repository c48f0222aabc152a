"""The catalogue's own rules: names, texts in both languages, what a phone shows."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from gosync.diagnose import shipped
from gosync.diagnose.catalogue import FailureClass, parse_catalogue
from gosync.diagnose.language import Language
from gosync.diagnose.needles import needle_of
from gosync.diagnose.places import fill_command, fill_text
from gosync.diagnose.shipped import shipped_catalogue
from gosync.errors import UsageError

_CATALOGUE = shipped_catalogue()
_CHINESE = re.compile("[\u4e00-\u9fff]")
_PLACES = {
    "host": "goproxy.corp.example",
    "hostport": "goproxy.corp.example:443",
    "module": "github.com/example/project",
    "version": "v1.2.3",
    "url": "https://goproxy.corp.example/github.com/example/project/@v/v1.2.3.info",
    "goproxy": "https://goproxy.corp.example",
    "major": "2",
}
# What only who works on gosync knows.
_INTERNALS = re.compile(
    r"gosync|\b(?:catalog|blob|quarantine|the gate|lease|sqlite)\b", re.IGNORECASE
)
_FAMILIES = {
    *("network", "proxy", "tls", "http", "protocol", "download", "zip", "sum", "env"),
    *("vcs", "version", "module", "build", "toolchain", "work", "disk", "cache"),
}


def _each(failure: FailureClass):
    return failure.name


@pytest.fixture(params=list(_CATALOGUE), ids=_each)
def failure(request):
    return request.param


def test_a_class_has_all_texts_in_both_languages(failure):
    for language in Language:
        wording = failure.wording(language)
        texts = [wording.what, wording.cause, wording.remedy]
        texts += [wording.question] if wording.question else []
        texts += [
            row.zh if language is Language.CHINESE else row.en
            for row in failure.narrower
            if row.en or row.zh
        ]
        assert all(texts)
        if language is Language.CHINESE:
            assert all(_CHINESE.search(text) for text in texts), failure.name
        else:
            assert not any(_CHINESE.search(text) for text in texts), failure.name
    assert bool(failure.en.question) == bool(failure.zh.question)
    assert failure.command
    assert failure.docs.startswith("go help")
    assert failure.family in _FAMILIES


def test_an_explanation_fits_on_a_phone(failure):
    for language in Language:
        wording, words = failure.wording(language), _CATALOGUE.words[language]
        width = 20 if language is Language.CHINESE else 40  # Chinese is twice as wide
        for last in filter(None, [wording.remedy, wording.question]):
            lines = [
                line
                for text in (wording.what, wording.cause, last)
                for line in textwrap.wrap(fill_text(text, _PLACES, words), width)
            ]
            lines += textwrap.wrap(fill_command(failure.command, _PLACES), 40)
            assert len(lines) <= 20, (failure.name, language, len(lines))


def test_an_explanation_names_no_internals(failure):
    for language in Language:
        wording = failure.wording(language)
        said = f"{wording.what} {wording.cause} {wording.remedy} {wording.question}"
        assert not _INTERNALS.search(said)


def test_texts_and_commands_name_known_places_alone(failure):
    named = {
        name
        for pattern in failure.patterns
        for name in re.findall(r"\(\?P<(\w+)>", pattern)
    }
    texts = [failure.command]
    for wording in (failure.en, failure.zh):
        texts += [wording.what, wording.cause, wording.remedy, wording.question]
    for row in failure.narrower:
        texts += [row.en, row.zh]
    for text in texts:
        assert set(re.findall(r"\{(\w+)\}", text)) <= {*_PLACES, *named}


def test_each_pattern_compiles_and_has_a_text_that_it_needs(failure):
    for pattern in (
        *failure.patterns,
        *(each for row in failure.narrower for each in row.patterns),
    ):
        re.compile(pattern)
        assert needle_of(pattern) or pattern.startswith(r"\A"), pattern


def test_no_pattern_looks_further_than_a_line_is_long(failure):
    """What may match any length from any place takes quadratic time."""
    for pattern in (
        *failure.patterns,
        *(each for row in failure.narrower for each in row.patterns),
    ):
        assert not re.search(r"(?:\]|\\S|\\D|\\W|(?<!\\)\.|\))[*+]", pattern), pattern


def test_who_is_unsure_says_what_decides_or_what_holds_for_all(failure):
    for row in failure.narrower:
        assert len(row.candidates) == 1 or (row.en and row.zh) or failure.en.question
    if failure.candidates:
        assert failure.name in failure.candidates or failure.en.question


def test_an_unknown_name_is_refused():
    with pytest.raises(UsageError):
        _CATALOGUE.named("network.nonsense")


def test_a_catalogue_that_contradicts_itself_is_refused():
    text = Path(shipped.__file__).with_name("catalogue.toml").read_text("utf-8")
    last = text[text.rindex("[[class]]") :]

    with pytest.raises(ValueError, match="twice"):
        parse_catalogue((text + last).encode())
    with pytest.raises(ValueError, match="nobody"):
        parse_catalogue(text.replace('after = ["vcs.', 'after = ["nobody.', 1).encode())


@pytest.mark.parametrize("claim", _CATALOGUE.folklore, ids=lambda each: each.name)
def test_a_false_claim_has_its_texts_and_the_run_that_shows_it(claim):
    chinese, english = claim.wording(Language.CHINESE), claim.wording(Language.ENGLISH)
    assert _CHINESE.search(chinese.claim)
    assert _CHINESE.search(chinese.truth)
    assert not _CHINESE.search(english.claim + english.truth)
    assert claim.run


def test_both_languages_have_the_same_words():
    english, chinese = (_CATALOGUE.words[each] for each in Language)
    assert list(english) == list(chinese)
    for name, word in english.items():
        assert word.count("{}") == chinese[name].count("{}")
