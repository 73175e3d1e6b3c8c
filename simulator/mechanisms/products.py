"""Products: pharmaceutical projects begin, advance through their stages or fail, launch and sell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, child_keys
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.world.births import ranks_within
from simulator.world.world import World

DISCOVERY, PRECLINICAL, PHASE_1, PHASE_2, PHASE_3, REVIEW, MARKET = range(7)


@dataclass(frozen=True)
class Parameters:
    """How long stages last, how many pass, and what sells."""

    start: float = parameter(
        1.0,
        unit="projects / innovation",
        prior=Range(0.4, 2.0, "log"),
        source="assumed",
        doc="new projects per innovation of a pharmaceutical firm",
    )
    generic: float = parameter(
        0.60,
        unit="1",
        prior=Range(0.4, 0.8, "logit"),
        source="assumed",
        doc="share of new projects that are generics or upgrades",
    )
    early_years: float = parameter(
        2.0,
        unit="years",
        prior=Range(1.2, 3.0, "log"),
        source="obs:global/drug_total_development_time/2011",
        doc="mean time in discovery and in preclinical work each",
    )
    phase_1_years: float = parameter(
        1.5,
        unit="years",
        prior=Range(1.0, 2.2, "log"),
        source="obs:global/drug_stage_length_phase1/undated_c2012",
        doc="mean time in phase 1",
    )
    late_years: float = parameter(
        2.5,
        unit="years",
        prior=Range(1.8, 3.4, "log"),
        source="obs:global/drug_stage_length_phase2/undated_c2012",
        doc="mean time in phases 2 and 3 each",
    )
    review_new: float = parameter(
        1.25,
        unit="years",
        prior=Range(0.8, 2.0, "log"),
        source="obs:china/new_drug_marketing_application_review_waiting/2013",
        doc="time in review, new drugs (12-14 months of waiting in 2012-13)",
    )
    review_generic: float = parameter(
        2.6,
        unit="years",
        prior=Range(1.5, 3.6, "log"),
        source="obs:china/generic_and_reformulation_review_waiting/2013",
        doc="time in review, generics (24-34 months of waiting in 2012-13)",
    )
    early_pass: float = parameter(
        0.55,
        unit="1",
        prior=Range(0.35, 0.75, "logit"),
        source="assumed",
        doc="pass of discovery and of preclinical work each",
    )
    pass_1: float = parameter(
        0.63,
        unit="1",
        prior=Range(0.54, 0.70, "logit"),
        source="obs:global/drug_success_prob_phase1/2006-2015",
        doc="pass of phase 1",
    )
    pass_2: float = parameter(
        0.31,
        unit="1",
        prior=Range(0.25, 0.40, "logit"),
        source="obs:global/drug_success_prob_phase2/2006-2015",
        doc="pass of phase 2",
    )
    pass_3: float = parameter(
        0.58,
        unit="1",
        prior=Range(0.50, 0.72, "logit"),
        source="obs:global/drug_success_prob_phase3/2006-2015",
        doc="pass of phase 3",
    )
    pass_review: float = parameter(
        0.85,
        unit="1",
        prior=Range(0.78, 0.91, "logit"),
        source="obs:global/drug_success_prob_regulatory_review/2006-2015",
        doc="pass of review",
    )
    peak_sales: float = parameter(
        2.0e7, unit="CNY / year", prior=Range(6.0e6, 5.0e7, "log"), source="assumed", doc="median sales at the peak"
    )
    sales_spread: float = parameter(
        1.4,
        unit="log points",
        prior=Range(1.0, 2.0, "log"),
        source="harhoff_value",
        doc="spread of peak sales: lognormal",
    )
    climb: float = parameter(
        0.35,
        unit="1 / year",
        prior=Range(0.2, 0.55, "logit"),
        source="assumed",
        doc="part of the way to the peak gone each year",
    )


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Advance, fail and launch products; begin new ones; let owners sell what has come to market."""
    f, products, year = world.firms, world.products, world.year
    pharma = world.region.sectors.index("pharma")
    if len(products):
        _advance(world, p, luck)
    rows = np.flatnonzero(f.alive & (f.sector == pharma) & (f.innovations > 0))
    if rows.size == 0:
        return
    begun = np.floor(p.start * f.innovations[rows] + luck.uniform(f.key[rows], "begin")).astype(int)
    owner = np.repeat(f.key[rows], begun)
    keys = child_keys(owner, ranks_within(begun) + 500, year)
    generic = luck.uniform(keys, "generic") < p.generic
    products.arrive(
        owner.size,
        key=keys,
        owner=owner,
        generic=generic,
        stage=np.where(generic, PRECLINICAL, DISCOVERY),
        peak_sales=p.peak_sales * world.state.deflator * np.exp(p.sales_spread * luck.normal(keys, "peak")),
    )


def _rows_of(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the (m,) rows at which the wanted keys stand among (n,) keys, -1 where they do not."""
    few = np.unique(wanted)
    place = np.minimum(np.searchsorted(few, keys), few.size - 1)
    here = np.flatnonzero(few[place] == keys)
    row = np.full(few.size, -1)
    row[place[here]] = here
    return row[np.searchsorted(few, wanted)]


def _advance(world: World, p: Parameters, luck: Luck) -> None:
    f, products = world.firms, world.products
    row = _rows_of(f.key, products.owner)
    owned = (row >= 0) & f.alive[row]
    products.alive &= owned  # a product ends with its owner
    length = np.array([p.early_years, p.early_years, p.phase_1_years, p.late_years, p.late_years, p.review_new, np.inf])
    passes = np.array([p.early_pass, p.early_pass, p.pass_1, p.pass_2, p.pass_3, p.pass_review, 1.0])
    mean = length[products.stage]
    mean = np.where(products.generic & (products.stage == REVIEW), p.review_generic, mean)
    products.years += 1.0
    done = products.alive & (products.stage < MARKET) & (luck.uniform(products.key, "done") < 1.0 - np.exp(-1.0 / mean))
    fails = done & (luck.uniform(products.key, "passes") >= passes[products.stage])
    products.alive[fails] = False
    moves = done & ~fails
    # a generic goes from preclinical work (bioequivalence) straight to review
    jump = moves & products.generic & (products.stage < REVIEW)
    products.stage[moves & ~jump] += 1
    products.stage[jump] = REVIEW
    products.years[moves] = 0.0
    sold = products.alive & (products.stage == MARKET)
    before = products.sales.copy()
    products.sales[sold] += p.climb * (products.peak_sales[sold] - products.sales[sold])
    products.sales[~products.alive] = 0.0
    new = np.bincount(row[sold], (products.sales - before)[sold], len(f))
    gain = np.where(f.revenue > 0.0, np.maximum(new, 0.0) / np.maximum(f.revenue, 1.0e5), 0.0)
    f.novelty[:] = np.minimum(0.9, f.novelty + gain * (1.0 - f.novelty))


MECHANISM = Mechanism("products", Label("Products", "医药产品"), Parameters, step)
