"""R&D subsidies: part of a firm's R&D cost is paid before the work, or rewarded after it."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import FIRM_CLASSES, by_size, of_classes
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses."""

    mode: str = setting("ex_ante", choices=("ex_ante", "ex_post"), doc="pay before the work, or after it")
    cover_rate: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="share of R&D cost covered")
    cap_per_firm: float = setting(0.0, unit="CNY / year", low=0.0, doc="most that one firm gets")
    budget: float = setting(0.0, unit="CNY / year", low=0.0)
    coverage: tuple[str, ...] = setting(("rd_performer",), choices=FIRM_CLASSES, doc="classes of firms covered")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    extra_small: float = parameter(
        1.0,
        unit="CNY / CNY",
        prior=Range(0.6, 1.4, floor=0.0),
        source="judgement_grant_small",
        doc="R&D added per CNY by a firm below 300 staff",
    )
    extra_large: float = parameter(
        0.2,
        unit="CNY / CNY",
        prior=Range(0.0, 0.8, floor=0.0),
        source="judgement_grant_large",
        doc="R&D added per CNY by a larger firm",
    )
    misuse_ex_ante: float = parameter(
        0.15,
        unit="1",
        prior=Range(0.05, 0.42, "logit"),
        source="judgement_grant_misuse",
        doc="chance that a grant is spent on something else",
    )
    misuse_ex_post: float = parameter(
        0.04,
        unit="1",
        prior=Range(0.01, 0.15, "logit"),
        source="assumed",
        doc="chance that the rewarded work was relabelled: it was audited first",
    )
    admin_share: float = parameter(
        0.04,
        unit="1",
        prior=Range(0.02, 0.08, "log"),
        source="assumed",
        doc="calls, review and audit over the budget",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer grants or rewards to the classes covered; small firms add more R&D per CNY than large ones."""
    s: Settings = entry.settings
    if min(s.cover_rate, s.cap_per_firm, s.budget) <= 0.0:
        return
    firms = world.firms
    term, misuse = {
        "ex_ante": ("rd_grant", p.misuse_ex_ante),
        "ex_post": ("rd_reward", p.misuse_ex_post),
    }[s.mode]
    terms.offer(
        entry,
        term,
        s.cap_per_firm,
        rate=s.cover_rate,
        budget=s.budget,
        misuse=misuse,
        eligible=of_classes(firms, s.coverage, world.year),
        # a reward works through the price of R&D, to which firms of each size answer in their own way
        worth=by_size(firms, p.extra_small, p.extra_large) if s.mode == "ex_ante" else 1.0,
    )
    terms.run(entry, p.admin_share * s.budget)


LEVER = Lever(
    "rd_subsidy",
    Label("R&D subsidy", "研发补助"),
    Settings,
    Parameters,
    offer,
    dose={"cover_rate": 0.3, "cap_per_firm": 1.0e6, "budget": 8.0e7, "coverage": ("rd_performer",)},
    moves={"rd_real": +1, "rd_expenditure": +1},
)
