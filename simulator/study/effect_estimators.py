"""Estimators of the effect table: each reads a pair of runs that differ by one thing and returns a fraction.

A fraction is (numerator, denominator); the table adds both over all pairs before dividing, so that a pair with
few cases weighs little. Firms are compared with themselves: the same firm in the run without the measure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from simulator.study.trace import Columns, Pair, Trace
from simulator.world.rules import SMALL_FIRM_STAFF
from simulator.world.world import World

Fraction = tuple[float, float]


def _span(pair: Pair, years: Sequence[int] | None) -> list[int]:
    return list(range(years[0], years[1] + 1)) if years else list(pair.years)


# ---- any lever --------------------------------------------------------------------------------------


def change(pair: Pair, *, indicator: str, years: Sequence[int] | None = None, relative: bool = True) -> Fraction:
    """Return the change of an indicator over some years: relative to the run without, or in its unit a year."""
    span = _span(pair, years)
    before, after = pair.control.series(indicator, span), pair.treated.series(indicator, span)
    return float((after - before).sum()), float(before.sum()) if relative else float(len(span))


def share_change(pair: Pair, *, part: str, whole: str, years: Sequence[int] | None = None) -> Fraction:
    """Return the change of one indicator over another, a share, on the mean of some years."""
    span = _span(pair, years)
    shares = [t.series(part, span).sum() / t.series(whole, span).sum() for t in (pair.treated, pair.control)]
    return float(shares[0] - shares[1]), 1.0


# ---- vouchers ---------------------------------------------------------------------------------------


def _voucher_users(pair: Pair, year: int) -> Columns:
    firms = pair.treated.firms[year]
    mine = firms["voucher_year"] == year
    return {name: column[mine] for name, column in firms.items()}


def voucher_additional(pair: Pair) -> Fraction:
    """Return the share of vouchers issued whose project would not have been done."""
    users = [_voucher_users(pair, year) for year in pair.years]
    works = sum(float((u["boost"] > 0.0).sum()) for u in users)
    return works, sum(float(u["key"].size) for u in users) / pair.treated.values["innovation_voucher.take_up"]


def voucher_fade(pair: Pair, *, lag: int) -> Fraction:
    """Return users' extra innovations some years after the voucher over those of its year."""
    first = later = 0.0
    for year in pair.years:
        keys = _voucher_users(pair, year)["key"]
        for when, sign in ((year, 0), (year + lag, 1)):
            with_it, without = pair.both(when, keys, "innovations")
            extra = float(np.nansum(with_it - without))
            first, later = (first + extra, later) if sign == 0 else (first, later + extra)
    return later, first


def voucher_tie(pair: Pair, *, lag: int) -> Fraction:
    """Return the share of users who are tied to their university some years later and would not be."""
    tied = users = 0.0
    for year in pair.years:
        keys = _voucher_users(pair, year)["key"]
        with_it, without = pair.both(year + lag, keys, "link")
        here = np.isfinite(with_it) & np.isfinite(without)
        tied += float(((with_it >= 0.5)[here]).sum() - (without >= 0.5)[here].sum())
        users += float(here.sum())
    return tied, users


def voucher_regular(pair: Pair, *, lag: int) -> Fraction:
    """Return the rise of the share doing R&D some years later among users who did none."""
    extra = users = 0.0
    for year in pair.years:
        keys = _voucher_users(pair, year)["key"]
        keys = keys[pair.control.of_firms(year, keys, "does_rd") == 0.0]
        with_it, without = pair.both(year + lag, keys, "does_rd")
        here = np.isfinite(with_it) & np.isfinite(without)
        extra += float((with_it - without)[here].sum())
        users += float(here.sum())
    return extra, users


# ---- grants and tax ---------------------------------------------------------------------------------


def _grantees(pair: Pair, year: int) -> np.ndarray:
    firms = pair.treated.firms[year]
    before = pair.treated.of_firms(year - 1, firms["key"], "grants")
    return firms["key"][firms["grants"] > np.nan_to_num(before)]


def grant_extra(pair: Pair, *, size: str) -> Fraction:
    """Return real R&D added in the first year per CNY of grant, by firms under 300 staff or over."""
    year = pair.years[0]
    keys = _grantees(pair, year)
    staff = pair.control.of_firms(year, keys, "staff")
    keys = keys[(staff < SMALL_FIRM_STAFF) == (size == "small")]
    done, money = pair.both(year, keys, "rd_real"), pair.both(year, keys, "policy_income")
    return float(np.nansum(done[0] - done[1])), float(np.nansum(money[0] - money[1]))


def rd_per_outlay(pair: Pair, *, years: Sequence[int]) -> Fraction:
    """Return real R&D added in the city, also after the measure, per CNY paid out."""
    extra, _ = change(pair, indicator="rd_real", years=years)
    return extra, pair.treated.billed(("outlay",), _span(pair, years))


