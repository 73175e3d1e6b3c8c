"""Compiled parts of ``terms``: who gets what under an offer, and how the offers on one rule meet."""

from __future__ import annotations

import numpy as np
from numba import njit

from simulator.core.luck import uniform_at

_FEW = 16  # applicants that are sorted outright


@njit(cache=True, nogil=True)
def reach(
    order: np.ndarray, score: np.ndarray, cost: np.ndarray, rows: np.ndarray, key: np.ndarray, budget: float
) -> tuple[int, float]:
    """Bring those whom a budget reaches to the front of ``order`` (m,), the lowest score first and ties by key.

    ``score`` (m,) stands and moves with ``order``, which counts into ``cost`` and ``rows``; ``key`` is by row. Returns
    how many can be paid in full, and what is left for the next. A selection, not a sort: those whom a pivot leaves in
    front are paid together where the budget reaches them all.
    """
    low, high, left = 0, order.shape[0], budget
    while high - low > _FEW:
        middle, last = (low + high) // 2, high - 1
        if score[middle] < score[low]:  # the pivot is the middle one of three
            order[low], order[middle] = order[middle], order[low]
            score[low], score[middle] = score[middle], score[low]
        if score[last] < score[middle]:
            middle = low if score[last] < score[low] else last
        order[middle], order[last] = order[last], order[middle]
        score[middle], score[last] = score[last], score[middle]
        pivot, pivot_key = score[last], key[rows[order[last]]]
        at, front = low, 0.0
        for k in range(low, last):
            here = score[k]
            if here < pivot or (here == pivot and key[rows[order[k]]] < pivot_key):
                front += cost[order[k]]
                order[k], order[at] = order[at], order[k]
                score[k], score[at] = score[at], here
                at += 1
        order[at], order[last] = order[last], order[at]
        score[at], score[last] = score[last], score[at]
        if front > left:
            high = at
        elif front + cost[order[at]] > left:
            return at, left - front
        else:
            left -= front
            left -= cost[order[at]]
            low = at + 1
    for k in range(low, high):  # the few that remain, one by one
        best = k
        for j in range(k + 1, high):
            if score[j] < score[best] or (score[j] == score[best] and key[rows[order[j]]] < key[rows[order[best]]]):
                best = j
        order[k], order[best] = order[best], order[k]
        score[k], score[best] = score[best], score[k]
        if cost[order[k]] > left:
            return k, left
        left -= cost[order[k]]
    return high, left


@njit(cache=True, nogil=True)
def _ration(rows: np.ndarray, key: np.ndarray, rank: np.ndarray, due: np.ndarray, budget: float) -> None:
    """Cut what is due to applicants (m,), in place, to what a budget reaches, highest rank first and ties by key."""
    order, score = np.empty(due.shape[0], np.int64), np.empty(due.shape[0])
    m = 0
    for i in range(due.shape[0]):
        if due[i] > 0.0:
            order[m], score[m] = i, -rank[i]
            m += 1
    order = order[:m]
    paid, left = reach(order, score, due, rows, key, budget)
    if paid < m:
        due[order[paid]] = max(left, 0.0)
    for k in range(paid + 1, m):
        due[order[k]] = 0.0


@njit(cache=True, nogil=True)
def award(
    rows: np.ndarray,
    key: np.ndarray,
    rank: np.ndarray,
    wanted: np.ndarray,
    units: np.ndarray,
    value: np.ndarray,
    rate: float,
    eligible: np.ndarray,
    budget: float,
    worth: np.ndarray,
    half_life: float,
    unused: float,
    misuse: float,
    a_unused: np.uint64,
    a_misuse: np.uint64,
    want: np.ndarray,
    got: np.ndarray,
    sums: np.ndarray,
) -> float:
    """Pay applicants (m,) under one offer and return what was paid (CNY): nothing where an award is not used.

    ``value`` and ``worth`` are (1,) or by row of the population, ``units`` (1,) or (m,), ``eligible`` empty where
    all are. What applicants still want falls and what they got under the programme rises by the award; ``sums``
    (3, m) gathers what was paid, what of it bought something real, and its half-life times the sum.
    """
    due = np.zeros(rows.shape[0])
    by_row, by_unit, some = value.shape[0] != 1, units.shape[0] != 1, eligible.shape[0] > 0
    asked = 0.0
    for i in range(rows.shape[0]):  # worked out for all: who is eligible cannot be foreseen by a branch
        most = (value[rows[i]] if by_row else value[0]) * (units[i] if by_unit else units[0])
        sum_ = min(want[i], max(min(most, rate * wanted[i]) - got[i], 0.0))
        due[i] = sum_ if not some or eligible[rows[i]] else 0.0
        asked += due[i]
    if asked <= 0.0:
        return 0.0
    if asked > budget:  # only a budget that binds calls for an order
        _ration(rows, key, rank, due, budget)
    paid = 0.0
    for i in range(rows.shape[0]):
        sum_ = due[i]
        if sum_ <= 0.0:
            continue
        got[i] += sum_
        want[i] -= sum_
        if unused > 0.0 and uniform_at(a_unused, key[rows[i]]) < unused:
            continue
        paid += sum_
        sums[0, i] += sum_
        if not (misuse > 0.0 and uniform_at(a_misuse, key[rows[i]]) < misuse):
            sums[1, i] += sum_ * (worth[rows[i]] if worth.shape[0] != 1 else worth[0])
        sums[2, i] += sum_ * half_life
    return paid


