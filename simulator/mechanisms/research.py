"""Firms' R&D: whether, how much, and how much of it is only reported; grants, rewards, tax and the HNTE notch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, normal_quantile
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.mechanisms.research_kernels import (
    Aided,
    Columns,
    Faced,
    Habits,
    applicants,
    count_on,
    decide,
    equip,
    minds,
    performers,
    take_part,
    use_grants,
)
from simulator.mechanisms.research_notch import NotchParameters, answer_notch
from simulator.mechanisms.research_routine import RoutineParameters, hold, searching
from simulator.world.rules import law_of
from simulator.world.world import World


@dataclass(frozen=True)
class Parameters(NotchParameters, RoutineParameters):
    """How firms decide on R&D."""

    entry: float = parameter(
        0.100,
        unit="1 / year",
        prior=Range(0.05, 0.14, "log"),
        source="manez2004_entry",
        doc="chance to begin R&D at mean size, finance and nearness (published: about 8 % over all sizes)",
    )
    leave: float = parameter(
        0.17,
        unit="1 / year",
        prior=Range(0.10, 0.25, "log"),
        source="manez2004",
        doc="chance to stop R&D in the first years; it falls with experience",
    )
    size_leave: float = parameter(
        0.25,
        unit="elasticity",
        prior=Range(0.10, 0.40),
        source="cefis_orsenigo2001",
        doc="fall of the chance to stop with revenue over 50 m: persistence rises with size (size is assumed)",
    )
    experience: float = parameter(
        0.80,
        unit="factor / year",
        prior=Range(0.6, 0.95, "logit"),
        source="assumed",
        doc="fall of the chance to stop with each year of R&D, to a third of it: persistence is the main fact",
    )
    lasting: float = parameter(
        0.33,
        unit="1",
        prior=Range(0.15, 0.6, "logit"),
        source="assumed",
        doc="chance to stop that remains after long experience, over that of a first year",
    )
    centre_leave: float = parameter(
        0.2,
        unit="factor",
        prior=Range(0.05, 0.6, "log"),
        source="assumed",
        doc="chance to stop of a firm whose R&D institution is recognised: a standing laboratory is not shut in a year",
    )
    loss_leave: float = parameter(
        1.3, unit="factor", prior=Range(1.0, 2.0, "log"), source="assumed", doc="chance to stop of a firm with losses"
    )
    small_leave: float = parameter(
        1.5,
        unit="factor",
        prior=Range(1.1, 2.5, "log"),
        source="assumed",
        doc="most by which small size raises the chance to stop",
    )
    size_entry: float = parameter(
        0.30, unit="elasticity", prior=Range(0.1, 0.5), source="assumed", doc="chance to begin R&D to revenue over 50 m"
    )
    traditional: float = parameter(
        0.25,
        unit="factor",
        prior=Range(0.12, 0.5, "log"),
        source="assumed",
        doc="the same for above-scale firms outside technology: one in ten does R&D, and that is stable",
    )
    link_entry: float = parameter(
        0.8,
        unit="log points",
        prior=Range(0.2, 1.5),
        source="scandura2016",
        doc="more entry with a university partner",
    )
    facility_entry: float = parameter(
        0.15,
        unit="log points",
        prior=Range(0.0, 0.5),
        source="assumed",
        doc="more entry in a year in which the firm can use shared instruments instead of buying its own",
    )
    nearness_entry: float = parameter(
        0.4,
        unit="log points",
        prior=Range(0.0, 1.0),
        source="assumed",
        doc="more entry at full nearness to a university than at none",
    )
    quality_entry: float = parameter(
        0.35,
        unit="log points",
        prior=Range(0.1, 0.7, "log"),
        source="assumed",
        doc="log chance to begin R&D per standard deviation of quality",
    )
    platform_entry: float = parameter(
        0.10,
        unit="1",
        prior=Range(-0.05, 0.4),
        source="assumed",
        doc="higher chance to begin R&D where platforms of the sector reach all its performers: shared fixed cost",
    )
    eta_small: float = parameter(
        1.3,
        unit="elasticity",
        prior=Range(0.4, 2.6, "log"),
        source="judgement_effects",
        doc="R&D of small firms to its user cost (absolute value)",
    )
    eta_large: float = parameter(
        0.4,
        unit="elasticity",
        prior=Range(0.1, 1.0, "log"),
        source="judgement_effects",
        doc="R&D of large firms to its user cost (absolute value)",
    )
    adjustment: float = parameter(
        0.35, unit="1 / year", prior=Range(0.2, 0.5), source="judgement_effects", doc="part of the gap closed each year"
    )
    drift: float = parameter(
        0.034,
        unit="1 / year",
        prior=Range(0.0, 0.06),
        source="obs:china/above_scale_industrial_rd_over_sales/2011",
        doc="yearly rise of firms' R&D intensity not due to policy (nationally 0.56 to 0.71 % in 2004-11)",
    )
    intensity_noise: float = parameter(
        0.20, unit="log points", prior=Range(0.1, 0.35, "log"), source="assumed", doc="a firm's yearly change of mind"
    )
    noise_size: float = parameter(
        0.2,
        unit="elasticity",
        prior=Range(0.05, 0.35, "log"),
        source="assumed",
        doc="fall of that with revenue over 50 m: a large firm has many laboratories",
    )
    intensity_most: float = parameter(
        0.35,
        unit="1",
        prior=Range(0.25, 0.5, "logit"),
        source="assumed",
        doc="highest R&D over revenue that a firm wishes for",
    )
    premium_spend: float = parameter(
        0.3,
        unit="elasticity",
        prior=Range(0.0, 0.6),
        source="assumed",
        doc="log R&D spending to the log premium on researchers' wages: more is spent on less work",
    )
    finance_floor: float = parameter(
        0.55,
        unit="1",
        prior=Range(0.3, 0.8, "logit"),
        source="assumed",
        doc="share of wished R&D that a firm without liquid funds can do",
    )
    liquidity_need: float = parameter(
        0.1,
        unit="1",
        prior=Range(0.03, 0.3, "log"),
        source="assumed",
        doc="liquid funds over yearly revenue from which on finance holds no R&D back",
    )
    claim_cost: float = parameter(
        6.0e5,
        unit="CNY",
        prior=Range(2.5e5, 1.5e6, "log"),
        source="obs:qingdao/city_firms_using_superdeduction/2016",
        doc="median cost and trouble of claiming the deduction (471 firms claimed, a mean of 10 m of R&D each)",
    )
    claim_spread: float = parameter(
        0.9,
        unit="log points",
        prior=Range(0.5, 1.4, "log"),
        source="assumed",
        doc="spread of that cost between firms and years",
    )
    carry_hazard: float = parameter(
        0.15,
        unit="1 / year",
        prior=Range(0.05, 0.35, "log"),
        source="assumed",
        doc="chance that a firm without taxable profit has some again in a year, as long as losses are carried",
    )
    negative_list: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.1, 0.5),
        source="assumed",
        doc="share of the cost of claiming that the negative list of 2016 removes",
    )
    apply: float = parameter(
        0.15,
        unit="1 / year",
        prior=Range(0.05, 0.35, "logit"),
        source="clancy2021",
        doc="share of R&D firms that apply for a grant in a year",
    )
    repeat: float = parameter(
        0.5,
        unit="factor",
        prior=Range(0.2, 1.0, "log"),
        source="howell2023_phase2",
        doc="worth of a further grant over that of the one before",
    )
    connections: float = parameter(
        0.7,
        unit="standard deviations",
        prior=Range(0.2, 1.5, "log"),
        source="wang_li_furman2017",
        doc="part of a grant's award that is not merit",
    )
    grant_size: float = parameter(
        0.3,
        unit="standard deviations",
        prior=Range(0.1, 0.6, "log"),
        source="assumed",
        doc="rise of a project's rank by the log of the firm's R&D: committees like substance",
    )
    survey_share: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.0, 1.0, floor=0.0, ceiling=1.0),
        source="assumed",
        doc="share of relabelled spending that reaches the statistical survey",
    )
    cost_per_head: float = parameter(
        4.2e5,
        unit="CNY / person / year",
        prior=Range(3.0e5, 5.5e5, "log"),
        source="obs:china/rd_per_researcher/2015",
        doc="R&D per full-time person at the start's wages (377 k nationally in 2015; Qingdao's is higher)",
    )
    labour_share: float = parameter(
        0.5, unit="1", prior=Range(0.3, 0.7, "logit"), source="assumed", doc="share of R&D spent on people"
    )
    institution: float = parameter(
        0.05,
        unit="1 / year",
        prior=Range(0.02, 0.10, "log"),
        source="assumed",
        doc="chance that an R&D firm sets up an R&D institution of its own",
    )
    institution_large: float = parameter(
        0.1, unit="1 / year", prior=Range(0.0, 0.25), source="assumed", doc="the same in large firms, in addition"
    )
    institution_size: float = parameter(
        100000000.0,
        unit="CNY / year",
        prior=Range(4.0e7, 3.0e8, "log"),
        source="assumed",
        doc="revenue at the start's prices from which a firm is large for this",
    )
    institution_kept: float = parameter(
        0.8,
        unit="1",
        prior=Range(0.5, 0.95, "logit"),
        source="assumed",
        doc="chance that an institution outlasts a year in which its firm does no R&D",
    )
    enforcement: float = parameter(
        0.08,
        unit="1 / standard deviation",
        prior=Range(0.0, 0.20),
        source="judgement_ip_enforcement_private",
        doc="more R&D wished by private firms where intellectual property is better enforced",
    )
    enforcement_state: float = parameter(
        0.015,
        unit="1 / standard deviation",
        prior=Range(0.0, 0.03),
        source="judgement_ip_enforcement_state",
        doc="the same for state-owned firms",
    )


# normal quantiles in equal steps of luck, from the least to the most that there can be
_STEPS = normal_quantile(np.arange(1, 64) / 64.0)


def _own_research(world: World, terms: Terms, p: Parameters, luck: Luck) -> np.ndarray:
    """Decide on R&D and on claiming the deduction under this year's tax and rewards; return who does some (m,)."""
    f, st, rules = world.firms, world.state, world.rules
    hoped, rewarded = _hoped_reward(world, terms)
    strength = float(terms.values("enforcement")[0])
    steps = np.empty(_STEPS.size + 2)
    steps[0], steps[1:-1], steps[-1] = 0.0, np.exp(p.claim_spread * _STEPS), np.inf
    faced = Faced(
        cost_factor=terms.values("claim_cost"),
        extra=terms.values("deduction_rate"),
        reward=hoped,
        begins=1.0 + p.platform_entry * world.sectors.platform_support,
        steps=steps,
        simpler=1.0 - p.negative_list * rules["negative_list_simplification"],
        rewarded=rewarded,
        state_protection=1.0 + strength * p.enforcement_state,
        protection=1.0 + strength * p.enforcement,
        guided=terms.offered("claim_cost"),
        year=world.year,
        deflator=st.deflator,
        premium=st.research_premium,
    )
    satisficing = world.switches.get("research_rule", "elasticity") == "satisficing"
    induced = f.claim_induced.copy() if satisficing else f.claim_induced
    columns = Columns._make([getattr(f, name) for name in Columns._fields])
    habits = Habits._make([float(getattr(p, name)) for name in Habits._fields])
    rows, keys, size, certified = take_part(columns, faced, habits, luck.address("enter"), luck.address("leave"))
    mind = minds(keys, size, habits, luck.address("mind"))
    carried, other = (
        1.0 - math.exp(-p.carry_hazard * rules[name]) for name in ("loss_carry_years_hnte", "loss_carry_years")
    )
    recover = certified * carried + (1.0 - certified) * other
    deciding = rows
    if satisficing:
        searches, follow = searching(world, p, luck, rows, keys)
        hold(world, rows[~searches], induced)
        deciding, mind = rows[searches], (mind * follow)[searches]
    decide(columns, deciding, mind, recover, faced, law_of(rules), habits, luck.address("claim"))
    return rows


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Decide R&D, take grants and rewards, answer the notch, count R&D staff."""
    f, st = world.firms, world.state
    performing = _own_research(world, terms, p, luck)
    _grants(world, terms, p, luck, performing)
    answer_notch(world, terms, p, luck)
    _rewards(world, terms)
    equip(
        f.key,
        f.alive,
        f.does_rd,
        f.rd_real,
        f.revenue,
        f.rd_staff,
        f.has_institution,
        p.cost_per_head * st.wage_index * math.exp(p.labour_share * st.research_premium),
        p.institution_size * st.deflator,
        p.institution,
        p.institution + p.institution_large,
        p.institution_kept,
        luck.address("institution"),
        luck.address("keeps institution"),
    )
    st.survey_share = p.survey_share
    st.rd_labour_share = p.labour_share


def _grants(world: World, terms: Terms, p: Parameters, luck: Luck, performing: np.ndarray) -> None:
    """Pay ex-ante grants to the best of the firms ``performing`` R&D (m,), and do the R&D that grants are good for."""
    f = world.firms
    if not terms.offered("rd_grant"):
        return
    rows, cost, rank = applicants(
        performing,
        f.key,
        f.quality,
        f.rd_real,
        p.apply,
        p.grant_size,
        p.connections,
        luck.address("applies"),
        luck.address("connections"),
    )
    paid = terms.draw("rd_grant", rows, cost, rank)
    columns = Aided._make([getattr(f, name) for name in Aided._fields])
    use_grants(columns, paid.index, paid.amount, paid.real, p.repeat, world.year)


def _hoped_reward(world: World, terms: Terms) -> tuple[np.ndarray, float]:
    """Return the reward per CNY of more R&D, (n,) or (1,), and the part of it that firms count on.

    There is none beyond the cap, and firms count on less where few were paid.
    """
    f = world.firms
    offers = terms.promises("rd_reward")
    if not offers:
        return np.zeros(1), 1.0
    hoped = np.zeros(len(f))
    spent = f.rd_reported  # of the year before, until this year's is decided
    for o in offers:
        value = np.asarray(o.value, float).reshape(-1)
        count_on(spent, value, o.rate, np.empty(0, bool) if o.eligible is None else o.eligible, hoped)
    # a first year has no record of what was paid: the budget over what R&D as it stands would ask tells as much
    rows, cost = performers(f.alive, spent, np.empty(0))
    reach = sum(o.budget for o in offers) / max(terms.asked("rd_reward", rows, cost), 1.0)
    return hoped, min(1.0, reach, world.state.paid_part.get("rd_reward", 1.0))


def _rewards(world: World, terms: Terms) -> None:
    """Pay rewards for the R&D of the year before, the smallest first, and remember what part was paid."""
    f = world.firms
    if terms.offered("rd_reward"):
        rows, cost = performers(f.alive, f.rd_lag1, f.revenue_lag1)
        asked = terms.asked("rd_reward", rows, cost)
        paid = terms.draw("rd_reward", rows, cost, -cost)
        # what is paid for work that was not done is not what a firm weighs when it decides to do more
        f.rd_aid_year[paid.index] = world.year
        world.state.paid_part["rd_reward"] = min(1.0, float(paid.real.sum()) / max(asked, 1.0))


MECHANISM = Mechanism("research", Label("Firms' R&D", "企业研发"), Parameters, step)
