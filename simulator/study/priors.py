"""Draws of the parameters as standard normals: the scale on which the prior is the same for all of them.

A draw addressed by (seed, number, name) is a uniform; its normal quantile is what the fit works with, and the prior's
own quantile function (two half normals on a linear, log or logit scale) leads to the value in its unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit

from simulator.core.luck import name_hash, normal_quantile, uniform_at
from simulator.core.parameters import ParameterRow, Range, table

Z95 = 1.6448536269514722
_EDGE = 1e-12  # values at the ends of a logit's interval are kept this far inside


def parameter_rows() -> list[ParameterRow]:
    """Return every parameter of the model, in the order of its tables."""
    from simulator.model import LEVERS, SCHEDULE

    return table(SCHEDULE, LEVERS.values())


@njit(cache=True, nogil=True)
def _uniforms(addresses: np.ndarray, keys: np.ndarray, out: np.ndarray) -> None:
    for i in range(addresses.shape[0]):
        for k in range(keys.shape[0]):
            out[i, k] = uniform_at(addresses[i], keys[k])


def standard_normals(rows: Sequence[ParameterRow], numbers: Sequence[int] | np.ndarray, seed: int) -> np.ndarray:
    """Return the draws (n, P) of these numbers as standard normals; the values are those of ``parameters.draw``."""
    addresses = np.array([name_hash(f"parameter draw {seed} {int(n)}") for n in numbers], np.uint64)
    keys = np.array([name_hash(row.name) for row in rows], np.uint64)
    out = np.empty((len(addresses), len(keys)))
    _uniforms(addresses, keys, out)
    return np.asarray(normal_quantile(out))


def _forward(prior: Range, x: Any) -> Any:
    if prior.shape == "log":
        return np.log(x)
    if prior.shape == "logit":
        inside = np.clip(x, _EDGE, 1.0 - _EDGE)
        return np.log(inside / (1.0 - inside))
    return x


def _scale(row: ParameterRow) -> tuple[float, float, float]:
    """Return the centre of a prior on its own scale, and its standard deviations below and above."""
    centre, low, high = (float(_forward(row.prior, x)) for x in (row.value, row.prior.low, row.prior.high))
    return centre, (centre - low) / Z95, (high - centre) / Z95


def to_natural(rows: Sequence[ParameterRow], z: np.ndarray) -> np.ndarray:
    """Return parameters (n, P) in their units from standard normals (n, P)."""
    out = np.empty_like(z, dtype=float)
    for k, row in enumerate(rows):
        centre, below, above = _scale(row)
        y = centre + z[:, k] * np.where(z[:, k] > 0.0, above, below)
        if row.prior.shape == "log":
            y = np.exp(y)
        elif row.prior.shape == "logit":
            y = 1.0 / (1.0 + np.exp(-y))
        else:
            y = np.clip(y, row.prior.floor, row.prior.ceiling)
        out[:, k] = y
    return out


def to_standard(rows: Sequence[ParameterRow], values: np.ndarray) -> np.ndarray:
    """Return standard normals (n, P) from parameters (n, P) in their units; where a draw was cut it stays cut."""
    out = np.empty_like(values, dtype=float)
    for k, row in enumerate(rows):
        centre, below, above = _scale(row)
        away = _forward(row.prior, values[:, k]) - centre
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.where(away > 0.0, away / above, away / below)
        out[:, k] = np.where(away == 0.0, 0.0, found)
    return out
