"""A site whose commands run in the test's own process: a tenth of the time.

For what does not end by a signal, and is not run in a thread or beside what the test
itself has open; the exit code and both streams are the command's. As that of a forked
one its folder is the site's, and so are HOME and TMPDIR.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

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
        with redirect_stdout(out), redirect_stderr(err), self._environment():
            code = run([*arguments, *options])
        result = parse_result(code, _text(out), _text(err))
        if expect is not None:
            shown = f"{result.stdout}\n{result.stderr}"
            assert result.code == expect, f"exit {code}, not {expect}:\n{shown}"
        return result

    @contextmanager
    def _environment(self) -> Iterator[None]:
        """Have the folder and the environment of a command."""
        before, folder, temporary = dict(os.environ), Path.cwd(), tempfile.tempdir
        os.environ.update(self.environment)
        os.chdir(self.folder)
        tempfile.tempdir = None
        try:
            yield
        finally:
            tempfile.tempdir = temporary
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(before)


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
