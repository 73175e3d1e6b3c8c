"""Whether the compiled kernels are kept between runs, and whether they are those of the code at hand.

A kernel that was kept is loaded again while its own file is as it was. The compiler does not look at the files whose
functions it calls: after an edit there the kept kernel is stale, and nothing says so.
"""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass
from pathlib import Path

from simulator.study.reproduce_environment import PACKAGE


@dataclass(frozen=True)
class Kernels:
    """Kernels of the package by name of file and function: those there are, those kept, and those that are stale.

    ``folder`` is where they are kept if not beside their files; ``writable`` says whether more can be kept.
    """

    known: tuple[str, ...]
    kept: tuple[str, ...]
    stale: tuple[str, ...]
    writable: bool
    folder: str = ""


def kernels(package: Path = PACKAGE) -> Kernels:
    """Return the kernels of a package."""
    sources = {p: ast.parse(p.read_text(encoding="utf-8")) for p in sorted(package.rglob("*.py")) if _compiled(p)}
    names = {p: _functions(tree) for p, tree in sources.items()}
    known = [f"{p.stem}.{name}" for p, found in names.items() for name in found]
    if elsewhere := os.environ.get("NUMBA_CACHE_DIR"):
        return Kernels(tuple(known), (), (), os.access(elsewhere, os.W_OK), elsewhere)
    modules = {_dotted(p, package): p for p in sources}
    kept, stale = [], []
    for path, tree in sources.items():
        for name, node in names[path].items():
            line = node.decorator_list[0].lineno  # of which the name of a kept kernel is made
            files = list((path.parent / "__pycache__").glob(f"{path.stem}.{name}-{line}.py*.nbi"))
            if files:
                kept.append(f"{path.stem}.{name}")
                called = _called(name, names[path], _origins(tree, modules))
                if max(f.stat().st_mtime for f in files) < max((p.stat().st_mtime for p in called), default=0.0):
                    stale.append(f"{path.stem}.{name}")
    writable = all(_can_keep(folder) for folder in {p.parent for p in sources})
    return Kernels(tuple(known), tuple(kept), tuple(stale), writable)


def _compiled(path: Path) -> bool:
    return "@njit" in path.read_text(encoding="utf-8")


def _functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    """Return the compiled functions of a file."""
    return {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.decorator_list and "njit" in ast.dump(node.decorator_list[0])
    }


def _origins(tree: ast.Module, modules: dict[str, Path]) -> dict[str, Path]:
    """Return the file that each imported name comes from, of files with kernels."""
    return {
        alias.asname or alias.name: modules[node.module]
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module in modules
        for alias in node.names
    }


def _called(name: str, functions: dict[str, ast.FunctionDef], origins: dict[str, Path]) -> set[Path]:
    """Return the other files whose functions a kernel calls, by itself or through kernels of its own file."""
    seen, left, out = {name}, [name], set()
    while left:
        used = {node.id for node in ast.walk(functions[left.pop()]) if isinstance(node, ast.Name)}
        out |= {origins[n] for n in used if n in origins}
        new = {n for n in used if n in functions} - seen
        seen |= new
        left += new
    return out


def _dotted(path: Path, package: Path) -> str:
    return ".".join(path.relative_to(package.parent).with_suffix("").parts)


def _can_keep(folder: Path) -> bool:
    cache = folder / "__pycache__"
    return os.access(cache if cache.is_dir() else folder, os.W_OK)
