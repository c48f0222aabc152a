"""The tree's setup.ps1 is PowerShell, by a grammar of it; none need be here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from gosync.publish.pages import setupscript
from gosync.publish.pages.setupscript import ClientSettings, fill_ps1
from gosync.sumdb.names import Database

SCRIPT = Path(setupscript.__file__).with_name("setup.ps1").read_text("utf-8")
PARSER = Parser(Language(tree_sitter_powershell.language()))


def faults(data: bytes) -> list[str]:
    """Return where a script is not what the grammar knows."""
    return list(_faults(PARSER.parse(data).root_node))


def _faults(node: Node) -> Iterator[str]:
    if node.type == "ERROR" or node.is_missing:
        yield f"{node.start_point}: {node.text!r}"
    for child in node.children:
        yield from _faults(child)


@pytest.mark.parametrize(
    "private", ["corp.example", "it's.example/*", '"`$(x)".example']
)
@pytest.mark.parametrize("probe", ["", "rsc.io/quote@v1.5.2"])
def test_it_parses_whatever_is_put_in(private: str, probe: str):
    settings = ClientSettings(
        Database("sum.test.example", "sum.test.example+1+AQ==", None),
        (private,),
        toolchains=True,
        probe=probe,
        url="https://mirror.example/it's",
    )
    data = fill_ps1(SCRIPT, settings)
    assert faults(data) == []
    quoted = private.replace("'", "''")
    assert f"'GONOSUMDB={quoted}'" in data.decode()


def test_what_is_no_powershell_is_found():
    assert faults(b"function { if (")
    assert faults(SCRIPT.encode()), "values are to be put in first"


def test_what_it_changes_of_the_session_is_put_back():
    """The environment is the whole session's, which the user goes on with."""
    changed = {*re.findall(r"\$env:(\w+)\b[^\n]*? = ", SCRIPT)} - {"PATH"}
    changed |= {*re.findall(r"Remove-Item Env:(\w+)", SCRIPT)}
    kept = SCRIPT[SCRIPT.index("$overriding = ") : SCRIPT.index("$before[$name] = ")]
    assert changed == {"GOENV", "GOPATH", "GOMODCACHE", "GOFLAGS"}
    assert {each for each in changed if f"'{each}'" in kept} == changed


def test_go_is_called_in_one_place_where_its_stderr_is_no_error():
    """Windows PowerShell 5 ends a script with "Stop" at a line of stderr it reads."""
    called = list(_callers(PARSER.parse(_filled()).root_node, ""))
    assert [function for name, function in called if name == "go"] == ["Invoke-Go"]
    calls = {function for name, function in called if name == "Invoke-Go"}
    assert calls == {"Get-GoFile", "Set-GoVariables", "Test-Download"}
    body = SCRIPT[SCRIPT.index("function Invoke-Go") :]
    assert body.index("= 'Continue'") < body.index("& go @args")


def _callers(node: Node, function: str) -> Iterator[tuple[str, str]]:
    """Yield each command's name with the function that it stands in."""
    for child in node.children:
        text = (child.text or b"").decode()
        if child.type == "function_name":
            function = text
        if child.type == "command_name":
            yield text, function
        yield from _callers(child, function)


def _filled() -> bytes:
    return fill_ps1(SCRIPT, ClientSettings(None, (), toolchains=True, probe="m@v1.0.0"))