@njit(cache=True, nogil=True)
def pay(
    rows: np.ndarray, sums: np.ndarray, income: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Add what applicants (m,) got to the income of their rows; return ``Paid``'s columns (k,) of those who did."""
    count = 0
    for i in range(rows.shape[0]):
        count += sums[0, i] > 0.0
    index, given, real, half_life = np.empty(count, np.int64), np.empty(count), np.empty(count), np.empty(count)
    k = 0
    for i in range(rows.shape[0]):
        amount = sums[0, i]
        if amount > 0.0:
            income[rows[i]] += amount
            index[k], given[k], real[k], half_life[k] = rows[i], amount, sums[1, i], sums[2, i] / amount
            k += 1
    return index, given, real, half_life


@njit(cache=True, nogil=True)
def award_alone(
    rows: np.ndarray,
    key: np.ndarray,
    rank: np.ndarray,
    wanted: np.ndarray,
    units: np.ndarray,
    value: np.ndarray,
    rate: float,
    eligible: np.ndarray,
    budget: float,
    worth: np.ndarray,
    half_life: float,
    unused: float,
    misuse: float,
    a_unused: np.uint64,
    a_misuse: np.uint64,
    income: np.ndarray,
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Do ``award`` and ``pay`` for the only offer on a term; return what was paid (CNY) and the columns of ``Paid``."""
    got, sums = np.zeros(rows.shape[0]), np.zeros((3, rows.shape[0]))
    paid = award(
        rows,
        key,
        rank,
        wanted,
        units,
        value,
        rate,
        eligible,
        budget,
        worth,
        half_life,
        unused,
        misuse,
        a_unused,
        a_misuse,
        wanted.copy(),
        got,
        sums,
    )
    index, given, real, lasts = pay(rows, sums, income)
    return paid, index, given, real, lasts


@njit(cache=True, nogil=True)
def hope(
    rows: np.ndarray, wanted: np.ndarray, value: np.ndarray, rate: float, eligible: np.ndarray, best: np.ndarray
) -> None:
    """Raise ``best`` (m,) to what applicants could get under one offer if its budget did not bind, CNY."""
    by_row, some = value.shape[0] != 1, eligible.shape[0] > 0
    for i in range(rows.shape[0]):
        if not some or eligible[rows[i]]:
            best[i] = max(best[i], min(value[rows[i]] if by_row else value[0], rate * wanted[i]))


@njit(cache=True, nogil=True)
def meet(result: np.ndarray, value: float, eligible: np.ndarray, other: float, how: int) -> None:
    """Let an offer of one value to the eligible rows meet what stands (n,), in place: 0 sum, 1 product, 2 max, 3 new.

    ``other`` is what leaves the others as they are. No branch in a loop, so that several rows are done at once.
    """
    if how == 0:
        for i in range(result.shape[0]):
            result[i] += value if eligible[i] else other
    elif how == 1:
        for i in range(result.shape[0]):
            result[i] *= value if eligible[i] else other
    elif how == 2:
        for i in range(result.shape[0]):
            v = value if eligible[i] else other
            result[i] = v if v > result[i] else result[i]
    else:
        for i in range(result.shape[0]):
            result[i] = value if eligible[i] else other


@njit(cache=True, nogil=True)
def positive(amounts: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the rows (m,) of (n,) sums that are not zero, these sums (m,), and their total.

    A ``column`` (n,) grows by the sums; an empty one is left out.
    """
    grows = column.shape[0] > 0
    count = 0
    for i in range(amounts.shape[0]):
        count += amounts[i] != 0.0
    rows, sums = np.empty(count, np.int64), np.empty(count)
    k, total = 0, 0.0
    for i in range(amounts.shape[0]):
        if amounts[i] != 0.0:
            rows[k], sums[k] = i, amounts[i]
            if grows:
                column[i] += amounts[i]
            total += amounts[i]
            k += 1
    return rows, sums, total


@njit(cache=True, nogil=True)
def scatter(rows: np.ndarray, where: np.ndarray, parts: np.ndarray, paid: np.ndarray, income: np.ndarray) -> None:
    """Add the parts (k, m) of k offers to ``paid`` in some ``rows`` (m,) of it, and to ``income`` in the rows where."""
    for j in range(rows.shape[0]):
        for k in range(parts.shape[0]):
            paid[rows[j]] += parts[k, j]
        income[where[j]] += paid[rows[j]]


@njit(cache=True, nogil=True)
def added(rows: np.ndarray, value: np.ndarray, base: float, eligible: np.ndarray, out: np.ndarray) -> None:
    """Write what an offer adds to a rule in some rows (m,), whichever way; nothing where they are not eligible."""
    by_row, some = value.shape[0] != 1, eligible.shape[0] > 0
    for i in range(rows.shape[0]):
        open_ = not some or eligible[rows[i]]
        out[i] = abs((value[rows[i]] if by_row else value[0]) - base) if open_ else 0.0


@njit(cache=True, nogil=True)
def divide(stack: np.ndarray, amounts: np.ndarray, only_most: bool) -> np.ndarray:
    """Turn what each of k offers adds, (k, m), into its part of the sums (m,), in place; ties share alike.

    Where ``only_most``, the offers that add most to a row share and the others have no part. Returns the sums (k,).
    """
    whole_of = np.zeros(stack.shape[0])
    for i in range(amounts.shape[0]):
        if only_most:
            most = stack[0, i]
            for k in range(1, stack.shape[0]):
                most = max(most, stack[k, i])
            for k in range(stack.shape[0]):
                if not stack[k, i] >= most - 1e-15:
                    stack[k, i] = 0.0
        whole = stack[0, i]
        for k in range(1, stack.shape[0]):
            whole += stack[k, i]
        if not whole > 0.0:
            whole = 1.0
        for k in range(stack.shape[0]):
            stack[k, i] = amounts[i] * (stack[k, i] / whole)
            whole_of[k] += stack[k, i]
    return whole_of
