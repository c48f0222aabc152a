"""The catalogue against Go's sources: each error text has a class, or a reason.

A new Go brings new texts: this fails then, and says which.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from gosync.diagnose.recognising import Recogniser
from gosync.diagnose.shipped import shipped_catalogue
from tests.go.golangs import NEWEST, OLDER, VERSIONS, need_go
from tests.unit.diagnose.gotexts import sample_of, texts_of

_FILE = Path(__file__).parents[2] / "testdata/gotexts.toml"
_LISTED = tomllib.loads(_FILE.read_text("utf-8"))
_WORDED: dict[str, list[str]] = _LISTED["worded"]
_EXCEPTIONS = {
    *_LISTED["introduces"],
    *_LISTED["belongs"],
    *_LISTED["unseen"],
    *_WORDED,
}
_EACH_GO = [NEWEST, *(pytest.param(each, marks=pytest.mark.long) for each in OLDER)]


@pytest.fixture(scope="module")
def recogniser():
    return Recogniser(shipped_catalogue())


@pytest.mark.parametrize("version", _EACH_GO)
def test_each_error_text_of_go_has_a_class_or_is_listed(version, recogniser):
    texts = texts_of(need_go(version).parents[1])
    assert len(texts) > 450

    unnamed = sorted(
        each
        for each in texts
        if each.text not in _EXCEPTIONS
        and recogniser.classify(sample_of(each.text)) is None
    )
    assert unnamed == []


@pytest.mark.parametrize("text", list(_WORDED))
def test_what_words_tell_has_a_class_as_go_prints_it(text, recogniser):
    for said in _WORDED[text]:
        assert recogniser.classify(sample_of(said)) is not None, said


@pytest.mark.long
def test_nothing_is_listed_that_no_go_says_or_that_has_a_class(recogniser):
    said = {
        each.text
        for version in VERSIONS
        for each in texts_of(need_go(version).parents[1])
    }
    named = {text for text in _EXCEPTIONS if recogniser.classify(sample_of(text))}
    assert said >= _EXCEPTIONS
    assert named == set()
