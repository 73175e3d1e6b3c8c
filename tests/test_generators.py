"""The two generators of random numbers give the same distributions of what the model says."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from scipy.stats import ks_2samp

from simulator.core.luck import Generator
from simulator.model import INDICATORS
from simulator.simulate import simulate
from tests.benchmarks.scaled import scaled
from tests.model_runs import shipped

SEEDS, FIRMS, LAST = 60, 600, 2016
FEW = 5  # values that differ: fewer are no distribution
DOUBT = 0.01  # chance that two like distributions are told apart anywhere


@cache
def runs(generator: Generator, first_seed: int) -> np.ndarray:
    """Return the last year's indicators of some runs, (SEEDS, K)."""
    plan = scaled(replace(shipped(), years=(2011, LAST)), FIRMS)
    return np.array([simulate(plan, {}, first_seed + k, generator=generator).values[-1] for k in range(SEEDS)])


def told_apart(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    """Return the indicators (n, K) whose distributions differ, with the p-value, corrected for their number."""
    varied = [k for k in range(first.shape[1]) if len(np.unique(np.concatenate([first[:, k], second[:, k]]))) > FEW]
    assert len(varied) > 60
    names = list(INDICATORS)
    found = {names[k]: float(ks_2samp(first[:, k], second[:, k], method="asymp").pvalue) * len(varied) for k in varied}
    return {name: p for name, p in found.items() if p < DOUBT}


def test_both_generators_give_the_same_distributions() -> None:
    mine, other = runs("hash", 0), runs("philox", 0)
    assert not np.array_equal(mine, other)
    assert told_apart(mine, other) == {}


def test_a_spread_that_is_too_small_would_be_noticed() -> None:
    """What the test can see: runs of one generator, some of which are left at their median."""
    mine, other = runs("hash", 0), runs("philox", 0).copy()
    stuck = np.random.default_rng(0).random(other.shape) < 0.75
    other[stuck] = np.broadcast_to(np.median(other, axis=0), other.shape)[stuck]
    assert len(told_apart(mine, other)) > 20
