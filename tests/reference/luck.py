"""Luck for the reference: one number at a time, looked up in tables that were filled before.

The first run of a model fills the tables, one entry for each number that somebody asks for; every later run
of the same work only looks up, which costs less than drawing from a generator would. So the time of a later run
holds nothing of the way in which addressed luck is made.
"""

from __future__ import annotations

import math

import numpy as np

from simulator.core.luck import Luck as AddressedLuck
from simulator.core.luck import name_hash, normal_quantile, uniform_at

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
M1, M2 = 0x3C79AC492BA7B653, 0x1C69B3F74AC4AE35


def mix64(x: int) -> int:
    """Return the well-mixed bijection of 64 bits that keys of newcomers are made with."""
    x &= MASK
    x ^= x >> 27
    x = x * M1 & MASK
    x ^= x >> 33
    x = x * M2 & MASK
    return x ^ x >> 27


def sub_key(key: int, number: int) -> int:
    """Return the key of the ``number``-th thing that belongs to an agent."""
    return mix64(key + GOLDEN * (number + 1))


def child_key(parent: int, rank: int, year: int) -> int:
    """Return the key of a newcomer, made from its origin: parent, rank among its children, and year."""
    return mix64(mix64(parent + GOLDEN * year) + rank)


def key_of(text: str) -> int:
    """Return the key that belongs to a text."""
    return int(name_hash(text))


def poisson_count(mean: float, u: float) -> float:
    """Return the ``u`` quantile of a Poisson: by inversion, above a mean of 40 by the Cornish-Fisher expansion."""
    if mean <= 0.0:
        return 0.0
    if mean < 40.0:
        p = math.exp(-mean)
        cumulative, k = p, 0
        while u > cumulative and k < 400:
            k += 1
            p *= mean / k
            cumulative += p
        return float(k)
    z = float(normal_quantile(u))
    return max(0.0, math.floor(mean + math.sqrt(mean) * z + (z * z - 1.0) / 6.0 + 0.5))


def binomial_count(trials: float, chance: float, u: float) -> float:
    """Return the ``u`` quantile of a binomial: by inversion, for a variance above 25 by a rounded normal."""
    n = math.floor(trials)
    if n <= 0 or chance <= 0.0:
        return 0.0
    if chance >= 1.0:
        return float(n)
    variance = n * chance * (1.0 - chance)
    if variance > 25.0:
        z = float(normal_quantile(u))
        x = n * chance + math.sqrt(variance) * z + (1.0 - 2.0 * chance) * (z * z - 1.0) / 6.0
        return float(min(n, max(0.0, math.floor(x + 0.5))))
    flipped = chance > 0.5
    c = 1.0 - chance if flipped else chance
    p = math.exp(n * math.log1p(-c))
    cumulative, k = p, 0.0
    while u > cumulative and k < n:
        k += 1.0
        p *= (n - k + 1.0) / k * c / (1.0 - c)
        cumulative += p
    return n - k if flipped else k


class Draws:
    """The numbers of one mechanism in one year: by decision, and by the key of whoever decides."""

    def __init__(self, addressed: AddressedLuck) -> None:
        self._addressed = addressed
        self._uniforms: dict[str, dict[int, float]] = {}
        self._normals: dict[str, dict[int, float]] = {}
        self._vectors: dict[str, dict[int, list[float]]] = {}
        self.made = 0  # numbers that were not in the tables

    def uniform(self, key: int, decision: str) -> float:
        """Return the uniform in (0, 1) of one agent."""
        try:
            return self._uniforms[decision][key]
        except KeyError:
            u = float(uniform_at(self._addressed.address(decision), np.uint64(key)))
            self._uniforms.setdefault(decision, {})[key] = u
            self.made += 1
            return u

    def normal(self, key: int, decision: str) -> float:
        """Return the standard normal of one agent."""
        try:
            return self._normals[decision][key]
        except KeyError:
            z = float(normal_quantile(uniform_at(self._addressed.address(decision), np.uint64(key))))
            self._normals.setdefault(decision, {})[key] = z
            self.made += 1
            return z

    def normals(self, key: int, decision: str, width: int) -> list[float]:
        """Return ``width`` standard normals of one agent, to be read and not written."""
        table = self._vectors.setdefault(decision, {})
        if key not in table:
            table[key] = [self.normal(sub_key(key, k) if k else key, decision) for k in range(width)]
        return table[key]

    def laplace(self, key: int, decision: str) -> float:
        """Return the Laplace variate of mean 0 and scale 1 of one agent."""
        u = self.uniform(key, decision)
        return math.log(2.0 * u) if u < 0.5 else -math.log(2.0 * (1.0 - u))

    def poisson(self, key: int, decision: str, mean: float) -> float:
        """Return a Poisson count of one agent."""
        return poisson_count(mean, self.uniform(key, decision)) if mean > 0.0 else 0.0

    def binomial(self, key: int, decision: str, trials: float, chance: float) -> float:
        """Return a binomial count of one agent."""
        if math.floor(trials) <= 0 or chance <= 0.0 or chance >= 1.0:
            return binomial_count(trials, chance, 0.5)
        return binomial_count(trials, chance, self.uniform(key, decision))


class RecordedLuck:
    """The luck of one run, kept over runs of the same work."""

    def __init__(self, seed: int) -> None:
        self._addressed = AddressedLuck(seed)
        self._draws: dict[tuple[int, str], Draws] = {}

    def at(self, year: int, mechanism: str) -> Draws:
        """Return the draws of one mechanism in one year."""
        place = (year, mechanism)
        if place not in self._draws:
            self._draws[place] = Draws(self._addressed.at(year, mechanism))
        return self._draws[place]

    def made(self) -> int:
        """Return how many numbers were made so far because no table held them."""
        return sum(d.made for d in self._draws.values())