def grant_venture(pair: Pair, *, lag: int) -> Fraction:
    """Return grantees' first venture deals within some years over those of the same firms without a grant."""
    deals = [0.0, 0.0]
    for year in pair.years:
        keys = _grantees(pair, year)
        for k, trace in enumerate((pair.treated, pair.control)):
            begin, end = trace.of_firms(year - 1, keys, "equity"), trace.of_firms(year + lag, keys, "equity")
            deals[k] += float(((begin == 0.0) & (end > 0.0)).sum())
    return deals[0], deals[1]


def user_cost_elasticity(pair: Pair, *, size: str) -> Fraction:
    """Return log real R&D over log user cost in the last year in force, firms that claimed throughout.

    Firms taxed at the small-profit rate, or whose status differs between the runs, are left out.
    """
    year, control = pair.years[-1], pair.control
    rules, firms = control.rules[year], control.firms[year]
    keys = firms["key"][firms["claims"]]
    keep = (control.of_firms(year, keys, "staff") < SMALL_FIRM_STAFF) == (size == "small")
    for when in pair.years:
        for column in ("claims", "does_rd"):
            keep &= np.logical_and(*(column_ == 1.0 for column_ in pair.both(when, keys, column)))
    profit = control.of_firms(year - 1, keys, "profit")
    keep &= profit > 1.5 * rules["small_profit_ceiling"]
    status = pair.both(year, keys, "hnte_until")
    keep &= (status[0] >= year) == (status[1] >= year)
    keys, status_now = keys[keep], status[1][keep]
    done = pair.both(year, keys, "rd_real")
    tax = np.where(status_now >= year, rules["hnte_tax"], rules["corporate_tax"])
    sme = control.of_firms(year, keys, "technology_sme") == 1.0
    law = np.maximum(rules["rd_super_deduction"], np.where(sme, rules["rd_super_deduction_tech_sme"], 0.0))
    rate = np.maximum(law, RATE_ON_TRIAL)
    fall = np.log1p(-tax * (1.0 + rate)) - np.log1p(-tax * (1.0 + law))
    real = (done[0] > 0.0) & (done[1] > 0.0)
    return float(np.log(done[0][real] / done[1][real]).sum()), float(fall[real].sum())


RATE_ON_TRIAL = 0.75  # the extra deduction of the lever's dose


def rd_per_forgone(pair: Pair, *, years: Sequence[int]) -> Fraction:
    """Return real R&D added per CNY of corporate tax forgone more than without the measure, by whomever."""
    span = _span(pair, years)
    extra, _ = change(pair, indicator="rd_real", years=years)
    forgone = [t.billed(("tax_forgone",), span, own=False) for t in (pair.treated, pair.control)]
    return extra, forgone[0] - forgone[1]


def notch_relabelled(pair: Pair) -> Fraction:
    """Return the relabelled share of the R&D that certified firms within a point above the threshold report."""
    from simulator.world.rules import hnte_threshold

    relabelled = reported = 0.0
    for year in pair.years:
        f, rules = pair.treated.firms[year], pair.treated.rules[year]
        # status was judged on three years' sales before this year's market: those now one to three years old
        oldest = pair.treated.of_firms(year - 1, f["key"], "revenue_lag2")
        sales = f["revenue_lag1"] + f["revenue_lag2"] + np.where(np.isfinite(oldest), oldest, f["revenue_lag2"])
        ratio = (f["rd_reported"] + f["rd_lag1"] + f["rd_lag2"]) / np.maximum(sales, 1.0)
        above = ratio - hnte_threshold(rules, f["revenue_lag1"])
        near = (f["hnte_until"] >= year) & (above >= 0.0) & (above < 0.01)
        relabelled += float((f["rd_reported"] - f["rd_real"])[near].sum())
        reported += float(f["rd_reported"][near].sum())
    return relabelled, reported


def alliance_innovations(pair: Pair) -> Fraction:
    """Return the extra innovations of members that would be in no alliance, over the same firms' without it.

    Counted from the year after they joined: what an alliance pools works between years.
    """
    extra = before = 0.0
    for year in pair.years[:-1]:
        keys = pair.treated.firms[year]["key"][pair.treated.firms[year]["alliance"] >= 0]
        joined = pair.both(year, keys, "alliance")
        stays = pair.both(year + 1, keys, "alliance")
        keys = keys[(joined[1] < 0) & (stays[0] >= 0) & (stays[1] < 0)]
        with_it, without = pair.both(year + 1, keys, "innovations")
        extra += float(np.nansum(with_it - without))
        before += float(np.nansum(without))
    return extra, before


# ---- universities -----------------------------------------------------------------------------------


