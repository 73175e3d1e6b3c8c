"""Status: HNTE, technology SME, innovative small firm, above-scale; take-up spreads and is far from full."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.mechanisms.certification_bodies import BodyParameters, body_rewards, count_supported
from simulator.mechanisms.certification_kernels import (
    Columns,
    Decisions,
    Odds,
    candidates,
    certify,
    holders,
    keep_registers,
    recognise_bodies,
    shortlist,
    tell,
)
from simulator.world.rules import law_of
from simulator.world.world import World

WHOLE_OFFER = 1.0e9  # CNY, more than any offer: firms take what is on the counter
_ALL = np.empty(0, bool)
# what is decided by luck, in the order of ``Decisions``
DECISIONS = ("told", "recognised", "innovative", "scale", "below", "sets up a body", "struck out", "body")


@dataclass(frozen=True)
class Parameters(BodyParameters):
    """How firms hear of a status, apply for it, and get it."""

    contact: float = parameter(
        0.80,
        unit="1 / year",
        prior=Range(0.35, 1.6, "log"),
        source="obs:qingdao/hnte_count/2016",
        doc="chance that an R&D firm in a sector where all R&D firms are certified hears of it in a year",
    )
    own_search: float = parameter(
        0.10,
        unit="1 / year",
        prior=Range(0.04, 0.20, "log"),
        source="assumed",
        doc="chance that an R&D firm finds out by itself",
    )
    approval: float = parameter(
        0.85, unit="1", prior=Range(0.7, 0.95, "logit"), source="assumed", doc="share of applications that are approved"
    )
    technicians: float = parameter(
        5.0,
        unit="factor",
        prior=Range(2.5, 9.0, "log"),
        source="assumed",
        doc="technical staff in the sense of the rule, over full-time R&D staff",
    )
    other_technicians: float = parameter(
        0.05,
        unit="1",
        prior=Range(0.02, 0.08),
        source="assumed",
        doc="technical staff outside R&D over all staff, in the sense of the rule",
    )
    recognise: float = parameter(
        0.22,
        unit="1 / year",
        prior=Range(0.10, 0.40, "logit"),
        source="assumed",
        doc="chance that a technology firm of a year or more enters the city's list of technology SMEs",
    )
    recognise_active: float = parameter(
        1.4,
        unit="factor",
        prior=Range(1.0, 2.0, "log"),
        source="assumed",
        doc="the same for firms that do R&D or sit in an incubator (under incubators: none, that do R&D)",
    )
    recognise_passive: float = parameter(
        0.8, unit="factor", prior=Range(0.4, 1.0, "log"), source="assumed", doc="the same for the others"
    )
    innovative: float = parameter(
        0.10,
        unit="1 / year",
        prior=Range(0.04, 0.2, "logit"),
        source="assumed",
        doc="chance that a small firm with innovations is recognised as innovative",
    )
    scale_lag: float = parameter(
        0.6,
        unit="1 / year",
        prior=Range(0.35, 0.85, "logit"),
        source="assumed",
        doc="chance that a firm past the threshold enters the above-scale register in a year",
    )
    scale_exit: float = parameter(
        0.8,
        unit="1",
        prior=Range(0.6, 0.95, "logit"),
        source="assumed",
        doc="revenue over the threshold under which a firm may leave the register: offices are slow to strike out",
    )
    support_rd: float = parameter(
        1.0,
        unit="standard deviations",
        prior=Range(0.3, 2.0),
        source="assumed",
        doc="rank of an R&D firm for the growth programme, over one of the same quality without R&D",
    )
    support_noise: float = parameter(
        0.7,
        unit="standard deviations",
        prior=Range(0.3, 1.5, "log"),
        source="assumed",
        doc="error of the growth programme's view of a firm",
    )


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Renew and grant HNTE status, and keep the other registers."""
    f, st, year, region, rules = world.firms, world.state, world.year, world.region, world.rules
    _support(world, terms, p, luck)
    outreach = terms.column("status_outreach")
    columns = Columns._make(getattr(f, name) for name in Columns._fields)
    odds = Odds._make(float(getattr(p, name)) for name in Odds._fields)
    at = Decisions._make(luck.address(name) for name in DECISIONS)
    certified, recognised, performers = holders(columns, year, len(world.sectors))
    # own IP is met by utility models, filed as part of an application; their cost is in it
    least = rules["hnte_staff_share"], rules["hnte_hightech_share"], float(np.ceil(rules["hnte_min_age"]))
    known = tell(columns, year, certified, outreach, *least, odds, at.told)
    award = sum(float(np.max(o.value)) for o in terms.promises("certification_award"))
    valid, relief = max(rules["hnte_valid_years"], 1.0), terms.column("hnte_tax")
    passed = certify(
        columns, known, year, law_of(rules), relief, valid, st.status_worth, award, p.approval, luck.address("passes")
    )
    if passed.size and terms.offered("certification_award"):
        terms.draw("certification_award", passed, np.full(passed.size, WHOLE_OFFER), f.rd_reported[passed])
    recognise_bodies(columns, performers, p.body_rd * st.deflator, recognised, *body_rewards(world, terms, p), odds, at)
    count_supported(world, luck)
    threshold, industry = rules["above_scale_threshold"], region.sector("above_scale_firms") > 0
    seats = world.switches.get("incubators", "mentoring") != "none"
    leaves = p.scale_exit * threshold
    st.hnte_revenue = keep_registers(columns, year, outreach, industry, threshold, leaves, seats, odds, at)


def _support(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Put firms on the growth programme's list, the most promising first."""
    if not terms.offered("growth_support"):
        return
    f = world.firms
    rows, rank = candidates(
        f.key, f.alive, f.technology_sme, f.quality, f.does_rd, p.support_rd, p.support_noise, luck.address("rank")
    )
    offers = terms.promises("growth_support")
    if not any(o.entry.programme or isinstance(o.value, np.ndarray) for o in offers):
        # of many firms a budget reaches few: only they need be ranked in full
        keep = np.zeros(rows.size, bool)
        for o in offers:
            each = min(float(o.value), o.rate * WHOLE_OFFER)
            reached = min(o.budget / each, float(rows.size))
            shortlist(rows, rank, _ALL if o.eligible is None else o.eligible, int(reached) + 2, keep)
        rows, rank = rows[keep], rank[keep]
    paid = terms.draw("growth_support", rows, np.full(rows.size, WHOLE_OFFER), rank)
    f.supported[paid.index] = world.year
    # what the programme's services are worth relieves the firm like cash of its own
    f.cash[paid.index] += paid.real - paid.amount
    f.hnte_informed[paid.index] = True


MECHANISM = Mechanism("certification", Label("Status", "资质认定"), Parameters, step)
