"""Which language explanations are in."""

import pytest

from gosync.diagnose.language import Language, language_of


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, Language.ENGLISH),
        ({"LANG": "zh_CN.UTF-8"}, Language.CHINESE),
        ({"LANG": "zh_TW"}, Language.CHINESE),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, Language.ENGLISH),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN"}, Language.CHINESE),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, Language.CHINESE),
    ],
)
def test_the_first_locale_that_is_set_decides(environment, language):
    assert language_of(environment) is language
