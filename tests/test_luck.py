"""Random numbers belong to an address: known answers, distributions, and nobody else's draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simulator.core.luck import (
    Generator,
    Luck,
    binomial_at,
    child_keys,
    laplace_at,
    mix64,
    name_hash,
    normal_at,
    normal_quantile,
    philox4x32,
    poisson_at,
    poisson_quantile,
    sub_key,
    sub_keys,
    uniform_at,
)

KEYS = np.array([mix64(np.uint64(i)) for i in range(1, 20_001)], np.uint64)
FULL = 0xFFFFFFFF
GENERATORS: tuple[Generator, ...] = ("hash", "philox")
each_generator = pytest.mark.parametrize("generator", GENERATORS)
CHILD_OF_ONE = 0x4D4D4E0AE8A3AB35
FIRM = 0x156DFB7C94591BED
unit = st.floats(1e-9, 1.0 - 1e-9)
whole = st.integers(0, 2**64 - 1)


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [  # the test vectors that come with the reference implementation (Salmon et al. 2011)
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((FULL,) * 4, (FULL,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_known_answers(counter: tuple[int, ...], key: tuple[int, ...], answer: tuple[int, ...]) -> None:
    assert tuple(int(word) for word in philox4x32(*counter, *key)) == answer


@given(unit)
def test_normal_quantile_is_the_normal_quantile(u: float) -> None:
    assert float(normal_quantile(u)) == pytest.approx(float(stats.norm.ppf(u)), rel=1e-12, abs=1e-13)


def test_normal_quantile_in_the_far_tails() -> None:
    u = 10.0 ** -np.arange(1.0, 17.0)
    np.testing.assert_allclose(normal_quantile(u), stats.norm.ppf(u), rtol=1e-12)
    assert float(normal_quantile(0.5)) == 0.0


@each_generator
def test_uniforms_are_uniform(generator: Generator) -> None:
    u = Luck(3, generator).at(2014, "market").uniform(KEYS, "growth")
    assert u.min() > 0.0
    assert u.max() < 1.0
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    assert np.unique(u).size == u.size
    # no order among neighbours, whose keys are the most alike
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 0.03


@each_generator
def test_keys_that_count_up_do_as_well(generator: Generator) -> None:
    u = Luck(3, generator).at(2014, "market").uniform(np.arange(20_000, dtype=np.uint64), "growth")
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 0.03


@each_generator
@pytest.mark.parametrize(
    ("a", "b"),
    [
        (Luck(1).at(2014, "market"), Luck(2).at(2014, "market")),
        (Luck(1).at(2014, "market"), Luck(1).at(2015, "market")),
        (Luck(1).at(2014, "market"), Luck(1).at(2014, "closure")),
    ],
    ids=["seed", "year", "mechanism"],
)
def test_addresses_are_independent(a: Luck, b: Luck, generator: Generator) -> None:
    u, v = (Luck(x.seed, generator, x._place).uniform(KEYS, "growth") for x in (a, b))
    w = Luck(a.seed, generator, a._place).uniform(KEYS, "entry")
    for one, other in ((u, v), (u, w), (v, w)):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.03
        table = np.histogram2d(one, other, bins=8, range=[[0, 1], [0, 1]])[0]
        assert stats.chisquare(table.ravel()).pvalue > 1e-4


@each_generator
def test_arrays_and_scalars_agree(generator: Generator) -> None:
    luck = Luck(5, generator).at(2013, "research")
    address = luck.address("enter")
    some = KEYS[:50]
    np.testing.assert_array_equal(luck.uniform(some, "enter"), [uniform_at(address, key) for key in some])
    np.testing.assert_array_equal(luck.normal(some, "enter"), [normal_at(address, key) for key in some])


@each_generator
def test_nobody_shifts_anybody_elses_draw(generator: Generator) -> None:
    luck = Luck(7, generator).at(2016, "closure")
    alone = luck.uniform(KEYS[:100], "exit")
    luck.uniform(KEYS, "another decision")
    shuffled = np.random.default_rng(0).permutation(1000)
    among = luck.uniform(KEYS[:1000][shuffled], "exit")
    np.testing.assert_array_equal(among[np.argsort(shuffled)][:100], alone)


@each_generator
def test_derived_variates_have_their_distributions(generator: Generator) -> None:
    address = Luck(11, generator).at(2012, "test").address("variates")
    draws = {
        "norm": np.array([normal_at(address, k) for k in KEYS]),
        "laplace": np.array([laplace_at(address, k) for k in KEYS]),
    }
    for name, sample in draws.items():
        assert stats.kstest(sample, name).pvalue > 1e-3, name
    counts = np.array([poisson_at(address, k, 3.7) for k in KEYS])
    assert counts.mean() == pytest.approx(3.7, abs=0.06)
    assert counts.var() == pytest.approx(3.7, abs=0.2)


@given(st.floats(1e-6, 39.9), unit)
def test_small_poisson_is_exact(mean: float, u: float) -> None:
    k = poisson_quantile(mean, u)
    assert k == int(k) >= 0
    assert stats.poisson.cdf(k, mean) >= u - 1e-10
    assert k == 0 or stats.poisson.cdf(k - 1, mean) <= u + 1e-10


@given(st.floats(40.0, 1e6), st.floats(1e-4, 1 - 1e-4))
def test_large_poisson_is_within_one(mean: float, u: float) -> None:
    assert abs(poisson_quantile(mean, u) - stats.poisson.ppf(u, mean)) <= 1.0


@pytest.mark.parametrize("mean", [0.0, -1.0])
def test_no_mean_no_count(mean: float) -> None:
    assert poisson_quantile(mean, 0.99) == 0.0


@given(whole, st.integers(0, 400), st.floats(0.0, 1.0))
def test_binomial_stays_close_to_its_quantile(key: int, trials: int, chance: float) -> None:
    address = name_hash("binomial") & ~np.uint64(1)
    k = binomial_at(address, np.uint64(key), float(trials), chance)
    assert k == int(k)
    assert 0 <= k <= trials
    if 0.0 < chance < 1.0 and trials > 0:
        u = uniform_at(address, np.uint64(key))
        ends = [stats.binom.ppf(v, trials, chance) for v in (u, 1.0 - u)]  # a likely case is counted from above
        assert min(abs(k - e) for e in ends) <= (1.0 if trials * chance * (1 - chance) > 25.0 else 1e-9)


@pytest.mark.parametrize(("trials", "chance"), [(12, 0.3), (12, 0.8), (500, 0.2)])
def test_binomial_has_its_mean_and_variance(trials: int, chance: float) -> None:
    address = Luck(1).address("coins")
    k = np.array([binomial_at(address, key, float(trials), chance) for key in KEYS])
    deviation = np.sqrt(trials * chance * (1 - chance))
    assert k.mean() == pytest.approx(trials * chance, abs=4 * deviation / np.sqrt(KEYS.size) + 0.02)
    assert k.std() == pytest.approx(deviation, rel=0.03)


def test_generators_differ_in_bits_and_agree_in_distribution() -> None:
    u, v = (Luck(1, g).at(2011, "x").uniform(KEYS, "d") for g in GENERATORS)
    assert not np.any(u == v)
    assert abs(np.corrcoef(u, v)[0, 1]) < 0.03
    assert stats.ks_2samp(u, v).pvalue > 1e-3


def test_child_keys_come_from_their_origin() -> None:
    parents = np.repeat(KEYS[:2000], 5)
    ranks = np.tile(np.arange(5), 2000)
    keys = np.concatenate([child_keys(parents, ranks, year) for year in (2011, 2012)])
    assert np.unique(np.concatenate([keys, KEYS])).size == keys.size + KEYS.size
    order = np.random.default_rng(0).permutation(parents.size)
    np.testing.assert_array_equal(child_keys(parents[order], ranks[order], 2011), keys[: parents.size][order])
    # the same on every machine, for ever
    assert int(child_keys(np.array([1], np.uint64), np.array([0]), 2011)[0]) == CHILD_OF_ONE
    assert int(name_hash("firm")) == FIRM


def test_sub_keys_do_not_meet() -> None:
    numbers = np.tile(np.arange(8), 2000)
    keys = sub_keys(np.repeat(KEYS[:2000], 8), numbers)
    assert np.unique(keys).size == keys.size
    assert keys[3] == sub_key(KEYS[0], 3)


@given(st.lists(whole, min_size=1, max_size=200, unique=True))
def test_mixing_is_a_bijection(numbers: list[int]) -> None:
    assert len({int(mix64(np.uint64(n))) for n in numbers}) == len(numbers)
