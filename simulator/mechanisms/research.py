"""Firms' R&D: whether, how much, and how much of it is only reported; grants, rewards, tax and the HNTE notch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, normal_at, uniform_at
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.world.agents import STATE
from simulator.world.rules import hnte_threshold, small_low_profit, super_deduction
from simulator.world.world import World


@dataclass(frozen=True)
class Parameters:
    """How firms decide on R&D."""

    entry: float = parameter(
        0.050,
        unit="1 / year",
        prior=Range(0.025, 0.09, "log"),
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
    size_entry: float = parameter(
        0.30, unit="elasticity", prior=Range(0.1, 0.5), source="assumed", doc="chance to begin R&D to revenue over 50 m"
    )
    traditional: float = parameter(
        0.40,
        unit="factor",
        prior=Range(0.2, 0.8, "log"),
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
    finance_floor: float = parameter(
        0.55,
        unit="1",
        prior=Range(0.3, 0.8, "logit"),
        source="assumed",
        doc="share of wished R&D that a firm without liquid funds can do",
    )
    claim_cost: float = parameter(
        6.0e5,
        unit="CNY",
        prior=Range(2.5e5, 1.5e6, "log"),
        source="obs:qingdao/city_firms_using_superdeduction/2016",
        doc="median cost and trouble of claiming the deduction (471 firms claimed, a mean of 10 m of R&D each)",
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
    notch_real: float = parameter(
        0.36,
        unit="CNY / CNY",
        prior=Range(0.2, 0.6, "log"),
        source="chen2021",
        doc="private cost of one more CNY of real R&D beyond what the firm wanted, after its return",
    )
    notch_relabel: float = parameter(
        1.05,
        unit="CNY / CNY",
        prior=Range(0.6, 2.0, "log"),
        source="chen2021",
        doc="curvature of the cost of relabelling, per share of required R&D; with notch_real it sets the 24.2 %",
    )
    status_worth: float = parameter(
        0.006,
        unit="1",
        prior=Range(0.0, 0.015),
        source="assumed",
        doc="what HNTE status is worth in tenders and standing, as a share of yearly revenue",
    )
    status_cost: float = parameter(
        9.0e4,
        unit="CNY",
        prior=Range(4.0e4, 2.5e5, "log"),
        source="assumed",
        doc="median cost of an application for status",
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


@njit(cache=True, nogil=True)
def _decide(
    key: np.ndarray,
    alive: np.ndarray,
    revenue: np.ndarray,
    profit: np.ndarray,
    cash: np.ndarray,
    staff: np.ndarray,
    does_rd: np.ndarray,
    rd_years: np.ndarray,
    rd_intensity: np.ndarray,
    rd_real: np.ndarray,
    rd_reported: np.ndarray,
    link: np.ndarray,
    nearness: np.ndarray,
    quality: np.ndarray,
    claims: np.ndarray,
    cost_factor: np.ndarray,
    extra: np.ndarray,
    reward: np.ndarray,
    tax: np.ndarray,
    recover: float,
    deflator: float,
    entry: float,
    traditional: np.ndarray,
    leave: float,
    size_leave: float,
    experience: float,
    size_entry: float,
    link_entry: float,
    eta_small: float,
    eta_large: float,
    adjustment: float,
    drift: float,
    noise: float,
    floor: float,
    claim_cost: float,
    premium: float,
    protection: np.ndarray,
    a_enter: np.uint64,
    a_leave: np.uint64,
    a_mind: np.uint64,
    a_claim: np.uint64,
    induced: np.ndarray,
) -> None:
    """Decide on participation and size of real R&D, and on claiming the deduction, firm by firm."""
    for i in range(key.shape[0]):
        induced[i] = False
        if not alive[i]:
            rd_real[i] = 0.0
            continue
        need = 0.10 * revenue[i]
        ease = floor + (1.0 - floor) * min(1.0, max(cash[i], 0.0) / max(need, 1.0))
        if not does_rd[i]:
            chance = entry * traditional[i] * (revenue[i] / deflator / 5.0e7) ** size_entry
            chance *= np.exp(link_entry * link[i] + 0.4 * (nearness[i] - 0.7) + 0.35 * quality[i]) * ease
            if uniform_at(a_enter, key[i]) < min(chance, 0.6):
                does_rd[i] = True
                rd_years[i] = 0
                rd_real[i] = 0.4 * rd_intensity[i] * revenue[i] * ease
        else:
            chance = leave * max(experience ** rd_years[i], 0.33) * (1.3 if profit[i] < 0.0 else 1.0)
            chance *= min(1.5, (revenue[i] / deflator / 5.0e7) ** (-size_leave))  # large performers persist
            if uniform_at(a_leave, key[i]) < chance:
                does_rd[i] = False
                rd_years[i] = 0
        if not does_rd[i]:
            rd_real[i] = 0.0
            rd_reported[i] = 0.0
            claims[i] = False
            continue
        rd_years[i] += 1
        rd_intensity[i] = min(
            0.35, rd_intensity[i] * np.exp(drift + noise * normal_at(a_mind, key[i]) - 0.5 * noise * noise)
        )
        # the deduction is used where profit lets it be, now or within the years that losses may be carried
        used = 1.0 if profit[i] > 0.0 else recover
        worth = used * tax[i] * extra[i]
        base = rd_intensity[i] * revenue[i]
        trouble = claim_cost * deflator * np.exp(0.9 * normal_at(a_claim, key[i]))
        claims[i] = worth * base > trouble * cost_factor[i]
        induced[i] = claims[i] and worth * base <= trouble
        saved = (worth if claims[i] else 0.0) + reward[i] * ease
        user_cost = max(0.2, 1.0 - saved / (1.0 - used * tax[i]))
        eta = eta_small if staff[i] < 300.0 else eta_large
        # the premium on researchers raises what the same work costs; the firm spends more and gets less
        wish = base * user_cost ** (-eta) * ease * np.exp(0.3 * premium) * protection[i]
        rd_real[i] += (adjustment if rd_years[i] > 1 else 1.0) * (wish - rd_real[i])
        if rd_real[i] < 0.0:
            rd_real[i] = 0.0
        rd_reported[i] = rd_real[i]


@njit(cache=True, nogil=True)
def _notch(
    key: np.ndarray,
    alive: np.ndarray,
    does_rd: np.ndarray,
    informed: np.ndarray,
    revenue: np.ndarray,
    revenue_lag1: np.ndarray,
    revenue_lag2: np.ndarray,
    rd_reported: np.ndarray,
    rd_lag1: np.ndarray,
    rd_lag2: np.ndarray,
    rd_real: np.ndarray,
    profit: np.ndarray,
    hightech: np.ndarray,
    threshold: np.ndarray,
    tax_gain: np.ndarray,
    award: float,
    cost_factor: np.ndarray,
    min_hightech: float,
    status_worth: float,
    status_cost: float,
    real: float,
    relabel: float,
    valid: float,
    deflator: float,
    relabelling: bool,
    a_cost: np.uint64,
) -> None:
    """Let firms below the HNTE threshold reach it by real R&D, by relabelling, or not at all.

    The test is the sum of three years' R&D over the same years' sales. The cost of a gap g is least at
    relabelling r = min(g, T * real / relabel), with T the R&D that the threshold asks for this year.
    """
    for i in range(key.shape[0]):
        if not (alive[i] and does_rd[i] and informed[i]) or hightech[i] < min_hightech:
            continue
        sales = revenue[i] + revenue_lag1[i] + revenue_lag2[i]
        gap = threshold[i] * sales * 1.005 - (rd_reported[i] + rd_lag1[i] + rd_lag2[i])
        asked = threshold[i] * revenue[i]
        if gap <= 0.0 or gap > 1.5 * asked:
            continue
        r = min(gap, asked * real / relabel) if relabelling else 0.0
        x = gap - r
        cost = real * x + 0.5 * relabel * r * r / asked
        cost += status_cost * deflator * cost_factor[i] * np.exp(0.7 * normal_at(a_cost, key[i])) / valid
        gain = tax_gain[i] * max(profit[i], 0.0) + award / valid + status_worth * revenue[i]
        if gain > cost:
            rd_real[i] += x
            rd_reported[i] += x + r


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Decide R&D, take grants and rewards, answer the notch, count R&D staff."""
    f, st, rules = world.firms, world.state, world.rules
    f.rd_lag2[:] = f.rd_lag1
    f.rd_lag1[:] = f.rd_reported
    # what a grant added ends with it: a firm adjusts from what it paid for itself
    f.rd_real[:] = np.maximum(f.rd_real - f.rd_aided, 0.0)
    f.rd_aided[:] = 0.0
    certified = f.hnte_until >= world.year
    small_rate = small_low_profit(rules, f.profit, f.staff)
    tax = np.where(
        small_rate, rules["small_profit_effective_rate"], np.where(certified, rules["hnte_tax"], rules["corporate_tax"])
    )
    extra = np.maximum(terms.column("deduction_rate"), super_deduction(rules, f.technology_sme))
    cost_factor = terms.column("claim_cost") * (1.0 - p.negative_list * rules["negative_list_simplification"])
    reward = _hoped_reward(world, terms)
    years = np.where(certified, rules["loss_carry_years_hnte"], rules["loss_carry_years"])
    recover = float(np.mean(1.0 - np.exp(-0.15 * years))) if len(f) else 0.0
    strength = float(np.asarray(terms.total("enforcement")))
    protection = 1.0 + strength * np.where(f.ownership == STATE, p.enforcement_state, p.enforcement)
    induced = np.zeros(len(f), bool)
    _decide(
        f.key,
        f.alive,
        f.revenue,
        f.profit,
        f.cash,
        f.staff,
        f.does_rd,
        f.rd_years,
        f.rd_intensity,
        f.rd_real,
        f.rd_reported,
        f.link,
        f.nearness,
        f.quality,
        f.claims,
        cost_factor,
        extra,
        reward,
        tax,
        recover,
        st.deflator,
        p.entry,
        np.where(f.above_scale & ~f.technology_sme, p.traditional, 1.0),
        p.leave,
        p.size_leave,
        p.experience,
        p.size_entry,
        p.link_entry,
        p.eta_small,
        p.eta_large,
        p.adjustment,
        p.drift,
        p.intensity_noise,
        p.finance_floor,
        p.claim_cost,
        st.research_premium,
        protection,
        luck.address("enter"),
        luck.address("leave"),
        luck.address("mind"),
        luck.address("claim"),
        induced,
    )
    _grants(world, terms, p, luck)
    valid = max(rules["hnte_valid_years"], 1.0)
    cut = terms.column("hnte_tax")
    gain = np.where(small_rate, 0.0, rules["corporate_tax"] - rules["hnte_tax"] + cut)
    award = max((float(np.max(o.value)) for o in terms.promises("certification_award")), default=0.0)
    _notch(
        f.key,
        f.alive,
        f.does_rd,
        f.hnte_informed,
        f.revenue,
        f.revenue_lag1,
        f.revenue_lag2,
        f.rd_reported,
        f.rd_lag1,
        f.rd_lag2,
        f.rd_real,
        f.profit,
        f.hightech_share,
        hnte_threshold(rules, f.revenue),
        gain,
        award,
        terms.column("hnte_cost"),
        rules["hnte_hightech_share"],
        p.status_worth,
        p.status_cost,
        p.notch_real,
        p.notch_relabel,
        valid,
        st.deflator,
        world.switches.get("relabelling", "on") == "on",
        luck.address("status"),
    )
    f.claim_induced[:] = induced & terms.offered("claim_cost")
    _rewards(world, terms)
    per_head = p.cost_per_head * st.wage_index * np.exp(p.labour_share * st.research_premium)
    f.rd_staff[:] = np.where(f.alive, f.rd_real / per_head, 0.0)
    big = f.alive & f.does_rd & ~f.has_institution
    f.has_institution |= big & (luck.uniform(f.key, "institution") < 0.05 + 0.10 * (f.revenue > 1.0e8 * st.deflator))
    f.has_institution &= f.alive & (f.does_rd | (luck.uniform(f.key, "keeps institution") < 0.8))
    st.survey_share = p.survey_share


