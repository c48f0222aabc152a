"""The samples for log shippers name each key of a line, and no other.

Neither shipper is here to read them: YAML and TOML are, and the format's keys.
"""

from __future__ import annotations

import re
import tomllib
from datetime import datetime
from typing import Any

import msgspec
import yaml  # type: ignore[import-untyped]  # it has no types

from gosync.serve.accesslog import AccessEntry
from tests.integration.forked import CHECKOUT

KEYS = {each.name for each in msgspec.structs.fields(AccessEntry)}


def sample(name: str) -> str:
    return (CHECKOUT / "samples" / name).read_text()


def test_filebeat_renames_every_key() -> None:
    read: dict[str, Any] = yaml.safe_load(sample("filebeat.yml"))
    by_kind = {name: each for one in read["processors"] for name, each in one.items()}
    renamed = {each["from"] for each in by_kind["rename"]["fields"]}
    mapped = {each.removeprefix("gosync.") for each in renamed}
    assert mapped | {"time", "outcome"} == KEYS
    assert by_kind["timestamp"]["field"] == "gosync.time"
    assert (
        datetime.fromisoformat(by_kind["timestamp"]["test"][0]).microsecond == 123_000
    )


def test_vector_maps_every_key() -> None:
    read = tomllib.loads(sample("vector.toml"))
    program = read["transforms"]["gosync_ecs"]["source"]
    assert set(re.findall(r"\bline\.(\w+)", program)) == KEYS