def _founded(trace: Trace, span: Sequence[int]) -> float:
    before, after = trace.universities[span[0] - 1], trace.universities[span[-1]]
    return float(after["spinoffs"].sum() - before["spinoffs"].sum())


def joint_inventions(pair: Pair, *, lasts: int) -> Fraction:
    """Return partners' extra innovations over some years from a joint project's, over those of the same firms without.

    A partner of a year is a firm that the project leaves with more outside work at hand than it has without.
    """
    extra = before = 0.0
    for year in pair.years:
        keys = pair.treated.firms[year]["key"]
        boost = pair.both(year, keys, "boost")
        keys = keys[np.nan_to_num(boost[0]) > np.nan_to_num(boost[1], nan=np.inf) * 1.001 + 1.0]
        for when in range(year, year + lasts):
            with_it, without = pair.both(when, keys, "innovations")
            here = np.isfinite(with_it) & np.isfinite(without)
            extra += float((with_it - without)[here].sum())
            before += float(without[here].sum())
    return extra, before


def spinoff_change(pair: Pair, *, years: Sequence[int]) -> Fraction:
    """Return the relative change of start-ups from universities and institutes over some years."""
    span = _span(pair, years)
    before = _founded(pair.control, span)
    return _founded(pair.treated, span) - before, before


def share_elasticity(pair: Pair, *, outcome: str, lever: str, share: float, years: Sequence[int]) -> Fraction:
    """Return log start-ups (or deals' value) over the log of the inventors' share that the measure brings about."""
    span = _span(pair, years)
    law = pair.control.rules[span[0]]["transfer_law_inventor_share"]
    offered = law + pair.treated.values[f"{lever}.adoption"] * (share - law)
    u = pair.control.universities[span[0]]
    own = np.maximum(u["inventor_share"], law)
    rise = np.average(np.log(np.maximum(offered, own) / own), weights=u["researchers"])
    if outcome == "spinoffs":
        sums = [_founded(t, span) for t in (pair.treated, pair.control)]
    else:
        sums = [sum(float(t.universities[y]["deal_value"].sum()) for y in span) for t in (pair.treated, pair.control)]
    return math.log(max(sums[0], 1.0) / max(sums[1], 1.0)), float(rise)


def deals_change(pair: Pair, *, years: Sequence[int]) -> Fraction:
    """Return the relative change of licences and assignments by universities and institutes."""
    span = _span(pair, years)
    sums = [sum(float(t.universities[y]["deals"].sum()) for y in span) for t in (pair.treated, pair.control)]
    return sums[0] - sums[1], sums[1]


# ---- places and people ------------------------------------------------------------------------------


def _moved_in(pair: Pair, year: int) -> np.ndarray:
    """Return the keys of firms that are tenants at a year's end and would not be without the measure."""
    firms = pair.treated.firms[year]
    keys = firms["key"][firms["incubator"] >= 0]
    before = pair.treated.of_firms(year - 1, keys, "incubator")
    without = pair.control.of_firms(year, keys, "incubator")
    return keys[(without < 0.0) & ~(before >= 0.0)]


def tenant_hazard(pair: Pair, *, lag: int) -> Fraction:
    """Return closures within some years of firms that the measure made tenants, over those of the same firms."""
    closed = [0.0, 0.0]
    for year in pair.years:
        keys = _moved_in(pair, year)
        for k, end in enumerate(pair.both(year + lag, keys, "staff")):
            closed[k] += float(np.isnan(end).sum())
    return closed[0], closed[1]


def tenant_growth(pair: Pair, *, lag: int, column: str = "revenue") -> Fraction:
    """Return the yearly log growth that a seat adds to a firm, against the same firm without one."""
    extra = years = 0.0
    for year in pair.years:
        with_it, without = pair.both(year + lag, _moved_in(pair, year), column)
        here = np.isfinite(with_it) & np.isfinite(without) & (without > 0.0)
        extra += float(np.log(with_it[here] / without[here]).sum())
        years += (lag + 1) * float(here.sum())  # a seat works in the year it is taken, too
    return extra, years


def pool_gain_share(pair: Pair, *, years: Sequence[int]) -> Fraction:
    """Return what neighbouring cities lose over what this one gains by the measure, persons."""
    lost = gained = 0.0
    for year in _span(pair, years):
        after, before = pair.treated.pools[year], pair.control.pools[year]
        lost += float((after["taken"] - before["taken"]).sum())
        gained += float((after["inflow"] - before["inflow"])[_PEOPLE].sum())
    return lost, gained


_PEOPLE = [
    0,
    1,
    2,
]  # researchers, graduates and high-end talents, in the order of POOLS; the first two overlap a little


# ---- money ------------------------------------------------------------------------------------------


def private_per_public(pair: Pair) -> Fraction:
    """Return the change of private money raised by all funds per CNY of public capital."""
    extra, _ = change(pair, indicator="venture_raised")
    return extra, pair.treated.billed(("outlay",), pair.years)


