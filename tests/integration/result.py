"""Result of a command of gosync: its exit code, and what it said."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.integration import forked


@dataclass(frozen=True)
class Result:
    """How a command ended.

    Attributes:
        code: The exit code.
        document: The JSON on standard output, or the error on standard error.
        stdout: Standard output.
        stderr: Standard error.
    """

    code: int
    document: dict[str, Any]
    stdout: str
    stderr: str

    @property
    def failed(self) -> dict[str, dict[str, Any]]:
        """The document's failures by ``path@version``, or by the path alone."""
        return {
            f"{each['path']}@{each['version']}".removesuffix("@"): each
            for each in self.document["failed"]
        }


def finish(process: forked.Process, *, timeout_seconds: float = 120) -> Result:
    """Wait for a command's end and read what it said."""
    out, err = process.communicate(timeout=timeout_seconds)
    return parse_result(process.wait(), out, err)


def expected(result: Result, expect: int | None) -> Result:
    """Return the result, which must have an exit code unless that is None."""
    if expect is not None:
        shown = f"{result.stdout}\n{result.stderr}"
        assert result.code == expect, f"exit {result.code}, not {expect}:\n{shown}"
    return result


def parse_result(code: int, out: str, err: str) -> Result:
    """Read what a command said."""
    try:
        document = json.loads(out or err)
    except ValueError:
        document = {}
    return Result(code, document, out, err)
