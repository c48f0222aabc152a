"""The hook that makes a skip fail the run where nothing may be missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"
SKIPS = {
    "a call": 'import pytest\ndef test_x(): pytest.skip("no such tool")\n',
    "a mark": 'import pytest\n@pytest.mark.skip("no such tool")\ndef test_x(): ...\n',
    "a fixture": (
        "import pytest\n@pytest.fixture\ndef tool(): pytest.skip('no such tool')\n"
        "def test_x(tool): ...\n"
    ),
    "a module": (
        "import pytest\npytest.skip('no such tool', allow_module_level=True)\n"
    ),
}
XFAIL = "import pytest\n@pytest.mark.xfail\ndef test_x(): raise AssertionError\n"


def run(folder: Path, text: str, *, fail_on_skip: str) -> tuple[int, str]:
    shutil.copy(CONFTEST, folder / "conftest.py")
    (folder / "test_some.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider"],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(CONFTEST.parents[1]),
            "GOSYNC_TEST_FAIL_ON_SKIP": fail_on_skip,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("text", SKIPS.values(), ids=SKIPS)
def test_a_skip_fails_the_run_and_says_why(tmp_path: Path, text: str):
    code, output = run(tmp_path, text, fail_on_skip="1")
    assert code != 0
    assert "no such tool" in output
    assert "GOSYNC_TEST_FAIL_ON_SKIP=1" in output


@pytest.mark.parametrize("text", SKIPS.values(), ids=SKIPS)
def test_without_it_a_skip_is_a_skip(tmp_path: Path, text: str):
    code, output = run(tmp_path, text, fail_on_skip="")
    assert code in (0, 5)  # 5: a skipped module leaves nothing to run
    assert "1 skipped" in output


def test_an_expected_failure_is_no_skip(tmp_path: Path):
    assert run(tmp_path, XFAIL, fail_on_skip="1")[0] == 0
