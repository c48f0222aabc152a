"""What a key's value must be is said in plain words, with the key's name before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from gosync.cli.messages import ERRORS_FILE, MESSAGES_FILE, parse_messages
from gosync.config.convert import field_names, field_type, is_section
from gosync.config.load import examine_config
from gosync.config.schema import FileSchema
from gosync.config.wanted import forms, plainly


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        (
            '[hooks]\non_failure = "page-me"',
            "hooks.on_failure",
            'must be a list, like ["..."], not a text',
        ),
        (
            '[[access.rule]]\nname = "Not Found!"\ncount = 1',
            "access.rule.1.name",
            "must be 1 to 64 of a-z, 0-9, dots, underscores and hyphens, the first",
        ),
        (
            '[access]\nprefix = "goproxy/"',
            "access.prefix",
            "must be a path with a slash before it and none behind it, like",
        ),
        ("[publish]\nmax_delete = -1", "publish.max_delete", "must be 0 or more"),
        ("[hooks]\ntime_limit_seconds = 0", "hooks.time_limit_seconds", "must be more"),
        ("[upstream]\nretries = 99", "upstream.retries", "must be 20 at most"),
        ('[upstream]\nretries = "x"', "upstream.retries", "must be a whole number"),
        ("[upstream]\nproxies = 3", "upstream.proxies", "must be a text or a list,"),
        (
            '[[policy.exception]]\nmodules = ["a"]\nreason = ""\nuntil = 2026-01-01',
            "policy.exception.1.reason",
            "must not be empty",
        ),
    ],
)
def test_a_wrong_value_is_told_in_plain_words(
    tmp_path: Path, text: str, key: str, reason: str
):
    (tmp_path / "gosync.toml").write_text(f"{text}\n")
    _, mistakes = examine_config(tmp_path / "gosync.toml", {})
    assert reason in {each.key: each.reason for each in mistakes}[key]


def test_each_pattern_of_the_schema_has_its_words_in_both_languages():
    messages = parse_messages(MESSAGES_FILE.read_bytes(), ERRORS_FILE.read_bytes())
    with_pattern = [kind for kind in _kinds(FileSchema) if _has_pattern(kind)]
    assert len(with_pattern) >= 7
    for kind in with_pattern:
        (form,) = set(forms(kind))
        told = messages.told_message(f"must be {form}")
        assert told.startswith("应"), form


def _kinds(section: type[msgspec.Struct]) -> Iterator[Any]:
    """Yield the types of all values that are no tables."""
    for name in field_names(section):
        kind = field_type(section, name)
        inner = [each for each in (kind, *get_args(kind)) if is_section(each)]
        if inner:
            yield from _kinds(inner[0])
        else:
            yield kind


def _has_pattern(kind: Any) -> bool:
    if isinstance(kind, msgspec.Meta):
        return kind.pattern is not None
    return any(map(_has_pattern, get_args(kind)))


def test_what_msgspec_says_otherwise_stays_as_it_is():
    assert plainly("Invalid enum value 'x'", str) == "Invalid enum value 'x'"
    assert plainly("Expected `str` matching regex '^a$'", str) == (
        "must be of another form"
    )
