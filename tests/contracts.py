"""An import-linter contract: a module that says Pure reaches no input or output.

Which modules are pure is not listed anywhere else: a module is one whose docstring has
the word "Pure" in its first paragraph, and so is all of a room whose ``__init__`` says
so. Imports count however long the way is, and those for type checkers alone count too:
whoever needs a ``Path`` to say what it takes is handed a place, not a value.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

_PURE = re.compile(r"\bPure\b")


class PureContract(Contract):
    """Modules that say they are pure import nothing forbidden, by whatever way."""

    forbidden_modules = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at each module that says Pure, and keep the shortest way that is bad."""
        del verbose
        roots = {name for name in graph.modules if "." not in name}
        ours = (root for root in roots if not graph.is_module_squashed(root))
        pure = pure_modules(ours) & graph.modules
        forbidden = cast("Container[str]", self.forbidden_modules)
        chains = [
            chain
            for module in sorted(pure)
            if (chain := _shortest(graph, module, forbidden)) is not None
        ]
        return ContractCheck(
            kept=bool(pure) and not chains,
            metadata={"chains": chains, "count": len(pure)},
        )

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each way from a pure module to what it must not reach."""
        if not check.metadata["count"]:
            output.print_error("No module says that it is pure.")
        for chain in check.metadata["chains"]:
            output.print_error(f"{chain[0]} says Pure and reaches {chain[-1]}:")
            output.print_error(f"    {' -> '.join(chain)}", bold=False)


def _shortest(
    graph: ImportGraph, module: str, forbidden: Container[str]
) -> tuple[str, ...] | None:
    reached = (
        each for each in graph.find_upstream_modules(module) if each in forbidden
    )
    chains = [graph.find_shortest_chain(module, each) for each in sorted(reached)]
    return min((chain for chain in chains if chain is not None), key=len, default=None)


def pure_modules(roots: Iterable[str]) -> set[str]:
    """Return the modules of packages that say they are pure, by their dotted names."""
    return {
        module
        for root in roots
        for folder in _folders(root)
        for module in _pure_below(folder, root, says_so=False)
    }


def _folders(root: str) -> list[Path]:
    spec = find_spec(root)
    assert spec is not None, root
    return [Path(each) for each in spec.submodule_search_locations or ()]


def _pure_below(folder: Path, name: str, *, says_so: bool) -> Iterator[str]:
    says_so = says_so or _says_pure(folder / "__init__.py")
    if says_so:
        yield name
    for path in sorted(folder.iterdir()):
        if (path / "__init__.py").exists():
            yield from _pure_below(path, f"{name}.{path.name}", says_so=says_so)
        elif path.suffix == ".py" and path.stem != "__init__":
            yield from [f"{name}.{path.stem}"] * (says_so or _says_pure(path))


def _says_pure(path: Path) -> bool:
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return _PURE.search(text.partition("\n\n")[0]) is not None
