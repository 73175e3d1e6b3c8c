"""Alliances: firms near in technology pool part of their research, as long as that is worth what it costs them."""

from __future__ import annotations

import math
from operator import mul
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.alliances import Parameters
from tests.reference.luck import Draws, child_key
from tests.reference.offers import Application, Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel

CITY, PROVINCE, NATIONAL = range(3)
CHILD = 950  # rank of an alliance among what comes from its lead firm


class AlliedFirm:
    """A firm that pools research, or might."""

    def nearness_to(self: Any, other: Any) -> float:
        """Return how near another firm is in technology: the cosine of their positions."""
        return sum(map(mul, self.tech, other.tech))

    def can_use(self: Any, near: float, lead: Any, p: Parameters) -> float:
        """Return how much of the pooled research the firm can use: nearness to the lead, less what rivalry takes."""
        if self.sector != lead.sector:
            return near
        local = 1.0 - self.model.sector_facts["outside_demand"][self.sector]
        return near * (1.0 - p.rivalry * local)

    def expects(self: Any, near: float, lead: Any, p: Parameters, draws: Draws) -> float:
        """Return what a year in an alliance is worth to the firm by its own view; nothing without own R&D."""
        if not self.does_rd:
            return 0.0
        seen = math.exp(p.view * draws.normal(self.key, "view") - 0.5 * p.view * p.view)
        return p.pooled * self.can_use(near, lead, p) * p.worth * self.rd_real * seen

    def leaves_alliance(self: Any, lead: Any, cost: float, p: Parameters, draws: Draws) -> bool:
        """Return whether a member leaves: it has nothing to pool, or it no longer pays and it comes to say so."""
        if self.rd_real <= 0.0:
            return True
        if draws.uniform(self.key, "leave") >= p.leave:
            return False
        return self.expects(self.nearness_to(lead), lead, p, draws) < cost

    def joins_in_project(self: Any, paid: Application) -> None:
        """Do its part of a joint project, R&D beside what it would do; misused money is accounted for as R&D."""
        self.rd_staff *= 1.0 + paid.real / self.rd_real
        self.rd_real += paid.real
        self.rd_aided += paid.real
        self.rd_reported += paid.real if paid.real > 0.0 else paid.amount
        self.cash -= paid.amount
        self.rd_aid_year = self.model.year


class ActingAlliance:
    """An alliance in its year."""

    def rises(self: Any, p: Parameters, draws: Draws) -> None:
        """Be recognised by the province when old enough, by the ministry when large enough."""
        if self.level == PROVINCE:
            if self.members >= p.national_size and draws.uniform(self.key, "recognised") < p.national:
                self.level = NATIONAL
        elif self.level == CITY:
            old = self.model.year - self.founded >= p.province_years
            if old and draws.uniform(self.key, "recognised") < p.recognised:
                self.level = PROVINCE


def cost_of(members: float, support: float, deflator: float, p: Parameters) -> float:
    """Return what a year costs each member, CNY: its effort, which grows with them, and its part of the office."""
    office = max(p.office * deflator - support, 0.0)
    return p.member_cost * deflator * members / p.usual + office / max(members, 1.0)


def pay_support(model: ReferenceModel, counter: Counter, p: Parameters) -> list[float]:
    """Pay support to alliances, the largest first, up to what their offices cost; return it by alliance, CNY."""
    support = [0.0] * len(model.alliances)
    wanted = p.office * model.state.deflator
    asks = [Application(a, wanted, a.members + float(a.level)) for a in model.alliances if a.alive]
    for paid in counter.draw("alliance_support", asks):
        support[paid.agent.row] = paid.real
    return support


def members_of(model: ReferenceModel) -> list[list[Any]]:
    """Return the members of each alliance that works already."""
    members: list[list[Any]] = [[] for _ in model.alliances]
    for firm in model.living():
        if 0 <= firm.alliance < len(members):
            members[firm.alliance].append(firm)
    return members


def find_leads(model: ReferenceModel, members: list[list[Any]]) -> list[Any]:
    """Return the lead firm of each alliance; where it has gone, the member with the most R&D takes over."""
    leads: list[Any] = []
    for alliance, firms in zip(model.alliances, members, strict=True):
        lead = next((f for f in firms if f.key == alliance.lead), None)
        if lead is None and firms:
            lead = max(firms, key=lambda f: f.rd_real)
            alliance.lead = lead.key
        leads.append(lead)
    return leads


