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
        newest = max((p.stat().st_mtime for p in _called(tree, modules)), default=0.0)
        for name, line in names[path].items():
            files = list((path.parent / "__pycache__").glob(f"{path.stem}.{name}-{line}.py*.nbi"))
            if files:
                kept.append(f"{path.stem}.{name}")
                if max(f.stat().st_mtime for f in files) < newest:
                    stale.append(f"{path.stem}.{name}")
    writable = all(_can_keep(folder) for folder in {p.parent for p in sources})
    return Kernels(tuple(known), tuple(kept), tuple(stale), writable)


def _compiled(path: Path) -> bool:
    return "@njit" in path.read_text(encoding="utf-8")


def _functions(tree: ast.Module) -> dict[str, int]:
    """Return the compiled functions of a file, each with the line of its decorator, which names its kept kernel."""
    return {
        node.name: node.decorator_list[0].lineno
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.decorator_list and "njit" in ast.dump(node.decorator_list[0])
    }


def _called(tree: ast.Module, modules: dict[str, Path]) -> list[Path]:
    """Return the files with kernels that a file imports from."""
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return [modules[name] for name in names if name in modules]


def _dotted(path: Path, package: Path) -> str:
    return ".".join(path.relative_to(package.parent).with_suffix("").parts)


def _can_keep(folder: Path) -> bool:
    cache = folder / "__pycache__"
    return os.access(cache if cache.is_dir() else folder, os.W_OK)
