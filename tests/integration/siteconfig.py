"""Configuration of a site under test, written as TOML."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from tests.simulator import Simulator

Section: TypeAlias = Mapping[str, object] | Sequence[Mapping[str, object]]


def upstream_section(
    sim: Simulator | None, *, index: bool, private: Sequence[str]
) -> dict[str, object]:
    """Return the section that names a simulator, or none, as the upstream."""
    values: dict[str, object] = {
        "timeout_seconds": 60,
        "retries": 1,
        "retry_delay_seconds": 0.01,
    }
    if sim is not None:
        values |= {"proxies": sim.url, "sumdb": sim.gosumdb}
        if index:
            values["index"] = sim.index_url
        if sim.ca_file is not None:
            values["ca_file"] = str(sim.ca_file)
    if private:
        values["private"] = list(private)
    return values


def toml_section(name: str, values: Section) -> str:
    """Write a section; a list of them is an array of tables."""
    if isinstance(values, Mapping):
        return f"[{name}]\n{_toml_lines(values)}\n"
    return "".join(f"[[{name}]]\n{_toml_lines(each)}\n" for each in values)


def _toml_lines(values: Mapping[str, object]) -> str:
    """Write keys and values; JSON's strings, numbers and lists are TOML's, too."""
    lines: Iterable[str] = (
        f"{key} = {json.dumps(value, ensure_ascii=False)}"
        for key, value in values.items()
    )
    return "".join(f"{line}\n" for line in lines)
