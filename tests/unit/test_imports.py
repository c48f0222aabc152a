"""Imports stand plainly at the top; under TYPE_CHECKING only for one of four reasons.

Plain it would close a circle, or load a large library that the module's users may do
without, or what is imported exists for type checkers alone, or it is loaded when it is
first asked for, by a name ("module.Class") that the importing module has.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import gosync

_ROOT = Path(gosync.__file__).parent
_LARGE = frozenset(
    [
        "anyio",
        "apscheduler",
        "click",
        "cryptography",
        "granian",
        "httpx",
        "isal",
        "license_expression",
        "markdown_it",
        "multiprocessing",
        "prometheus_client",
        "rich",
        "sqlite_utils",
        "ssl",
        "typing_extensions",
        "zstandard",
    ]
)
# Their stubs name types that are not there when they run.
_STUBBED = frozenset(["obstore", "obstore.store"])
Import = ast.Import | ast.ImportFrom


class Modules:
    """The package's modules, and what each imports."""

    def __init__(self) -> None:
        self.plain: dict[str, set[str]] = {}
        self.hidden: list[tuple[str, Import]] = []
        self._typing_only: set[tuple[str, str]] = set()
        self._texts: dict[str, str] = {}
        paths = {_name(path): path for path in _ROOT.rglob("*.py")}
        self._names = frozenset(paths)
        for name, path in paths.items():
            self._texts[name] = path.read_text("utf-8")
            tree = ast.parse(self._texts[name])  # all at once are slow to collect
            plain = (each for each in tree.body if isinstance(each, Import))
            self.plain[name] = {to for each in plain for to in self.targets(each)}
            for each in _hidden(tree):
                self._note(name, each)

    def _note(self, name: str, statement: ast.stmt) -> None:
        if isinstance(statement, Import):
            self.hidden.append((name, statement))
        elif isinstance(statement, ast.Assign):
            names = (each for each in statement.targets if isinstance(each, ast.Name))
            self._typing_only |= {(name, each.id) for each in names}
        elif isinstance(statement, ast.AnnAssign):
            self._typing_only.add((name, ast.unparse(statement.target)))
        elif isinstance(statement, ast.ClassDef):
            self._typing_only.add((name, statement.name))

    def targets(self, found: Import) -> Iterator[str]:
        """Yield the modules that an import loads."""
        for each in found.names:
            if isinstance(found, ast.Import):
                yield each.name
                continue
            inner = f"{found.module}.{each.name}"
            yield inner if inner in self._names else found.module or ""

    def reached(self, names: Iterable[str]) -> set[str]:
        """Return what these load by whatever way, themselves too."""
        found: set[str] = set()
        ahead = list(names)
        while ahead:
            if (name := ahead.pop()) not in found:
                found.add(name)
                ahead += self.plain.get(name, ())
        return found

    def may_hide(self, name: str, found: Import) -> bool:
        """Return whether there is a reason that an import is not plain."""
        module = getattr(found, "module", None)
        if module in _STUBBED:
            return True
        if any((module, each.name) in self._typing_only for each in found.names):
            return True
        if isinstance(found, ast.ImportFrom) and self._loads_later(name, found):
            return True
        more = self.reached(self.targets(found))
        return name in more or bool(_large(more) - _large(self.reached([name])))

    def _loads_later(self, name: str, found: ast.ImportFrom) -> bool:
        module = (found.module or "").rpartition(".")[2]
        named = (f'"{module}.{each.name}"' for each in found.names)
        return all(each in self._texts[name] for each in named)


def _name(path: Path) -> str:
    parts = path.relative_to(_ROOT.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def _large(modules: Iterable[str]) -> set[str]:
    return {each.partition(".")[0] for each in modules} & _LARGE


def _hidden(tree: ast.Module) -> Iterator[ast.stmt]:
    for each in tree.body:
        if isinstance(each, ast.If) and ast.unparse(each.test) == "TYPE_CHECKING":
            yield from each.body


def test_what_is_imported_for_type_checkers_alone_has_a_reason() -> None:
    modules = Modules()
    assert modules.hidden
    found = [
        f"{name}: {ast.unparse(each)}"
        for name, each in modules.hidden
        if not modules.may_hide(name, each)
    ]
    assert found == []
