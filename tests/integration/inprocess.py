"""A site whose commands run in the test's own process: a tenth of the time.

For what does not end by a signal; the exit code and both streams are the command's.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout

from gosync.cli.main import run
from tests.integration.site import Result, Site, parse_result


class InProcessSite(Site):
    """A configured gosync, without processes."""

    def run(
        self,
        *arguments: str,
        expect: int | None = None,
        prefix: Sequence[str] = (),
        timeout_seconds: float = 120,
    ) -> Result:
        """Run a command to its end; ``expect`` is the exit code it must have."""
        assert not prefix
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
        options = ["--config", str(self.config_file), "--json", "--no-progress"]
        with redirect_stdout(out), redirect_stderr(err):
            code = run([*arguments, *options])
        result = parse_result(code, _text(out), _text(err))
        if expect is not None:
            shown = f"{result.stdout}\n{result.stderr}"
            assert result.code == expect, f"exit {code}, not {expect}:\n{shown}"
        return result


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