def loan_chance(pair: Pair) -> Fraction:
    """Return the rise of the chance of a technology loan among the firms that banks consider."""
    gained = able = 0.0
    for year in pair.years:
        firms = pair.treated.firms[year]
        seeks = (firms["staff"] < SMALL_FIRM_STAFF) & (firms["technology_sme"] | (firms["hnte_until"] >= year))
        able += float((seeks & (firms["listed"] < 2)).sum())
        gained += pair.treated.state[year]["loan_count"] - pair.control.state[year]["loan_count"]
    return gained, able


def covered_failures(pair: Pair) -> Fraction:
    """Return the failure rate of covered loans over the rate without the measure.

    Loans that are not covered are taken to fail as often as those of the run without; the last year in
    force is left out, as a year's failures are of two years' loans.
    """
    excess = expected = 0.0
    for year in pair.years[:-1]:
        after, before = pair.treated.state, pair.control.state
        rate = before[year + 1]["loan_defaults"] / max(before[year]["loan_count"], 1.0)
        covered = float((pair.treated.firms[year]["loan_cover"] > 0.0).sum())
        others = after[year]["loan_count"] - covered
        excess += after[year + 1]["loan_defaults"] - rate * others
        expected += rate * covered
    return excess, expected


def borrower_growth(pair: Pair, *, lag: int) -> Fraction:
    """Return the log growth until some years later of firms that got their loan by the cover."""
    extra = firms = 0.0
    for year in pair.years[: -max(lag - 1, 1)]:
        held = pair.treated.firms[year]
        keys = held["key"][held["loan_cover"] > 0.0]
        keys = keys[pair.control.of_firms(year, keys, "loan") == 0.0]
        with_it, without = pair.both(year + lag, keys, "revenue")
        here = np.isfinite(with_it) & np.isfinite(without) & (without > 0.0)
        extra += float(np.log(with_it[here] / without[here]).sum())
        firms += float(here.sum())
    return extra, firms


def firm_filings(pair: Pair, *, years: Sequence[int]) -> Fraction:
    """Return the relative change of invention applications by firms over some years."""
    sums = [sum(float(t.firms[y]["filed"].sum()) for y in _span(pair, years)) for t in (pair.treated, pair.control)]
    return sums[0] - sums[1], sums[1]


def winner_novelty(pair: Pair, *, lag: int) -> Fraction:
    """Return the rise of the share of novel products some years later at firms that won orders in the first year."""
    year = pair.years[0]
    keys = pair.treated.firms[year]["key"]
    paid, unpaid = pair.both(year, keys, "policy_income")
    keys = keys[paid > unpaid + 1.0]
    with_it, without = pair.both(year + lag, keys, "novelty")
    here = np.isfinite(with_it) & np.isfinite(without)
    return float((with_it - without)[here].sum()), float(here.sum())


def private_rd_change(pair: Pair, *, years: Sequence[int]) -> Fraction:
    """Return the relative change of real R&D by private firms over some years."""
    sums = [
        sum(float(t.firms[y]["rd_real"][t.firms[y]["ownership"] == 0].sum()) for y in _span(pair, years))
        for t in (pair.treated, pair.control)
    ]
    return sums[0] - sums[1], sums[1]


ESTIMATORS: dict[str, Callable[..., Fraction]] = {
    function.__name__: function
    for function in (
        change,
        share_change,
        voucher_additional,
        voucher_fade,
        voucher_tie,
        voucher_regular,
        grant_extra,
        rd_per_outlay,
        grant_venture,
        user_cost_elasticity,
        rd_per_forgone,
        notch_relabelled,
        alliance_innovations,
        spinoff_change,
        joint_inventions,
        share_elasticity,
        deals_change,
        tenant_hazard,
        tenant_growth,
        pool_gain_share,
        private_per_public,
        loan_chance,
        covered_failures,
        borrower_growth,
        private_rd_change,
        firm_filings,
        winner_novelty,
    )
}


def _inventors_hold(share: float) -> Callable[[World], None]:
    def prepare(world: World) -> None:
        world.universities.inventor_share[:] = share

    return prepare


def _deep_market(world: World) -> None:
    """Give the city ten times the venture capital, as in the deepest markets of the country."""
    funds, ordinary = world.funds, world.funds.kind != 3
    for column in (funds.committed, funds.paid_in, funds.cash):
        column[ordinary] *= 10.0
    world.state.venture_depth *= 10.0


# Starting positions that a trial may ask for, of both runs or of one of them.
PREPARE: dict[str, Callable[[World], Any]] = {
    "inventors_hold_all": _inventors_hold(1.0),
    "inventors_hold_a_third": _inventors_hold(1.0 / 3.0),
    "deep_venture_market": _deep_market,
}