def leave_and_join(
    model: ReferenceModel, leads: list[Any], members: list[list[Any]], support: list[float], p: Parameters, draws: Draws
) -> None:
    """Let members leave for which it no longer pays, and others join the alliance that is nearest to them."""
    deflator = model.state.deflator
    for alliance, firms in zip(model.alliances, members, strict=True):
        cost = cost_of(len(firms), support[alliance.row], deflator, p)
        for firm in firms:
            if firm.leaves_alliance(leads[alliance.row], cost, p, draws):
                firm.alliance = -1
    open_ = [a for a in model.alliances if a.alive and leads[a.row] is not None]
    if not open_:
        return
    cost_to_join = {a: cost_of(len(members[a.row]) + 1.0, support[a.row], deflator, p) for a in open_}
    for firm in model.living():
        if firm.does_rd and firm.alliance < 0 and draws.uniform(firm.key, "join") < p.join:
            near, best = max(((firm.nearness_to(leads[a.row]), a) for a in open_), key=lambda x: x[0])
            if near >= p.near and firm.expects(near, leads[best.row], p, draws) >= cost_to_join[best]:
                firm.alliance = best.row


def end_small_ones(model: ReferenceModel, p: Parameters) -> list[list[Any]]:
    """End alliances with too few members; return the members of each."""
    members = members_of(model)
    for alliance, firms in zip(model.alliances, members, strict=True):
        alliance.members = len(firms)
        if len(firms) < p.least:
            for firm in firms:
                firm.alliance = -1
            firms.clear()
            alliance.alive = False
            alliance.members = 0
    return members


def pay_projects(
    model: ReferenceModel, counter: Counter, members: list[list[Any]], p: Parameters, draws: Draws
) -> None:
    """Pay members for joint projects, those of the largest alliances first."""
    if not counter.offered("alliance_project"):
        return
    applications = []
    for firms in members:
        able = [f for f in firms if f.does_rd and f.rd_real > 0.0]
        size = math.log(max(sum(f.rd_real for f in able), 1.0))
        applications += [
            Application(f, p.joint_part * f.rd_real, size + 1.0e-3 * draws.normal(f.key, "project")) for f in able
        ]
    for paid in counter.draw("alliance_project", applications):
        paid.agent.joins_in_project(paid)


def likeliest_leads(model: ReferenceModel, free: list[Any]) -> list[Any]:
    """Return by sector the free firm with an R&D institution of its own and the most R&D, None without one."""
    leads: list[Any] = [None] * len(model.sectors)
    for firm in free:
        if firm.has_institution:
            best = leads[firm.sector]
            if best is None or (firm.rd_real, -firm.key) > (best.rd_real, -best.key):
                leads[firm.sector] = firm
    return leads


def partners_of(lead: Any, free: list[Any], hoped: float, p: Parameters, draws: Draws) -> list[Any]:
    """Return who would found an alliance with a lead firm: the first by what they gain, as many as still gain."""
    gains = []
    for firm in free:
        if firm.alliance < 0:  # not taken meanwhile
            near = firm.nearness_to(lead)
            if near >= p.near:
                gains.append((firm.expects(near, lead, p, draws), firm))
    gains.sort(key=lambda x: (-x[0], x[1].key))
    deflator = lead.model.state.deflator
    last = 0
    for count, (gain, _) in enumerate(gains, 1):
        if gain >= cost_of(count, hoped, deflator, p):
            last = count
    chosen = [firm for _, firm in gains[:last]]
    return chosen if lead in chosen and len(chosen) >= p.least else []


def found_alliances(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Let the likeliest lead firm of each sector found an alliance if enough partners would gain by it.

    Support counts as far as it is on offer to one alliance more.
    """
    free = [f for f in model.living() if f.does_rd and f.alliance < 0]
    chance = p.initiative + p.helped * counter.total("alliance_outreach")
    alive = sum(a.alive for a in model.alliances)
    hoped = sum(min(o.most(), max(o.budget - o.most() * alive, 0.0)) for o in counter.promises("alliance_support"))
    for sector, lead in zip(model.sectors, likeliest_leads(model, free), strict=True):
        if lead is None or draws.uniform(sector.key, "initiative") >= chance:
            continue
        chosen = partners_of(lead, free, hoped, p, draws)
        if not chosen:
            continue
        # it begins its work when it joins the others, between years; its members are bound from now on
        row = len(model.alliances) + len(model.arriving["alliances"])
        for firm in chosen:
            firm.alliance = row
        model.arrive(
            "alliances",
            key=child_key(lead.key, CHILD, model.year),
            sector=lead.sector,
            founded=model.year,
            lead=lead.key,
            members=len(chosen),
        )


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Let firms found, join, leave and end alliances; recognise some; pay support and joint projects."""
    support = pay_support(model, counter, p)
    members = members_of(model)
    leads = find_leads(model, members)
    leave_and_join(model, leads, members, support, p, draws)
    members = end_small_ones(model, p)
    for alliance in model.alliances:
        if alliance.alive:
            alliance.rises(p, draws)
    pay_projects(model, counter, members, p, draws)
    found_alliances(model, counter, p, draws)
    for firm in model.living():
        firm.pooled = 0.0
    for lead, firms in zip(leads, members, strict=True):
        for firm in firms:
            if firm.does_rd:
                firm.pooled = p.pooled * firm.can_use(firm.nearness_to(lead), lead, p)
