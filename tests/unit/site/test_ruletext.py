"""The rules of a selection as people read them, and their digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from gosync.config.load import parse_config
from gosync.site import ruletext
from gosync.site.ruletext import SelectionRules, rules_of


def rules(select: Sequence[Mapping[str, object]], **sections: object) -> SelectionRules:
    config = parse_config({"select": select, **sections}, {}, base=Path("/srv"))
    return rules_of(config.site_options())


def test_rules_read_as_they_were_written():
    found = rules(
        [
            {"modules": ["rsc.io/*", "example.com/m@v1.2.3"]},
            {
                "modules": ["example.com/n"],
                "versions": "latest:3",
                "prereleases": False,
                "deps": "build",
            },
        ],
        toolchains={"versions": ["1.24.11"], "platforms": ["linux-amd64"]},
        upstream={"private": ["corp.example"], "index": "https://index.example/index"},
    )
    lines = found.text.splitlines()
    assert lines[0] == "select rsc.io/*, example.com/m@v1.2.3"
    assert lines[1].startswith("select example.com/n; pick latest; count 3; ")
    assert lines[1].endswith("; prereleases false; deps build")
    assert lines[2] == "toolchains 1.24.11; linux-amd64"
    assert lines[3] == "private corp.example"


def test_every_rule_counts_and_nothing_else():
    base = [{"modules": ["example.com/m"]}]
    assert rules(base) == rules(base, publish={"tree": "elsewhere"})
    other = [
        rules([{"modules": ["example.com/n"]}]),
        rules([{"modules": ["example.com/m"], "max_zip": "1MiB"}]),
        rules([{"modules": ["example.com/m"], "exclude": ["example.com/m@<v1.2.0"]}]),
        rules([{"modules": ["example.com/m"], "min_age": 7}]),
        rules([*base, *base]),
        rules(base, upstream={"private": ["corp.example"]}),
    ]
    assert len({rules(base).fingerprint, *(each.fingerprint for each in other)}) == 7


def test_of_many_rules_the_first_are_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ruletext, "MAX_TEXT_BYTES", 60)
    many = [{"modules": [f"example.com/m{number}"]} for number in range(9)]
    found = rules(many)
    assert found.text.splitlines()[-1] == "... and 7 more"
    assert found.fingerprint != rules(many[:-1]).fingerprint
