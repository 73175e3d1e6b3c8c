"""Addressed random numbers: a number belongs to (seed, year, mechanism, decision, agent), not to a sequence.

Nobody's draw can be shifted by another agent, a new lever or the order of calls (common random
numbers). Two generators share the addresses: a 64-bit finaliser (the default) and Philox4x32-10
(Salmon et al. 2011) as the reference; the lowest bit of an address says which.
"""

from __future__ import annotations

import math
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Literal

import numpy as np
from numba import njit, vectorize

Generator = Literal["hash", "philox"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0x3C79AC492BA7B653)
_M2 = np.uint64(0x1C69B3F74AC4AE35)
_S27, _S33, _S32, _S11 = np.uint64(27), np.uint64(33), np.uint64(32), np.uint64(11)
_LOW32 = np.uint64(0xFFFFFFFF)
_PHILOX_M0, _PHILOX_M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_PHILOX_W0, _PHILOX_W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_ONE = np.uint64(1)
_TO_UNIT = 1.0 / 9007199254740992.0
_CENTRAL = 0.425  # distance from 1/2 up to which one rational function gives the normal quantile
_BLOCK = 512  # normals drawn together


@njit(cache=True, nogil=True, inline="always")
def mix64(x: np.uint64) -> np.uint64:
    """Return a well-mixed bijection of 64 bits (Evensen's moremur finaliser)."""
    z = np.uint64(x)
    z ^= z >> _S27
    z *= _M1
    z ^= z >> _S33
    z *= _M2
    z ^= z >> _S27
    return z


