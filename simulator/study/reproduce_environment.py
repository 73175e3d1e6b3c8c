"""What a figure can depend on besides the inputs: versions, the machine, compiler settings, and parts of the code."""

from __future__ import annotations

import hashlib
import inspect
import os
import platform
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from simulator.study.targets import CALIBRATION

PACKAGE = Path(__file__).resolve().parents[1]
# What can change a figure or how one is written: in the manifest of every run.
PACKAGES = (
    *("numpy", "numba", "llvmlite", "scipy", "mesa", "pandas", "pyarrow", "matplotlib"),
    *("networkx", "ruamel.yaml", "SALib", "pymoo", "distributed"),
)
# Settings of the compiler, of vector instructions and of linear algebra that a user may have set.
_PREFIXES = ("NUMBA_", "NPY_", "OPENBLAS_", "MKL_", "OMP_", "BLIS_", "VECLIB_")
_NO_MATTER = ("NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS")
# Parts of the package that no figure depends on.
PAGES = ("report", "commands", "dashboard", "cli.py", "warm.py", "mesa_model.py")


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str | None]:
    """Return the versions of Python, this program and what it computes with; None for what is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version(), "simulator": version("ris-simulator")}
    return found | {name: version(name) for name in packages}


def version(package: str) -> str | None:
    """Return the version of an installed package, None where there is none."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def machine() -> dict[str, Any]:
    """Return what of the machine can change the last digits of a figure, as plain values.

    Kernels are compiled for the processor at hand, so its name and its vector instructions are kept.
    """
    out: dict[str, Any] = {
        "system": platform.system(),
        "processor": platform.machine(),
        "python": platform.python_implementation(),
        "libc": " ".join(platform.libc_ver()).strip(),
    }
    with suppress(ImportError, RuntimeError):
        from llvmlite import binding

        features = binding.get_host_cpu_features()
        out["cpu"] = binding.get_host_cpu_name()
        out["cpu_features"] = hashlib.sha256(features.flatten().encode()).hexdigest()[:16]
        out["fused_multiply_add"] = bool(features.get("fma", False))
        out["llvm"] = ".".join(map(str, binding.llvm_version_info))
    out["blas"] = _blas()
    out["settings"] = {
        name: value
        for name, value in sorted(os.environ.items())
        if name.startswith(_PREFIXES) and name not in _NO_MATTER
    }
    return out


def _blas() -> str:
    import numpy as np

    with suppress(AttributeError, KeyError, TypeError):
        found = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{found['name']} {found['version']}"
    return ""


def generator() -> str:
    """Return the generator of random numbers that runs use unless told otherwise."""
    from simulator.simulate import simulate

    found = inspect.signature(simulate).parameters.get("generator")
    return "" if found is None else str(found.default)


@cache  # a file that is edited while a study runs is not what its processes run
def _code_parts() -> tuple[tuple[str, str], ...]:
    groups: dict[str, list[tuple[str, Path]]] = {}
    for root, home, suffixes in (
        (PACKAGE, PACKAGE.parent, {".py"}),
        (CALIBRATION, CALIBRATION.parent, {".yaml", ".csv"}),
    ):
        for file in sorted(root.rglob("*")):
            if file.suffix in suffixes and file.is_file():
                inner = file.relative_to(root).parts
                name = "/".join((root.name, inner[0]))
                groups.setdefault(name, []).append((file.relative_to(home).as_posix(), file))
    return tuple((name, _digest(files)) for name, files in sorted(groups.items()))


def code_parts() -> dict[str, str]:
    """Return the SHA-256 of each folder and file at the top of the package and of the calibration data."""
    return dict(_code_parts())


def _digest(files: list[tuple[str, Path]]) -> str:
    lines = [f"{name} {hashlib.sha256(file.read_bytes()).hexdigest()}" for name, file in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def is_page(part: str) -> bool:
    """Return whether a part of the code only shows figures and cannot change one."""
    return part.removeprefix(f"{PACKAGE.name}/") in PAGES


def environment() -> Mapping[str, Any]:
    """Return all of this as it stands in a manifest."""
    return {
        "versions": versions(),
        "machine": machine(),
        "generator": generator(),
        "code_parts": code_parts(),
    }
