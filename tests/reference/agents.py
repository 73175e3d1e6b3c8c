"""The agents of the reference: plain Mesa agents with plain attributes, one rule a method.

Their attributes have the names of the model's columns; rules are grouped in one class a mechanism.
"""

from __future__ import annotations

from ctypes import c_float
from functools import cache
from typing import Any

import mesa

from simulator.core.population import Population
from simulator.world import agents as columns
from tests.reference.alliances import ActingAlliance, AlliedFirm
from tests.reference.births import NewFirm
from tests.reference.certification import CertifiedFirm
from tests.reference.certification_bodies import FirmWithInstitution
from tests.reference.closure import ClosingFirm
from tests.reference.clusters import FirmInClusters
from tests.reference.delivery import BuildingProject, HostingUniversity, UnpaidSpace
from tests.reference.finance_funds import ActingFund, FundedFirm
from tests.reference.finance_loans import BorrowingFirm
from tests.reference.finance_market import MarketFirm
from tests.reference.finance_pledge import PledgingFirm
from tests.reference.founding import ParentFirm, ParentUniversity
from tests.reference.incubation import ActingIncubator, IncubatedFirm
from tests.reference.innovation import InnovatingFirm
from tests.reference.market import SellingFirm
from tests.reference.patenting import PatentingFirm, PatentingUniversity
from tests.reference.products import Drug, DrugMaker
from tests.reference.research import ResearchingFirm
from tests.reference.science import PartneringFirm, ResearchingUniversity
from tests.reference.steel import ActingPlant
from tests.reference.talent_stations import HostFirm
from tests.reference.talent_training import LearningFirm
from tests.reference.transfer import TradingFirm, TransferringUniversity
from tests.reference.transfer_facilities import InstrumentUser
from tests.reference.transfer_joint import JointProjectFirm
from tests.reference.transfer_market import TechnologyBuyer


def narrow(value: float) -> float:
    """Return a number as 32 bits hold it."""
    return c_float(value).value


NUMBERS: dict[str, Any] = {"float32": narrow, "float64": float, "bool": bool}  # all others are whole


@cache
def at_birth(declared: type[Population]) -> tuple[dict[str, Any], dict[str, Any], dict[str, list[Any]]]:
    """Return the kind of number of each column, and the values of birth of single columns and of those of several."""
    declared_columns = declared.columns
    kinds = {name: NUMBERS.get(c.dtype, int) for name, c in declared_columns.items()}
    single = {name: kinds[name](c.default) for name, c in declared_columns.items() if c.width == 1}
    several = {name: [kinds[name](c.default)] * c.width for name, c in declared_columns.items() if c.width > 1}
    return kinds, single, several


class Row:
    """What every kind of agent has: the attributes that the model's columns declare."""

    declared: type[Population]
    key: int
    alive: bool
    row: int  # place in its list

    def fill(self, values: dict[str, Any]) -> None:
        """Set the values given, and the values of birth where none is given."""
        kinds, single, several = at_birth(self.declared)
        vars(self).update(single)
        for name, items in several.items():
            setattr(self, name, list(items))
        for name, value in values.items():
            kind = kinds[name]
            setattr(self, name, [kind(v) for v in value] if name in several else kind(value))


class Thing(Row):
    """Something that is counted and does not act."""

    def __init__(self, **values: Any) -> None:
        self.fill(values)


class Actor(mesa.Agent, Row):
    """Something that acts."""

    def __init__(self, model: Any, **values: Any) -> None:
        super().__init__(model)
        self.fill(values)


class Firm(
    TradingFirm,
    InstrumentUser,
    JointProjectFirm,
    TechnologyBuyer,
    HostFirm,
    LearningFirm,
    PartneringFirm,
    InnovatingFirm,
    SellingFirm,
    PatentingFirm,
    AlliedFirm,
    NewFirm,
    ParentFirm,
    FirmInClusters,
    DrugMaker,
    ClosingFirm,
    ResearchingFirm,
    IncubatedFirm,
    CertifiedFirm,
    FirmWithInstitution,
    BorrowingFirm,
    PledgingFirm,
    FundedFirm,
    MarketFirm,
    Actor,
):
    """A firm."""

    declared = columns.Firms


class University(
    TransferringUniversity, PatentingUniversity, ResearchingUniversity, ParentUniversity, HostingUniversity, Actor
):
    """A university or research institute."""

    declared = columns.Universities


class Incubator(UnpaidSpace, ActingIncubator, Actor):
    """An incubator or maker space."""

    declared = columns.Incubators


class Fund(ActingFund, Actor):
    """An angel or venture fund."""

    declared = columns.Funds


class Alliance(ActingAlliance, Actor):
    """A technology alliance."""

    declared = columns.Alliances


class Plant(ActingPlant, Actor):
    """A steel plant."""

    declared = columns.Plants


class Product(Drug, Thing):
    """A pharmaceutical product."""

    declared = columns.Products


class Platform(Thing):
    """A shared platform."""

    declared = columns.Platforms


class Project(BuildingProject, Thing):
    """Something ordered and not yet finished."""

    declared = columns.Projects


class Pool(Thing):
    """People who are counted, not followed."""

    declared = columns.Pools


class Sector(Thing):
    """A sector of the region."""

    declared = columns.Sectors


KINDS: dict[str, type[Row]] = {
    "firms": Firm,
    "universities": University,
    "incubators": Incubator,
    "funds": Fund,
    "alliances": Alliance,
    "plants": Plant,
    "products": Product,
    "platforms": Platform,
    "projects": Project,
    "pools": Pool,
    "sectors": Sector,
}
# rows that others refer to by their place stay when they end
DROPPED = ("firms", "products", "projects")
