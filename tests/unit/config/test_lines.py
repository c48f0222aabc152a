"""Where Python's TOML reader stopped, and which element of a list is wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from gosync.config.lines import line_of_error
from gosync.config.load import examine_config


class NewError(ValueError):
    """What Python 3.14 raises: the place has fields of its own."""

    lineno = 7


@pytest.mark.parametrize(
    ("error", "line"),
    [
        # As 3.11, 3.12 and 3.13 say it.
        (ValueError("Cannot overwrite a value (at line 2, column 4)"), 2),
        (ValueError("Found (at line 9, column 9) (at line 31, column 1)"), 31),
        (ValueError("Invalid value (at end of document)"), None),
        (NewError("Cannot overwrite a value (at line 2, column 4)"), 7),
        (NewError("worded otherwise"), 7),
        (ValueError("worded otherwise, at line 3"), None),
        (RecursionError("maximum recursion depth exceeded"), None),
    ],
)
def test_a_line_is_what_the_reader_says_or_none(error: Exception, line: int | None):
    assert line_of_error(error) == line


def test_the_reader_of_this_python_says_the_line(tmp_path: Path):
    text = "[store]\n\npath = 1\npath = 2\n"
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    assert line_of_error(caught.value) == 4
    (tmp_path / "gosync.toml").write_text(text)
    config, (mistake,) = examine_config(tmp_path / "gosync.toml", {})
    assert (config, mistake.line) == (None, 4)


def test_each_wrong_element_of_a_list_is_named_with_its_line(tmp_path: Path):
    (tmp_path / "gosync.toml").write_text(
        '[upstream]\nprivate = [\n  "a.example",\n  3,\n  true,\n]\n'
        'proxies = ["off", 4]\n'
        '[audit]\naccept = ["vanished", "odd"]\n'
        "[hooks]\non_success = 5\n"
    )
    _, mistakes = examine_config(tmp_path / "gosync.toml", {})
    assert [(each.key, each.line, each.reason) for each in mistakes] == [
        ("upstream.private.2", 4, "must be a text, not a whole number"),
        ("upstream.private.3", 5, "must be a text, not true or false"),
        ("upstream.proxies.2", 7, "must be a text, not a whole number"),
        ("audit.accept.2", 9, "is none of those that are known"),
        ("hooks.on_success", 11, 'must be a list, like ["..."], not a whole number'),
    ]
    assert str(mistakes[3].hint).startswith("known: ")
