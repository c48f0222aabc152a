from __future__ import annotations

import pytest

from gosync.gomod import unicode_tables
from gosync.gomod.unicode import fold, is_letter
from tests.simulator.goclient import need_go
from tests.unit.gomod.unicode_tables import ask_go, render


def test_ascii_folds_to_lower_case() -> None:
    assert fold("Go.Mod/README") == "go.mod/readme"


@pytest.mark.parametrize(
    "spellings",
    ["Kk\u212a", "Ss\u017f", "Σσς", "ßẞ", "\u0390\u1fd3", "\u03b0\u1fe3", "ﬅﬆ", "ǅǄǆ"],
)
def test_all_spellings_of_a_letter_fold_to_one(spellings) -> None:
    assert len({fold(each) for each in spellings}) == 1


def test_a_letter_never_folds_to_several() -> None:
    assert fold("Straße") == fold("STRAẞE") != fold("STRASSE")
    assert fold("İ") == "İ"
    assert fold("\u0131") == "\u0131"


def test_letters_do_not_depend_on_pythons_unicode() -> None:
    assert is_letter("a")
    assert is_letter("é")
    assert is_letter("\U000323b0")  # of Unicode 17
    assert not is_letter("1")
    assert not is_letter("\u0301")
    assert not is_letter("\udcff")


@pytest.mark.go
def test_the_tables_are_what_the_real_go_prints(tmp_path) -> None:
    namespace: dict[str, str] = {}
    source = render(ask_go(str(need_go()), tmp_path))
    if "(Unicode 17.0.0)" not in source:
        pytest.skip("this go has another Unicode")
    exec(source, namespace)
    assert namespace["LETTERS"].split() == unicode_tables.LETTERS.split()
    assert namespace["FOLDS"].split() == unicode_tables.FOLDS.split()