def _grants(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Pay ex-ante grants to those ranked first, and do the R&D that they are good for."""
    f = world.firms
    if not terms.offered("rd_grant"):
        return
    rows = np.flatnonzero(f.alive & f.does_rd & (luck.uniform(f.key, "applies") < p.apply))
    merit = f.quality[rows] + 0.3 * np.log(np.maximum(f.rd_real[rows], 1.0) / 1.0e6)
    rank = merit + p.connections * luck.normal(f.key[rows], "connections")
    paid = terms.draw("rd_grant", rows, f.rd_real[rows], rank)
    i = paid.index
    done = paid.real * p.repeat ** f.grants[i]
    f.rd_real[i] += done
    f.rd_aided[i] = done
    f.rd_reported[i] += np.maximum(done, paid.amount)  # what was misused is accounted for as R&D
    f.cash[i] -= paid.amount  # the grant goes through R&D or is gone; it does not stay as cash
    f.grants[i] += 1


def _hoped_reward(world: World, terms: Terms) -> np.ndarray:
    """Return the (n,) reward per CNY of more R&D that firms count on: none beyond the cap, less where few were paid."""
    f = world.firms
    hoped = np.zeros(len(f))
    offers = terms.promises("rd_reward")
    for o in offers:
        room = o.rate * f.rd_lag1 < np.asarray(o.value, float)
        here = np.where(room, o.rate, 0.0) if o.eligible is None else np.where(room & o.eligible, o.rate, 0.0)
        hoped = np.maximum(hoped, here)
    if not offers:
        return hoped
    # a first year has no record of what was paid: the budget over what R&D as it stands would ask tells as much
    rows = np.flatnonzero(f.alive & (f.rd_lag1 > 0.0))
    reach = sum(o.budget for o in offers) / max(terms.asked("rd_reward", rows, f.rd_lag1[rows]), 1.0)
    return hoped * min(1.0, reach, world.state.paid_part.get("rd_reward", 1.0))


def _rewards(world: World, terms: Terms) -> None:
    """Pay rewards for the R&D of the year before, the smallest first, and remember what part was paid."""
    f = world.firms
    if terms.offered("rd_reward"):
        rows = np.flatnonzero(f.alive & (f.rd_lag1 > 0.0) & (f.revenue_lag1 > 0.0))
        asked = terms.asked("rd_reward", rows, f.rd_lag1[rows])
        paid = terms.draw("rd_reward", rows, f.rd_lag1[rows], -f.rd_lag1[rows])
        # what is paid for work that was not done is not what a firm weighs when it decides to do more
        world.state.paid_part["rd_reward"] = min(1.0, float(paid.real.sum()) / max(asked, 1.0))


MECHANISM = Mechanism("research", Label("Firms' R&D", "企业研发"), Parameters, step)
