"""Designs of the virtual trials on firms: each makes one world as the published study found its own, and its table.

A design takes a ``Lab`` and what the declaration says of it, runs one world and returns rows (firms, firm-years) as an
econometrician would have them. Nobody is compared with himself in another run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from simulator.model import LEVERS
from simulator.study.trial_shapes import nearest
from simulator.study.trial_worlds import Call, Fixed, Lab, Panel, drawn, entry, only_for, watched
from simulator.world.agents import INCUMBENT, PRIVATE
from simulator.world.rules import SMALL_FIRM_STAFF, hnte_threshold
from simulator.world.world import World

TIED = 0.5  # strength from which a tie to a university is a working one, as in the model's own indicator
BEFORE = (2011, 2012)  # years of a panel before the measure begins
MOST_CHANGE = 3.0  # R&D over that of the base year at which single firms are cut off, as studies winsorise
YOUNGEST_FUNDS = 12  # age up to which funds look at firms: older applicants have no venture outcome

Design = Callable[..., dict[str, np.ndarray]]


def _log(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(np.maximum(values, 1.0)))


# ---- vouchers ---------------------------------------------------------------------------------------


def voucher_lottery(lab: Lab, *, settings: dict[str, Any], year: int, until: int) -> dict[str, np.ndarray]:
    """Draw vouchers by lot among the applicants of one year: one row an applicant."""
    calls: list[Call] = []
    lever = watched(LEVERS["innovation_voucher"], "university_hours", calls, lot=lab.seed)
    scenario = lab.scenario([entry(lever, settings, year, year)], until, drop=[lever.name])
    panel = lab.run(scenario)
    call = calls[0]
    key = call.key
    tie, later = panel.get(year, key, "link") >= TIED, panel.get(year + 1, key, "link") >= TIED
    used = call.paid > 0.0
    return {
        "offer": call.won,
        "used": used.astype(float),
        "work": (panel.get(year, key, "boost") > 0.0).astype(float),
        "project": (used | tie).astype(float),
        "again": later.astype(float),
        "gain_first": panel.get(year, key, "innovations"),
        "gain_next": panel.get(year + 1, key, "innovations"),
        "gain_later": panel.get(year + 2, key, "innovations"),
        "regular": panel.get(year + 2, key, "does_rd"),
        "productivity": panel.get(until, key, "productivity"),
    }


# ---- the notch --------------------------------------------------------------------------------------


def notch(lab: Lab, *, years: Sequence[int], near: float, far: float) -> dict[str, np.ndarray]:
    """Look at firms around the threshold of high-tech status: rows are firm-years of R&D performers.

    R&D staff tell real from relabelled R&D: ``staff_due`` is what the reported R&D would employ at the ratio of firms
    without certificate at least ``far`` from the threshold; ``bunched`` are certified firms up to ``near`` above it.
    """
    panel = lab.run(lab.scenario([], years[1]))
    out: dict[str, list[np.ndarray]] = {"distance": [], "staff": [], "staff_due": []}
    for year in range(years[0], years[1] + 1):
        f, rules = panel.firms[year], panel.rules[year]
        oldest = panel.get(year - 1, f["key"], "revenue_lag2", np.nan)
        sales = f["revenue_lag1"] + f["revenue_lag2"] + np.where(np.isfinite(oldest), oldest, f["revenue_lag2"])
        spent = f["rd_reported"] + f["rd_lag1"] + f["rd_lag2"]
        distance = spent / np.maximum(sales, 1.0) - hnte_threshold(rules, f["revenue_lag1"])
        performs, certified = f["rd_reported"] > 0.0, f["hnte_until"] >= year
        usual = performs & ~certified & (np.abs(distance) > far)
        per_rd = f["rd_staff"][usual].sum() / max(f["rd_reported"][usual].sum(), 1.0)
        bunched = performs & certified & (distance >= 0.0) & (distance < near)
        out["distance"].append(distance[performs])
        out["staff"].append(f["rd_staff"][bunched])
        out["staff_due"].append(f["rd_reported"][bunched] * per_rd)
    return {name: np.concatenate(parts) for name, parts in out.items()} | _productivity(panel, years)


def _productivity(panel: Panel, years: Sequence[int]) -> dict[str, np.ndarray]:
    """Return log productivity and the log of real R&D of three years, by firm and year, for steady performers."""
    last = panel.firms[years[1]]
    key = last["key"][last["rd_staff"] > 0.0]
    staff = {y: panel.get(y, key, "rd_staff") for y in range(years[0] - 2, years[1] + 1)}
    steady = np.all([s > 0.0 for s in staff.values()], axis=0)
    parts = []
    for y in range(years[0], years[1] + 1):
        real = np.log(staff[y] + staff[y - 1] + staff[y - 2], where=steady, out=np.zeros(key.size))
        parts.append((np.flatnonzero(steady), np.full(int(steady.sum()), y), real[steady],
                      panel.get(y, key, "productivity")[steady]))  # fmt: skip
    firm, year, on, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    return {"firm": firm, "year": year, "on": on, "productivity": value}


# ---- grants -----------------------------------------------------------------------------------------


def grant_ranking(
    lab: Lab,
    *,
    settings: dict[str, Any],
    year: int,
    follow: int,
    most_staff: float = np.inf,
    first: dict[str, Any] | None = None,
    others_too: bool = False,
) -> dict[str, np.ndarray]:
    """Rank applicants for grants down to where the money ends: one row an applicant, or also one of firms like them.

    The call is open to firms of fewer than ``most_staff``. With ``first`` (settings of a larger call a year before) the
    sample are those who won that one: a second grant. ``others_too`` adds the firms that did not apply.
    """
    calls: list[Call] = []
    plain = only_for(LEVERS["rd_subsidy"], lambda world: world.firms.staff < most_staff)
    lever = watched(plain, "rd_grant", calls)
    entries = [entry(lever, settings, year, year)]
    if first is not None:
        entries.append(replace(entry(plain, first, year - 1, year - 1), id="trial_first"))
    panel = lab.run(lab.scenario(entries, year + follow, drop=[lever.name]))
    call, base = calls[0], panel.firms[year - 1]
    had = panel.get(year - 1, call.key, "grants")
    sample = (had == (0.0 if first is None else 1.0)) & np.isfinite(panel.of_firms(year - 1, call.key, "staff"))
    if call.last >= 0:
        sample[call.last] = False
    applicants, paid, rank = call.key[sample], call.paid[sample], call.rank[sample]
    others = base["key"][base["does_rd"] & (base["grants"] == (0 if first is None else 1))]
    others = others[~np.isin(others, call.key)] if others_too else others[:0]
    key = np.concatenate([applicants, others])
    applied = np.arange(key.size) < applicants.size
    score = np.full(key.size, np.nan)
    score[applied] = rank - call.cutoff
    grant = np.zeros(key.size)
    grant[applied] = paid
    after = range(year + 1, year + follow + 1)
    before_rd = np.maximum(panel.get(year - 1, key, "rd_reported"), 1.0)
    staff = panel.get(year - 1, key, "staff")
    founded = panel.get(year - 1, key, "founded")
    no_fund = panel.get(year - 1, key, "equity") == 0.0
    young = (founded >= year - YOUNGEST_FUNDS) & (panel.get(year - 1, key, "ownership") == PRIVATE) & no_fund
    known = panel.get(year - 1, key, "rd_reported") > 0.0
    return {
        "score": np.where(np.isfinite(score), score, -np.inf),
        "applied": applied,
        "treated": grant > 0.0,
        "grant": np.minimum(grant / before_rd, MOST_CHANGE),
        "extra": np.minimum(panel.get(year, key, "rd_reported") / before_rd - 1.0, MOST_CHANGE),
        "small": applied & known & (staff < SMALL_FIRM_STAFF),
        "large": applied & known & (staff >= SMALL_FIRM_STAFF),
        "whole": applied & known,
        "venture_sample": applied & young & (staff < SMALL_FIRM_STAFF),
        "matching_sample": known & (staff < SMALL_FIRM_STAFF),
        "ranked_sample": applied & known & (staff < SMALL_FIRM_STAFF),
        "venture": (panel.get(year + follow, key, "equity") > 0.0).astype(float),
        "filings": panel.total(after, key, "filed_true"),
        "innovations": panel.total(after, key, "innovations"),
        "survives": (panel.get(year + follow, key, "staff") > 0.0).astype(float),
        "sales": _log(panel.get(year - 1, key, "revenue")),
        "log_rd": np.log(before_rd),
        "log_staff": _log(staff),
        "founded": founded,
        "cell": panel.get(year - 1, key, "sector"),
    }


# ---- incubators -------------------------------------------------------------------------------------


def incubator_pairs(lab: Lab, *, years: Sequence[int], follow: int, mentors: bool) -> dict[str, np.ndarray]:
    """Put tenants beside firms without a seat: one row a small firm and year; without ``mentors``, space alone.

    Firms are matched on what is known in the year before: sector, year of founding, staff and sales. Firms that get a
    seat later stay among the others: leaving them out would choose by survival.
    """

    def none(world: World) -> None:
        world.pools.stock[world.pool("mentors")] = 0.0

    switched_off = None if mentors else {"talent.mentor_supply": 0.0}
    panel = lab.run(lab.scenario([], years[1] + follow), each_year=None if mentors else none, values=switched_off)
    out: dict[str, list[np.ndarray]] = {
        name: [] for name in ("treated", "cell", "founded", "log_staff", "sales", "closed", "growth")
    }
    for year in range(years[0], years[1] + 1):
        base = panel.firms[year - 1]
        free = (base["incubator"] < 0) & ~base["above_scale"] & (base["origin"] != INCUMBENT)
        free &= base["founded"] >= year - 4
        key = base["key"][free]
        seat = panel.get(year, key, "incubator", -1.0) >= 0.0
        sales, end = base["revenue"][free], panel.of_firms(year + follow, key, "revenue")
        growth = np.log(np.where(np.isfinite(end), np.maximum(end, 1.0), np.nan) / np.maximum(sales, 1.0))
        columns = (
            seat, base["sector"][free] * 10000.0 + base["founded"][free], base["founded"][free],
            _log(base["staff"][free]), _log(sales), (~np.isfinite(end)).astype(float), growth / (follow + 1),
        )  # fmt: skip
        for name, column in zip(out, columns, strict=True):
            out[name].append(np.asarray(column, float))
    return {name: np.concatenate(parts) for name, parts in out.items()}


# ---- guarantees -------------------------------------------------------------------------------------


def guarantee_lists(
    lab: Lab, *, pools: Sequence[float], loss_share: float, year: int, until: int
) -> dict[str, np.ndarray]:
    """Open a guarantee to half of the small technology firms, by lot, with little or much money: rows are firm-years.

    Columns end in 0, 1, ... for the pools (CNY a year), each a world of its own.
    """
    table: dict[str, np.ndarray] = {}
    for k, pool in enumerate(pools):
        mask = Fixed(lambda world: drawn(world.firms.key, lab.seed, year) & world.firms.technology_sme)
        lever = only_for(LEVERS["credit_risk_compensation"], mask)
        settings = {"loss_share": loss_share, "pool": pool}
        scenario = lab.scenario([entry(lever, settings, year, until)], until, drop=[lever.name])
        panel = lab.run(scenario)
        base = panel.firms[year - 1]
        able = base["technology_sme"] & (base["staff"] < SMALL_FIRM_STAFF) & (base["revenue"] > 1.0)
        key = base["key"][able]
        won = np.isin(key, mask.keys) if mask.keys is not None else np.zeros(key.size, bool)
        years = range(year, until + 1)
        loans = np.array([panel.get(y, key, "loan") > 0.0 for y in years])
        end = panel.of_firms(until, key, "revenue")
        lives = np.isfinite(end)
        start_, rd_before = base["revenue"][able], panel.get(year - 1, key, "rd_reported")
        rd_after = np.mean([panel.get(y, key, "rd_reported") for y in years], axis=0)
        table |= {
            f"offer{k}": won[lives],
            f"loans{k}": loans[:, lives].mean(axis=0),
            f"taken{k}": loans[:-1, lives].sum(axis=0),
            f"growth{k}": np.log(np.maximum(end[lives], 1.0) / start_[lives]),
            f"investment{k}": ((rd_after - rd_before) / start_)[lives].clip(-1.0, 1.0),
        }
    return table


# ---- procurement ------------------------------------------------------------------------------------


def order_pairs(lab: Lab, *, settings: dict[str, Any], year: int, follow: int) -> dict[str, np.ndarray]:
    """Put winners of public orders beside losing applicants like them: one row a pair.

    Gains are in the share of sales from novel products over that of the year of the order, by years after.
    """
    calls: list[Call] = []
    lever = watched(LEVERS["innovation_procurement"], "first_purchase", calls)
    panel = lab.run(lab.scenario([entry(lever, settings, year, year)], year + follow, drop=[lever.name]))
    call = calls[0]
    there = [np.isfinite(panel.of_firms(y, call.key, "staff")) for y in range(year - 1, year + follow + 1)]
    known = np.all(there, axis=0)
    key, paid = call.key[known], call.paid[known]
    start_ = panel.get(year, key, "novelty")
    sales, inventions = _log(panel.get(year - 1, key, "revenue")), panel.get(year, key, "innovations")
    covariates = np.column_stack([sales, start_, inventions])
    mine, theirs = nearest(paid > 0.0, covariates, np.zeros(key.size))
    table = {"size": _log(paid[mine])}
    for k in range(1, follow + 1):
        gain = panel.get(year + k, key, "novelty") - start_
        table[f"gain{k}"] = gain[mine] - gain[theirs]
    return table


DESIGNS: dict[str, Design] = {
    function.__name__: function
    for function in (
        voucher_lottery,
        notch,
        grant_ranking,
        incubator_pairs,
        guarantee_lists,
        order_pairs,
    )
}
