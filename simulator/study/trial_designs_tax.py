"""Designs of the virtual trials on R&D tax relief: a threshold of size, and firms that become eligible."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.model import LEVERS
from simulator.study.trial_designs import BEFORE, MOST_CHANGE, Design
from simulator.study.trial_worlds import Fixed, Lab, entry, only_for
from simulator.world.rules import SMALL_FIRM_STAFF
from simulator.world.world import World

# ---- tax --------------------------------------------------------------------------------------------


def tax_threshold(
    lab: Lab, *, cut: float, rate: float, year: int, until: int, average: int, span: float
) -> dict[str, np.ndarray]:
    """Give a larger deduction to firms below ``cut`` staff in the year before: one row a claimant of that year.

    R&D is what firms claim, the mean of the years ``average`` to ``until`` over that of the base year.
    """
    mask = Fixed(lambda world: world.firms.staff < cut)
    lever = only_for(LEVERS["rd_tax_deduction"], mask)
    scenario = lab.scenario([entry(lever, {"deduction_rate": rate}, year, until)], until, drop=[lever.name])
    panel = lab.run(scenario)
    base = panel.firms[year - 1]
    claims = base["claims"] & (base["rd_reported"] > 0.0)
    key, before, staff = base["key"][claims], base["rd_reported"][claims], base["staff"][claims]
    years = range(average, until + 1)
    claimed = [panel.get(y, key, "rd_reported") * panel.get(y, key, "claims") for y in years]
    relief = [panel.get(y, key, "tax_relief") for y in years]
    below, last = staff < cut, panel.firms[until]
    all_claimed = last["rd_reported"] * last["claims"]
    eligible = np.isin(last["key"], mask.keys) if mask.keys is not None else np.zeros(all_claimed.size, bool)
    near = np.abs(np.log(cut / staff)) < span
    law = float(panel.rules[until]["rd_super_deduction"])
    tax = float(panel.rules[until]["corporate_tax"])
    return {
        "score": np.log(cut / staff)[near],
        "below": below[near],
        "rd": np.minimum(np.mean(claimed, axis=0) / before, MOST_CHANGE)[near],
        "relief": np.minimum(np.mean(relief, axis=0) / before, MOST_CHANGE)[near],
        "eligible_rd": np.array([float(all_claimed[eligible].sum())]),
        "all_rd": np.array([float(last["rd_reported"].sum())]),
        "log_cost": np.array([np.log1p(-tax * (1.0 + rate)) - np.log1p(-tax * (1.0 + law))]),
    }


def tax_differences(
    lab: Lab,
    *,
    by: str,
    treated: Sequence[float],
    compared: Sequence[float],
    rate: float,
    year: int,
    until: int,
    small: bool = False,
) -> dict[str, np.ndarray]:
    """Extend the deduction to firms in one range of size, compared with those in the next: rows are firm-years.

    The sample are firms that claimed in both years before; size is ``by`` at the end of the second.
    """

    def condition(world: World) -> np.ndarray:
        value = np.asarray(getattr(world.firms, by))
        of_size = world.firms.staff < (SMALL_FIRM_STAFF if small else np.inf)
        return (value >= treated[0]) & (value < treated[1]) & of_size

    mask = Fixed(condition)
    lever = only_for(LEVERS["rd_tax_deduction"], mask)
    scenario = lab.scenario([entry(lever, {"deduction_rate": rate}, year, until)], until, drop=[lever.name])
    panel = lab.run(scenario)
    base = panel.firms[year - 1]
    key = base["key"][base["claims"]]
    size = panel.get(year - 1, key, by)
    keep = np.all([panel.get(y, key, "claims") > 0.0 for y in BEFORE], axis=0)
    keep &= (size >= min(treated[0], compared[0])) & (size < max(treated[1], compared[1]))
    if small:
        keep &= panel.get(year - 1, key, "staff") < SMALL_FIRM_STAFF
    key = key[keep]
    inside = np.isin(key, mask.keys) if mask.keys is not None else np.zeros(key.size, bool)
    out: dict[str, list[np.ndarray]] = {name: [] for name in ("firm", "year", "on", "log_rd", "rd", "relief")}
    before = np.maximum(panel.get(year - 1, key, "rd_reported"), 1.0)
    for y in range(BEFORE[0], until + 1):
        rd = panel.get(y, key, "rd_reported")
        some = rd > 0.0
        columns = (
            key[some].astype(np.float64),
            np.full(int(some.sum()), y),
            (inside & (y >= year))[some].astype(float),
            np.log(rd[some]),
            np.minimum(rd / before, MOST_CHANGE)[some],
            np.minimum(panel.get(y, key, "tax_relief") / before, MOST_CHANGE)[some],
        )
        for name, column in zip(out, columns, strict=True):
            out[name].append(column)
    rules = panel.rules[until]
    tax, law = float(rules["corporate_tax"]), float(rules["rd_super_deduction"])
    table = {name: np.concatenate(parts) for name, parts in out.items()}
    table["firm"] = np.unique(table["firm"], return_inverse=True)[1]
    table["log_cost"] = np.array([np.log1p(-tax * (1.0 + rate)) - np.log1p(-tax * (1.0 + law))])
    return table


DESIGNS: dict[str, Design] = {function.__name__: function for function in (tax_threshold, tax_differences)}
