"""The posterior sample that a calibration leaves behind, and its use as the draws of a run."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.parameters import draw
from simulator.study.aside import clear_parts, replacing, write_aside
from simulator.study.checked import read_figures, read_json, refused
from simulator.study.formats import POSTERIOR, Format
from simulator.study.output import digest, model_hash
from simulator.study.priors import parameter_rows
from simulator.study.targets import CALIBRATION

if TYPE_CHECKING:
    import pyarrow

FOLDER = CALIBRATION / "posterior"
KINDS = ("history", "plan")
DRAWS = 1000
ORDER_SEED = 20170101
SHA256 = "sha256"  # of the file, in the manifest beside it: older ones hold none
_BITS = 14  # of the mantissa: one part in 16,000, far below any spread, and a file half as large


@dataclass(frozen=True)
class Posterior:
    """Equally weighted draws ``table`` (n, P) of the parameters ``names``, in their units, and the manifest."""

    region: str
    kind: str
    names: tuple[str, ...]
    table: np.ndarray
    manifest: Mapping[str, Any]
    path: Path
    digest: str = ""  # SHA-256 of the sample's file as it was read

    @property
    def size(self) -> int:
        """Return the number of draws."""
        return len(self.table)

    @property
    def stale(self) -> bool:
        """Return whether the model's code is another than the one that was fitted."""
        return bool(self.manifest.get("model") != model_hash())

    def values(self, k: int, seed: int = 0) -> dict[str, float]:
        """Return draw ``k`` modulo the size as a full set of parameters by dotted name.

        Seed 0 takes the rows as they stand, every other seed in an order of its own; all are taken before any is taken
        again. A parameter that the sample does not know yet is drawn from its prior; one that is gone is left out.
        """
        row = self.table[_order(self.size, seed)[k % self.size]]
        own = {name: float(x) for name, x in zip(self.names, row, strict=True)}
        rows = parameter_rows()
        new = draw([r for r in rows if r.name not in own], k, seed=seed)
        return {r.name: own[r.name] if r.name in own else new[r.name] for r in rows}


@lru_cache(maxsize=64)
def _order(size: int, seed: int) -> np.ndarray:
    """Return the order in which a seed takes the rows of a sample, (size,)."""
    if seed == 0:
        return np.arange(size)
    return np.random.default_rng([ORDER_SEED, seed]).permutation(size)


def paths_of(region_id: str, kind: str, folder: Path | None = None) -> tuple[Path, Path]:
    """Return where a posterior's sample and its manifest lie."""
    home = FOLDER if folder is None else folder
    return home / f"{region_id}-{kind}.parquet", home / f"{region_id}-{kind}.json"


def rounded(table: np.ndarray) -> np.ndarray:
    """Return figures as 32-bit floats with a short mantissa, which compress well."""
    mantissa, exponent = np.frexp(table)
    return np.ldexp(np.round(np.ldexp(mantissa, _BITS)), exponent - _BITS).astype(np.float32)


def save_posterior(
    region_id: str,
    kind: str,
    names: Sequence[str],
    table: np.ndarray,
    manifest: Mapping[str, Any],
    folder: Path | None = None,
) -> Path:
    """Write a sample (n, P) and its manifest, and return the sample's path; the same sample gives the same bytes."""
    import pyarrow as arrow
    from pyarrow import parquet

    path, beside = paths_of(region_id, kind, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    short = rounded(table)
    columns = {name: arrow.array(short[:, k]) for k, name in enumerate(names)}
    clear_parts(path.parent)
    with replacing(path) as part:
        parquet.write_table(
            arrow.table(columns), part, compression="zstd", compression_level=19, use_dictionary=False,
            column_encoding=dict.fromkeys(names, "BYTE_STREAM_SPLIT"), write_statistics=False, store_schema=False,
        )  # fmt: skip
    whole = {**POSTERIOR.stamp, **_plain(manifest), SHA256: digest(path.read_bytes())}
    text = json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False)
    write_aside(beside, (text + "\n").encode())
    clear_cache()
    return path


def _plain(value: Any) -> Any:
    """Return what JSON can hold: a figure that is none becomes null."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def read_signed(
    path: Path, beside: Path, form: Format, what: str, whole: Sequence[str] = ()
) -> tuple[pyarrow.Table, dict[str, Any], str]:
    """Return a file of figures (columns ``whole`` are integers), the manifest beside it and its own SHA-256.

    ``what`` it is called. Raises InputError for one that is damaged or is not the one that its manifest speaks of.
    """
    data = path.read_bytes()
    table = read_figures(path, whole)
    manifest = read_json(beside) if beside.exists() else {}
    form.check(manifest, beside)
    if path.read_bytes() != data:
        raise refused(path, "was changed while it was read")
    mine = digest(data)
    if manifest.get(SHA256, mine) != mine:
        raise refused(path, f"is not the {what} that its manifest speaks of", mine, str(manifest[SHA256]))
    return table, manifest, mine


@lru_cache(maxsize=8)
def _loaded(path: Path, beside: Path, region_id: str, kind: str) -> Posterior:
    table, manifest, mine = read_signed(path, beside, POSTERIOR, "sample")
    # neither that nor DLPack imports pandas, which takes 0.2 s
    figures = np.column_stack([np.from_dlpack(column.combine_chunks()) for column in table.columns])
    return Posterior(region_id, kind, tuple(table.column_names), figures.astype(float), manifest, path, mine)


def clear_cache() -> None:
    """Forget what was read: a file has changed."""
    _loaded.cache_clear()


def load_posterior(region_id: str, kind: str = "history", folder: Path | None = None) -> Posterior | None:
    """Return a region's posterior sample, or None where there is none; raises InputError for one that is damaged."""
    if kind not in KINDS:
        return None
    path, beside = paths_of(region_id, kind, folder)
    return _loaded(path, beside, region_id, kind) if path.is_file() else None
