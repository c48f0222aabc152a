"""Names: a public class has a name of its own, whichever room it is in."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import gosync

_PACKAGE = Path(gosync.__file__).parent


def test_no_two_public_classes_have_one_name() -> None:
    where: dict[str, list[str]] = defaultdict(list)
    for path in sorted(_PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                where[node.name].append(str(path.relative_to(_PACKAGE)))
    shared = {name: paths for name, paths in where.items() if len(paths) > 1}
    assert shared == {}
