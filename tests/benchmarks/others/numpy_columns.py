"""The task with numpy columns, one expression a rule."""

from __future__ import annotations

import numpy as np
import task as t
from serve import serve


def start(firms: int, seed: int) -> tuple[dict[str, np.ndarray], np.random.Generator]:
    """Return the columns at the start and a generator."""
    rng = np.random.default_rng(seed)
    columns = {
        "revenue": t.START_SALES * np.exp(t.START_SPREAD * rng.standard_normal(firms)),
        "quality": rng.standard_normal(firms),
        "does_rd": rng.random(firms) < t.START_RD,
        "intensity": np.full(firms, t.START_INTENSITY),
        **{name: np.zeros(firms) for name in ("knowledge", "cash", "closed")},
    }
    return columns, rng


def year(c: dict[str, np.ndarray], rng: np.random.Generator) -> None:
    """Let one year pass."""
    n = c["revenue"].size
    size, u = c["revenue"] / t.AT, rng.random(n)
    stays = u >= np.minimum(t.GIVE_UP * size**t.GIVE_UP_SIZE, t.MOST)
    begins = u < np.minimum(t.BEGIN * size**t.BEGIN_SIZE, t.MOST)
    c["does_rd"] = np.where(c["does_rd"], stays, begins)
    moved = c["intensity"] * np.exp(t.DRIFT + t.DRIFT_SPREAD * rng.standard_normal(n))
    c["intensity"] = np.clip(moved, t.LEAST, t.HIGHEST)
    rd = np.where(c["does_rd"], c["intensity"] * c["revenue"], 0.0)
    c["knowledge"] = t.KEPT * c["knowledge"] + rd
    mean = t.ARRIVAL * (c["knowledge"] / (c["knowledge"] + t.ABSORPTION)) ** t.RETURNS
    gain = t.VALUE * rng.poisson(mean) * np.exp(t.VALUE_SPREAD * rng.standard_normal(n))
    shock = rng.laplace(size=n) * t.SHOCK * np.maximum(c["revenue"] / t.SHOCK_AT, t.SMALLEST) ** t.SHOCK_SIZE
    c["revenue"] = c["revenue"] * np.exp(t.GROWTH + t.BY_QUALITY * c["quality"] + t.GAIN * gain + shock)
    c["cash"] = c["cash"] + (t.MARGIN + t.MARGIN_SPREAD * rng.standard_normal(n)) * c["revenue"] - rd
    lent = (rng.random(n) < t.LOAN) & (c["cash"] < 0.0)
    c["cash"] = np.where(lent, c["cash"] + t.LOAN_SIZE * c["revenue"], c["cash"])
    chance = t.CLOSE * (c["revenue"] / t.SHOCK_AT) ** t.CLOSE_SIZE * np.where(c["cash"] < 0.0, t.DISTRESS, 1.0)
    gone = rng.random(n) < np.minimum(chance, t.MOST)
    c["revenue"] = np.where(gone, t.NEW_SALES, c["revenue"])
    c["intensity"] = np.where(gone, t.START_INTENSITY, c["intensity"])
    c["does_rd"] = c["does_rd"] & ~gone
    c["knowledge"] = np.where(gone, 0.0, c["knowledge"])
    c["cash"] = np.where(gone, 0.0, c["cash"])
    c["closed"] = c["closed"] + gone


def found(c: dict[str, np.ndarray], years: int) -> list[float]:
    """Return what came of the years."""
    return [
        float(np.log(c["revenue"]).mean()),
        float(c["does_rd"].mean()),
        float(np.log1p(c["knowledge"]).mean()),
        float(c["closed"].mean()) / years,
    ]


def run(state: tuple[dict[str, np.ndarray], np.random.Generator], years: int) -> list[float]:
    """Let the years pass and return what came of them."""
    for _ in range(years):
        year(*state)
    return found(state[0], years)


if __name__ == "__main__":
    serve(start, run)
