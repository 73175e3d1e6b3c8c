"""Clusters: software parks fill and empty, firms move to zones, sectors get advice and a transfer centre."""

from __future__ import annotations

from collections import Counter as Tally
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.clusters import Parameters
from tests.reference.luck import Draws
from tests.reference.offers import Application, Counter, Offer
from tests.reference.space import Neighbours, Shares, nearest, neighbours

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


class FirmInClusters:
    """A firm that may move, ask for advice, or meet a university."""

    def may_meet_university(self: Any) -> bool:
        """Return whether the firm could find a partner: it does R&D and has an institution near it."""
        return self.does_rd and self.university >= 0

    def is_mobile(self: Any, p: Parameters) -> bool:
        """Return whether the firm is young and free enough to move."""
        return not self.above_scale and self.incubator < 0 and self.founded >= self.model.year - p.mobile_years

    def considers_zones(self: Any, p: Parameters, zones: list[Offer], draws: Draws) -> bool:
        """Move to the first zone that welcomes the firm and that it likes; return whether it moved."""
        drawn = draws.uniform(self.key, "moves to zone")
        for zone in zones:
            if self.district != zone.tag and zone.is_open_to(self):
                chance = p.zone_move * float(zone.value)
                if drawn < chance:
                    self.district = zone.tag
                    return True
                drawn -= chance  # the next zone's chance comes on top
        return False

    def finds_nearest(self: Any, near: list[Neighbours]) -> None:
        """Find the university that is nearest from the district in which the firm is now."""
        self.university, self.nearness = nearest(self.tech, near[self.district])

    def asks_advice(self: Any, p: Parameters, counter: Counter, draws: Draws) -> bool:
        """Return whether the firm asks for advice on new technology, which it had not for some years."""
        if self.staff < 1.0 or (self.advised and self.advised > self.model.year - p.adoption_again):
            return False
        return (
            counter.is_open_to("adoption_support", self)
            and draws.uniform(self.key, "asks advice") < p.adoption_interest
        )

    def is_advised(self: Any, p: Parameters, paid: Application, draws: Draws) -> None:
        """Pass the money on to the advisers, and gain where the advice would not have been bought anyway."""
        self.advised = self.model.year
        self.cash -= paid.amount
        if draws.uniform(self.key, "new advice") < paid.real / paid.amount:
            self.productivity += p.adoption_gain * min(1.0, p.adoption_staff / self.staff)


def open_high_tech_parks(model: ReferenceModel, p: Parameters, draws: Draws) -> None:
    """Open finished parks in districts with incubators; firms with R&D of their own may find a partner there."""
    finished = model.delivered("high_tech_park")
    if not finished:
        return
    model.state.high_tech_parks += len(finished)
    shares = Shares(model.district_facts["incubator_share"])
    parks = Tally(shares.pick(draws.uniform(park.key, "park district")) for park in finished)
    near: dict[int, list[Any]] = {district: [] for district in parks}
    for firm in model.living():
        if firm.district in near and firm.may_meet_university():
            near[firm.district].append(firm)
    for district, firms in near.items():
        chance = p.park_tie * min(1.0, parks[district] * p.park_firms / max(len(firms), 1))
        for firm in firms:
            if draws.uniform(firm.key, "park tie") < chance:
                firm.link = 1.0


def fill_software_parks(model: ReferenceModel, p: Parameters, draws: Draws) -> None:
    """Let digital firms move in where floor is free, and out; those that are no agents take floor as a whole."""
    st = model.state
    if st.software_floor <= 0.0:
        return
    row = model.region.sectors.index("digital")
    sector = model.sectors[row]
    first = model.year == model.region.start_year  # floor that was there has its tenants
    whole = taken = sought = 0.0
    seekers: list[tuple[float, float, Any]] = []
    for firm in model.firms:
        if not firm.alive or firm.sector != row:
            firm.in_park = False
            continue
        need = p.park_area * firm.staff
        whole += need
        firm.in_park = firm.in_park and draws.uniform(firm.key, "leaves park") >= p.park_leave
        if firm.in_park:
            taken += need
        elif firm.incubator < 0:
            look = draws.uniform(firm.key, "looks for park")
            if first or look < p.park_apply:
                seekers.append((look, need, firm))
                sought += need
    others = p.park_others * whole * sector.rest_value_added / max(sector.value_added, 1.0)
    kept = min((1.0 - p.park_leave) * st.software_others, others)
    free = max(st.software_floor - taken - kept, 0.0)
    more = (1.0 if first else p.park_apply) * (others - kept)
    part = min(1.0, free / max(sought + more, 1.0))  # all get the same part of what they look for

    seekers.sort(key=lambda seeker: seeker[0])
    limit = part * sought * (1.0 + 1e-12)
    heaped = 0.0
    for _, need, firm in seekers:
        heaped += need
        if heaped > limit:
            break
        firm.in_park = True
        taken += need
    st.software_others = kept + part * more
    st.software_let = min(taken + st.software_others, st.software_floor)
    st.software_room = min(1.0, (st.software_floor - st.software_let) / max(whole + others, 1.0))


def move_to_zones(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Let young firms from elsewhere in the region move to a zone that welcomes them; other districts lose them."""
    zones = counter.promises("zone_welcome")
    movers = [f for f in model.living() if f.is_mobile(p) and f.considers_zones(p, zones, draws)]
    if movers:
        near = neighbours(model)
        for firm in movers:
            firm.finds_nearest(near)


def advise(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Advise firms that ask, the larger first."""
    cost = p.adoption_cost * model.state.deflator
    asks = [Application(f, cost, f.revenue) for f in model.living() if f.asks_advice(p, counter, draws)]
    for paid in counter.draw("adoption_support", asks):
        paid.agent.is_advised(p, paid, draws)


def meet_at_centres(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Let transfer centres tie firms that do R&D to the institutions nearest to them; their people are few."""
    strength = [min(counter.total("sector_transfer", sector), 1.0) for sector in model.sectors]
    firms = [f for f in model.living() if strength[f.sector] > 0.0 and f.may_meet_university()]
    if not firms:
        return
    usual = min(p.centre_tie, p.centre_firms / len(firms))
    for firm in firms:
        if draws.uniform(firm.key, "meets at centre") < usual * strength[firm.sector] * firm.nearness:
            firm.link = 1.0


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Open zones and parks, let firms move, and take up what sector programmes offer."""
    st = model.state
    st.innovation_zones += len(model.delivered("innovation_zone"))  # a name and a plan: nothing more by itself
    st.software_floor += sum(park.quantity for park in model.delivered("software_park"))
    open_high_tech_parks(model, p, draws)
    fill_software_parks(model, p, draws)
    if counter.offered("zone_welcome"):
        move_to_zones(model, counter, p, draws)
    if counter.offered("adoption_support"):
        advise(model, counter, p, draws)
    if counter.offered("sector_transfer"):
        meet_at_centres(model, counter, p, draws)
