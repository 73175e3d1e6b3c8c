"""The task as polars expressions on a frame with the year's draws beside the columns."""

from __future__ import annotations

import numpy as np
import polars as pl
import task as t

col = pl.col


def draws(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Return the draws of a year that do not depend on anything, by name; polars itself draws no such numbers."""
    return {
        **{name: rng.random(n) for name in ("u_rd", "u_loan", "u_close")},
        **{name: rng.standard_normal(n) for name in ("n_drift", "n_value", "n_margin")},
        "laplace": rng.laplace(size=n),
    }


def start(firms: int, rng: np.random.Generator) -> pl.DataFrame:
    """Return the frame at the start."""
    return pl.DataFrame(
        {
            "revenue": t.START_SALES * np.exp(t.START_SPREAD * rng.standard_normal(firms)),
            "quality": rng.standard_normal(firms),
            "does_rd": rng.random(firms) < t.START_RD,
            "intensity": np.full(firms, t.START_INTENSITY),
            **{name: np.zeros(firms) for name in ("knowledge", "cash", "closed")},
        }
    )


def research(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Decide on R&D and let knowledge grow; the mean of innovations is left as a column."""
    size = col("revenue") / t.AT
    stays = col("u_rd") >= (t.GIVE_UP * size.pow(t.GIVE_UP_SIZE)).clip(upper_bound=t.MOST)
    begins = col("u_rd") < (t.BEGIN * size.pow(t.BEGIN_SIZE)).clip(upper_bound=t.MOST)
    moved = col("intensity") * (t.DRIFT + t.DRIFT_SPREAD * col("n_drift")).exp()
    return (
        frame.with_columns(
            pl.when(col("does_rd")).then(stays).otherwise(begins).alias("does_rd"),
            moved.clip(t.LEAST, t.HIGHEST).alias("intensity"),
        )
        .with_columns(pl.when(col("does_rd")).then(col("intensity") * col("revenue")).otherwise(0.0).alias("rd"))
        .with_columns((t.KEPT * col("knowledge") + col("rd")).alias("knowledge"))
        .with_columns((t.ARRIVAL * (col("knowledge") / (col("knowledge") + t.ABSORPTION)).pow(t.RETURNS)).alias("mean"))
    )


def market(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Let firms grow, earn, borrow and close; expects the count of innovations as a column."""
    gain = t.VALUE * col("count") * (t.VALUE_SPREAD * col("n_value")).exp()
    spread = (col("revenue") / t.SHOCK_AT).clip(lower_bound=t.SMALLEST).pow(t.SHOCK_SIZE)
    growth = t.GROWTH + t.BY_QUALITY * col("quality") + t.GAIN * gain + t.SHOCK * col("laplace") * spread
    earned = (t.MARGIN + t.MARGIN_SPREAD * col("n_margin")) * col("revenue") - col("rd")
    lent = (col("u_loan") < t.LOAN) & (col("cash") < 0.0)
    distress = pl.when(col("cash") < 0.0).then(t.DISTRESS).otherwise(1.0)
    chance = t.CLOSE * (col("revenue") / t.SHOCK_AT).pow(t.CLOSE_SIZE) * distress
    gone = col("gone")
    return (
        frame.with_columns(col("revenue") * growth.exp())
        .with_columns(col("cash") + earned)
        .with_columns(col("cash") + pl.when(lent).then(t.LOAN_SIZE * col("revenue")).otherwise(0.0))
        .with_columns((col("u_close") < chance.clip(upper_bound=t.MOST)).alias("gone"))
        .with_columns(
            pl.when(gone).then(t.NEW_SALES).otherwise(col("revenue")).alias("revenue"),
            pl.when(gone).then(t.START_INTENSITY).otherwise(col("intensity")).alias("intensity"),
            (col("does_rd") & ~gone).alias("does_rd"),
            *(pl.when(gone).then(0.0).otherwise(col(name)).alias(name) for name in ("knowledge", "cash")),
            (col("closed") + gone).alias("closed"),
        )
    )


def year(frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Let one year pass; the rest of the frame's columns are kept."""
    kept = frame.columns
    drawn = {name: pl.Series(values) for name, values in draws(rng, frame.height).items()}
    frame = research(frame.with_columns(**drawn).lazy()).collect()
    counts = pl.Series(rng.poisson(frame["mean"].to_numpy()).astype(float))
    return market(frame.with_columns(count=counts).lazy()).select(kept).collect()


def found(frame: pl.DataFrame, years: int) -> list[float]:
    """Return what came of the years."""
    looks = col("revenue").log(), col("does_rd"), col("knowledge").log1p(), col("closed") / years
    return list(frame.select(look.mean().alias(str(k)) for k, look in enumerate(looks)).row(0))
