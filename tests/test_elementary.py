"""The exponential and logarithm of compiled blocks agree with numpy's to the last places."""

from __future__ import annotations

import numpy as np
from numba import njit

from simulator.core.elementary import exp_of, log_of


@njit(error_model="numpy")
def _both(x: np.ndarray, y: np.ndarray) -> None:
    for i in range(x.shape[0]):
        x[i] = exp_of(x[i])
        y[i] = log_of(y[i])


def test_as_exact_as_numpy() -> None:
    rng = np.random.default_rng(1)
    x = np.concatenate([[0.0, 1.0, -699.0, 699.0, 1e-300, -1e-9], rng.normal(size=5000), rng.uniform(-600, 600, 5000)])
    y = np.concatenate([[1.0, 2.0, 0.5, 1e-300, 1e300, 1.0 - 1e-12], rng.uniform(0, 2, 5000), np.exp(x[5006:])])
    power, logarithm = x.copy(), y.copy()
    _both(power, logarithm)
    assert power[0] == 1.0
    assert logarithm[0] == 0.0
    np.testing.assert_allclose(power, np.exp(x), rtol=5e-16)
    np.testing.assert_allclose(logarithm, np.log(y), rtol=5e-16)


def test_far_exponents_are_cut() -> None:
    x = np.array([1e4, -1e4])
    _both(x, np.ones(2))
    np.testing.assert_allclose(x, np.exp([700.0, -700.0]), rtol=1e-15)
