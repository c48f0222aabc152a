"""A site whose commands run in the test's own process, whatever else does.

For tests that change what the commands find there, such as the clock.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.integration import here
from tests.integration.result import Result, expected, parse_result
from tests.integration.site import Site


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
        options = ["--config", str(self.config_file), "--json", "--no-progress"]
        ended = here.run(
            [*arguments, *options], folder=self.folder, environment=self.environment
        )
        return expected(parse_result(*ended), expect)
