"""A bank in little, committed beside the posterior: what every run gave for the observed points, and no more.

A fit needs a run's parameters and its figures for the points. Parameters are addressed by (seed, number, name) and are
drawn again; figures fit into two megabytes. So ``ris validate`` can fit anew, to other years or without a series,
without the bank itself. ``python -m simulator.study.packed REGION`` makes the file from a bank that is there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulator.core.parameters import ParameterRow
from simulator.study import posterior
from simulator.study.abc_fit import Material, material
from simulator.study.aside import replacing, write_aside
from simulator.study.checked import refused
from simulator.study.formats import PACKED
from simulator.study.history import History, load_history
from simulator.study.output import digest, model_hash
from simulator.study.priors import parameter_rows, standard_normals
from simulator.study.shell import plain_errors

if TYPE_CHECKING:
    from simulator.study.bank import Bank


@dataclass(frozen=True)
class PackedBank:
    """Runs of a region's history: ``figures`` (n, M) at ``addresses`` (``indicator@year``), numbers and seed of draws.

    ``model`` is the digest of the code that ran, ``priors`` that of the parameters' names, values and priors.
    """

    region: str
    addresses: tuple[str, ...]
    figures: np.ndarray
    draws: np.ndarray
    seed: int
    model: str
    priors: str
    bank: str

    @property
    def size(self) -> int:
        """Return the number of runs."""
        return len(self.figures)

    @cached_property
    def rows(self) -> tuple[ParameterRow, ...]:
        """Return the parameters whose draws the runs had, in the order of the model's tables."""
        return tuple(parameter_rows())

    @cached_property
    def z(self) -> np.ndarray:
        """Return the parameters as standard normals, (n, P)."""
        return standard_normals(self.rows, self.draws, self.seed)

    @property
    def fits_priors(self) -> bool:
        """Return whether the parameters are still those that the runs were drawn from."""
        return self.priors == prior_digest(self.rows)

    def material(self, points: History) -> Material:
        """Return what a fit of some points works on; raises KeyError for points that are not held."""
        known = {address: k for k, address in enumerate(self.addresses)}
        if absent := [a for a in points.addresses if a not in known]:
            raise KeyError(f"not in the packed bank: {', '.join(absent)}")
        figures = self.figures[:, [known[a] for a in points.addresses]].astype(float)
        return material([row.name for row in self.rows], self.z, figures, points)


def columns_of(whole: Material, keep: np.ndarray) -> Material:
    """Return what a fit of some of the points (M,) works on, with the same errors drawn for them."""
    return Material(whole.names, whole.z, whole.clean[:, keep], whole.noisy[:, keep])


def prior_digest(rows: Sequence[ParameterRow]) -> str:
    """Return the SHA-256 of the parameters' names, values and priors."""
    text = json.dumps([[row.name, row.value, repr(row.prior)] for row in rows])
    return digest(text.encode())


def packed_path(region_id: str, folder: Path | None = None) -> Path:
    """Return where a region's packed bank lies."""
    return (posterior.FOLDER if folder is None else folder) / f"{region_id}-bank.parquet"


def pack_bank(bank: Bank, points: History, model: str, folder: Path | None = None) -> Path:
    """Write a bank's figures at the observed points that it has the years of; the same bank gives the same bytes."""
    import pyarrow as arrow
    from pyarrow import parquet

    held = points.where(np.isin(points.years, bank.years))
    figures = bank.points(held.names, held.years).astype(np.float32)
    meta = {**PACKED.stamp, "region": bank.region, "seed": bank.seed, "bank": bank.hash, "model": model,
            "priors": prior_digest(bank.rows)}  # fmt: skip
    columns = {"draw": arrow.array(np.asarray(bank.draws, np.int32))}
    columns |= {address: arrow.array(figures[:, k]) for k, address in enumerate(held.addresses)}
    path = packed_path(bank.region, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    table = arrow.table(columns).replace_schema_metadata({"ris": json.dumps(meta, sort_keys=True)})
    encodings = {name: "DELTA_BINARY_PACKED" if name == "draw" else "BYTE_STREAM_SPLIT" for name in columns}
    with replacing(path) as part:
        parquet.write_table(
            table, part, compression="zstd", compression_level=19, use_dictionary=False, column_encoding=encodings,
            write_statistics=False,
        )  # fmt: skip
    sign(path)
    return path


def sign(path: Path) -> Path:
    """Write the SHA-256 of a packed bank into the manifest beside it, by which reading knows it; returns that file."""
    content = {**PACKED.stamp, posterior.SHA256: digest(path.read_bytes())}
    write_aside(manifest_of(path), f"{json.dumps(content, indent=1)}\n".encode())
    return manifest_of(path)


def manifest_of(path: Path) -> Path:
    """Return where the manifest of a packed bank lies; those made before there were any lack it."""
    return path.with_suffix(".json")


def load_packed(region_id: str, folder: Path | None = None) -> PackedBank | None:
    """Return a region's packed bank, or None where there is none; raises InputError for one that is damaged."""
    path = packed_path(region_id, folder)
    if not path.is_file():
        return None
    table, _, _ = posterior.read_signed(path, manifest_of(path), PACKED, "bank", whole=("draw",))
    try:
        meta = json.loads((table.schema.metadata or {})[b"ris"])
        known = [str(meta[key]) for key in ("region", "model", "priors", "bank")]
        seed = int(meta["seed"])
    except (KeyError, ValueError, TypeError, RecursionError):
        raise refused(path, "does not say which runs it holds") from None
    PACKED.check(meta, path)
    if "draw" not in table.column_names or table.num_columns < 2:
        raise refused(path, "lacks the draws or the figures")
    addresses = tuple(name for name in table.column_names if name != "draw")
    figures = np.column_stack([table.column(name).to_numpy() for name in addresses])
    draws = table.column("draw").to_numpy()
    region, model, priors, bank = known
    return PackedBank(region, addresses, figures, draws, seed, model, priors, bank)


@plain_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Pack the bank that the region's last calibration used; runs that are missing are made."""
    from simulator.study.bank import RUNS, make_bank
    from simulator.study.calibrate import data_of, region_history

    parser = argparse.ArgumentParser(prog="python -m simulator.study.packed", description=__doc__.splitlines()[0])
    parser.add_argument("region")
    parser.add_argument("runs", type=int, nargs="?", default=RUNS, help="runs of the bank")
    options = parser.parse_args(arguments)
    mine = region_history(options.region)
    bank = make_bank(mine, options.runs, until=int(data_of(options.region).years.max()))
    path = pack_bank(bank, load_history(options.region), model_hash())
    print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