@njit(cache=True, nogil=True)
def philox4x32(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """Return one block of Philox4x32-10: four 32-bit words as uint64, from a counter and a key."""
    x0, x1, x2, x3 = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(c3)
    a, b = np.uint64(k0), np.uint64(k1)
    for _ in range(10):
        p0 = _PHILOX_M0 * x0
        p1 = _PHILOX_M1 * x2
        y0 = (p1 >> _S32) ^ x1 ^ a
        y1 = p1 & _LOW32
        y2 = (p0 >> _S32) ^ x3 ^ b
        y3 = p0 & _LOW32
        x0, x1, x2, x3 = y0 & _LOW32, y1, y2 & _LOW32, y3
        a = (a + _PHILOX_W0) & _LOW32
        b = (b + _PHILOX_W1) & _LOW32
    return x0, x1, x2, x3


@njit(cache=True, nogil=True)
def _philox_bits(address: np.uint64, key: np.uint64) -> np.uint64:
    x0, x1, _, _ = philox4x32(key & _LOW32, key >> _S32, np.uint64(0), np.uint64(0), address & _LOW32, address >> _S32)
    return (x0 << _S32) | x1


@njit(cache=True, nogil=True)
def uniform_at(address: np.uint64, key: np.uint64) -> float:
    """Return the uniform in (0, 1) that belongs to an address and an agent's key."""
    a = np.uint64(address)
    k = np.uint64(key)
    bits = _philox_bits(a, k) if a & _ONE else mix64(k ^ a)
    return (float(bits >> _S11) + 0.5) * _TO_UNIT


@njit(cache=True, nogil=True)
def sub_key(key: np.uint64, number: int) -> np.uint64:
    """Return the key of the ``number``-th thing that belongs to an agent."""
    return mix64(np.uint64(key) + _GOLDEN * np.uint64(number + 1))


# Wichura (1988), algorithm AS 241 PPND16: about 16 digits


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _central(q: float) -> float:
    """Return the standard normal quantile of q + 1/2 for q up to _CENTRAL from zero."""
    r = 0.180625 - q * q
    num = (
        (
            (
                (
                    ((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r + 6.7265770927008700853e4) * r
                    + 4.5921953931549871457e4
                )
                * r
                + 1.3731693765509461125e4
            )
            * r
            + 1.9715909503065514427e3
        )
        * r
        + 1.3314166789178437745e2
    ) * r + 3.3871328727963666080e0
    den = (
        (
            (
                (
                    ((5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r + 3.9307895800092710610e4) * r
                    + 2.1213794301586595867e4
                )
                * r
                + 5.3941960214247511077e3
            )
            * r
            + 6.8718700749205790830e2
        )
        * r
        + 4.2313330701600911252e1
    ) * r + 1.0
    return q * num / den


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _outer(r: float) -> float:
    """Return the distance from zero of a standard normal quantile in the tails, by r = sqrt(-log(chance beyond))."""
    r -= 1.6
    num = (
        (
            (
                (
                    ((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r + 2.41780725177450611770e-1) * r
                    + 1.27045825245236838258e0
                )
                * r
                + 3.64784832476320460504e0
            )
            * r
            + 5.76949722146069140550e0
        )
        * r
        + 4.63033784615654529590e0
    ) * r + 1.42343711074968357734e0
    den = (
        (
            (
                (
                    ((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r + 1.51986665636164571966e-2) * r
                    + 1.48103976427480074590e-1
                )
                * r
                + 6.89767334985100004550e-1
            )
            * r
            + 1.67638483018380384940e0
        )
        * r
        + 2.05319162663775882187e0
    ) * r + 1.0
    return num / den


@njit(cache=True, nogil=True, error_model="numpy")
def _outermost(r: float) -> float:
    """Return the same for r above 5."""
    r -= 5.0
    num = (
        (
            (
                (
                    ((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 1.24266094738807843860e-3) * r
                    + 2.65321895265761230930e-2
                )
                * r
                + 2.96560571828504891230e-1
            )
            * r
            + 1.78482653991729133580e0
        )
        * r
        + 5.46378491116411436990e0
    ) * r + 6.65790464350110377720e0
    den = (
        (
            (
                (
                    ((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r + 1.84631831751005468180e-5) * r
                    + 7.86869131145613259100e-4
                )
                * r
                + 1.48753612908506148525e-2
            )
            * r
            + 1.36929880922735805310e-1
        )
        * r
        + 5.99832206555887937690e-1
    ) * r + 1.0
    return num / den


@njit(cache=True, nogil=True, error_model="numpy")
def _tail(u: float) -> float:
    """Return the standard normal quantile of ``u`` farther than _CENTRAL from 1/2."""
    r = math.sqrt(-math.log(min(u, 1.0 - u)))
    x = _outer(r) if r <= 5.0 else _outermost(r)
    return -x if u < 0.5 else x


@njit(cache=True, nogil=True)
def _quantile(u: float) -> float:
    q = u - 0.5
    return _central(q) if abs(q) <= _CENTRAL else _tail(u)


@vectorize(["float64(float64)"], cache=True, nopython=True)
def normal_quantile(u: float) -> float:
    """Return the standard normal quantile of ``u`` in (0, 1), elementwise (Wichura 1988, AS 241)."""
    return _quantile(u)


@njit(cache=True, nogil=True)
def normal_at(address: np.uint64, key: np.uint64) -> float:
    """Return the standard normal that belongs to an address and a key."""
    return _quantile(uniform_at(address, key))


@njit(cache=True, nogil=True)
def laplace_at(address: np.uint64, key: np.uint64) -> float:
    """Return the Laplace variate of mean 0 and scale 1 that belongs to an address and a key."""
    u = uniform_at(address, key)
    # the side is a coin, so a branch on it would be guessed wrong half of the time
    return math.copysign(math.log(2.0 * min(u, 1.0 - u)), u - 0.5)


@njit(cache=True, nogil=True)
def poisson_quantile(mean: float, u: float) -> float:
    """Return the ``u`` quantile of a Poisson with the given mean, a whole number as a float.

    By inversion up to a mean of 40; above it the Cornish-Fisher expansion, whose error is below one count.
    """
    if mean <= 0.0:
        return 0.0
    if mean < 40.0:
        p = math.exp(-mean)
        cumulative = p
        k = 0
        while u > cumulative and k < 400:
            k += 1
            p *= mean / k
            cumulative += p
        return float(k)
    z = _quantile(u)
    return max(0.0, math.floor(mean + math.sqrt(mean) * z + (z * z - 1.0) / 6.0 + 0.5))


@njit(cache=True, nogil=True)
def count_above(mean: float, u: float, none: float) -> float:
    """Return what ``poisson_quantile`` does where ``none``, the chance of no count at all, is worked out already."""
    if mean <= 0.0 or mean >= 40.0:
        return poisson_quantile(mean, u)
    p = cumulative = none
    k = 0
    while u > cumulative and k < 400:
        k += 1
        p *= mean / k
        cumulative += p
    return float(k)


@njit(cache=True, nogil=True)
def poisson_at(address: np.uint64, key: np.uint64, mean: float) -> float:
    """Return the Poisson count with the given mean that belongs to an address and a key."""
    return poisson_quantile(mean, uniform_at(address, key)) if mean > 0.0 else 0.0


@njit(cache=True, nogil=True)
def binomial_at(address: np.uint64, key: np.uint64, trials: float, chance: float) -> float:
    """Return a binomial count; by inversion for small cases, by a rounded normal for large ones."""
    n = math.floor(trials)
    if n <= 0.0 or chance <= 0.0:
        return 0.0
    if chance >= 1.0:
        return n
    u = uniform_at(address, key)
    variance = n * chance * (1.0 - chance)
    if variance > 25.0:
        z = _quantile(u)
        x = n * chance + math.sqrt(variance) * z + (1.0 - 2.0 * chance) * (z * z - 1.0) / 6.0
        return min(n, max(0.0, math.floor(x + 0.5)))
    flipped = chance > 0.5
    c = 1.0 - chance if flipped else chance
    p = math.exp(n * math.log1p(-c))
    cumulative = p
    k = 0.0
    while u > cumulative and k < n:
        k += 1.0
        p *= (n - k + 1.0) / k * c / (1.0 - c)
        cumulative += p
    return n - k if flipped else k


@njit(cache=True, nogil=True)
def _uniforms(address: np.uint64, keys: np.ndarray, out: np.ndarray) -> None:
    for i in range(keys.shape[0]):
        out[i] = uniform_at(address, keys[i])


@njit(cache=True, nogil=True, error_model="numpy")
def normals_of(address: np.uint64, keys: np.ndarray, out: np.ndarray) -> None:
    """Fill (n, width) with standard normals, block by block: loops without branches, which compile to vectors.

    The few that lie in the tails are set right afterwards.
    """
    width = out.shape[1]
    rows = max(min(_BLOCK // width, keys.shape[0]), 1)
    u, tails, far = np.empty(rows * width), np.empty(rows * width, np.int64), np.empty((2, rows * width))
    names, line = np.empty(rows, np.uint64), np.empty(rows)
    flat = out.reshape(-1)
    for start in range(0, keys.shape[0], rows):
        block = keys[start : start + rows]
        count = block.shape[0] * width
        for k in range(width):
            for i in range(block.shape[0]):
                names[i] = sub_key(block[i], k) if k > 0 else block[i]
            _uniforms(address, names[: block.shape[0]], line)
            for i in range(block.shape[0]):
                u[i * width + k] = line[i]
        here = flat[start * width : start * width + count]
        for j in range(count):
            here[j] = _central(u[j] - 0.5)
        m = 0
        for j in range(count):
            tails[m] = j
            m += abs(u[j] - 0.5) > _CENTRAL
        for t in range(m):
            v = u[tails[t]]
            far[0, t] = math.sqrt(-math.log(min(v, 1.0 - v)))
        for t in range(m):
            far[1, t] = _outer(far[0, t])
        for t in range(m):
            x = far[1, t] if far[0, t] <= 5.0 else _outermost(far[0, t])
            here[tails[t]] = -x if u[tails[t]] < 0.5 else x


@njit(cache=True, nogil=True, inline="always")
def child_key(parent: np.uint64, rank: int, year: int) -> np.uint64:
    """Return the key of a newcomer, made from its origin: its parent's key, its rank among the children, the year."""
    return mix64(mix64(parent + _GOLDEN * np.uint64(year)) + np.uint64(rank))


@njit(cache=True, nogil=True)
def child_keys(parents: np.ndarray, ranks: np.ndarray, year: int) -> np.ndarray:
    """Return the (n,) keys of newcomers, made from their origin: parent key, rank among its children, year."""
    out = np.empty(parents.shape[0], np.uint64)
    for i in range(parents.shape[0]):
        out[i] = child_key(parents[i], ranks[i], year)
    return out


@njit(cache=True, nogil=True)
def sub_keys(keys: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return the (n,) keys of the ``numbers``-th things that belong to agents."""
    out = np.empty(keys.shape[0], np.uint64)
    for i in range(keys.shape[0]):
        out[i] = sub_key(keys[i], numbers[i])
    return out


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


@lru_cache(maxsize=65536)
def name_hash(text: str) -> np.uint64:
    """Return a 64-bit number that belongs to a text, the same on every machine."""
    return np.uint64(_hash(text))


# addresses by their text: variants of a scenario have the same luck
@lru_cache(maxsize=65536)
def _hash_address(text: str) -> np.uint64:
    return np.uint64(_hash(text) & ~1)


@lru_cache(maxsize=65536)
def _philox_address(text: str) -> np.uint64:
    return np.uint64(_hash(text) | 1)


class Luck:
    """The luck of one run (a seed), of one year and mechanism once ``at`` has been called."""

    def __init__(self, seed: int, generator: Generator = "hash", place: str = "") -> None:
        self.seed = int(seed)
        self.generator: Generator = generator
        self._place = place
        self._prefix = f"{self.seed} {place} "
        self._address = _philox_address if generator == "philox" else _hash_address

    def at(self, year: int, mechanism: str) -> Luck:
        """Return the luck of one mechanism in one year."""
        return Luck(self.seed, self.generator, f"{year} {mechanism}")

    def address(self, decision: str) -> np.uint64:
        """Return the 64-bit address of one decision, for use inside compiled kernels."""
        return self._address(self._prefix + decision)

    def uniform(self, keys: np.ndarray, decision: str) -> np.ndarray:
        """Return the (n,) uniforms in (0, 1) of the agents whose keys are given."""
        keys = np.ascontiguousarray(keys, np.uint64)
        out = np.empty(keys.shape[0])
        _uniforms(self._address(self._prefix + decision), keys, out)
        return out

    def normal(self, keys: np.ndarray, decision: str) -> np.ndarray:
        """Return the (n,) standard normals of the agents whose keys are given."""
        return self.normals(keys, decision, 1)[:, 0]

    def normals(self, keys: np.ndarray, decision: str, width: int) -> np.ndarray:
        """Return (n, width) standard normals, ``width`` for each of the agents whose keys are given."""
        keys = np.ascontiguousarray(keys, np.uint64)
        out = np.empty((keys.shape[0], width))
        normals_of(self._address(self._prefix + decision), keys, out)
        return out
