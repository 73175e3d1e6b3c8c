"""A made-up model in place of the real one: three indicators, two levers, runs that take no time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from region_maker import write_region

from simulator.core.declare import Indicator, Label, Lever, Mechanism
from simulator.core.ledger import Bill
from simulator.core.parameters import Range, parameter, setting
from simulator.study.targets import load_targets

HEAD = "schema: 1\nregion: qingdao\nyears: [2011, 2020]\nreplicates: {min: 8, max: 8}\n"
PLAN = (
    HEAD
    + """title: {en: The plan, zh: 方案}
levers:
  - {id: Q1, lever: voucher, from: 2015, payer: {city: 0.75, district: 0.25}, settings: {budget: 40 MCNY/year}}
"""
)
DOUBLED = "schema: 1\ntitle: Doubled\nextends: plan.yaml\nlevers:\n  - {id: Q1, settings: {budget: 80 MCNY/year}}\n"
NEUTRAL = "schema: 1\ntitle: Neutral\nextends: plan.yaml\nlevers:\n  - {id: Q2, lever: voucher}\n"


@dataclass(frozen=True)
class MarketParameters:
    level: float = parameter(900.0, unit="firms", prior=Range(700.0, 1100.0), source="assumed", doc="a level")


@dataclass(frozen=True)
class VoucherSettings:
    budget: float = setting(0.0, unit="CNY / year", low=0)


@dataclass(frozen=True)
class VoucherParameters:
    effect: float = parameter(
        2.0, unit="firms / MCNY", prior=Range(1.0, 3.0), source="assumed", doc="firms for a million"
    )


def nothing(*_: Any) -> None:
    """Do nothing."""


VOUCHER = Lever("voucher", Label("voucher", "券"), VoucherSettings, VoucherParameters, nothing, {}, {"hnte_count": 1})
MARKET = Mechanism("market", Label("market", "市场"), MarketParameters, nothing)
INDICATORS = {
    i.name: i
    for i in (
        Indicator("rd_share", Label("R&D share", "研发占比"), "share of GDP", "share", nothing),
        Indicator("hnte_count", Label("HNTE", "高企"), "firms", "stock", nothing, true="hnte_real"),
        Indicator("hnte_real", Label("HNTE by real R&D", "真实高企"), "firms", "stock", nothing, "true"),
    )
}


class Toy:
    """The made-up model's switches for tests: seeds that raise, seeds that give no number, calls counted."""

    def __init__(self) -> None:
        self.raising: set[int] = set()
        self.undefined: set[int] = set()
        self.runs = 0
        self.interrupt = False

    def simulate(self, scenario: Any, values: dict[str, float], seed: int) -> Any:
        """Return one run: a level from the parameters, a budget's effect and noise from the seed."""
        self.runs += 1
        if self.interrupt:
            raise KeyboardInterrupt
        if seed in self.raising:
            raise RuntimeError(f"seed {seed} is unlucky")
        p = {**values, **scenario.assumptions}
        years = np.arange(scenario.years[0], scenario.years[1] + 1)
        noise = np.random.default_rng(seed).normal(0, 30, len(years))
        spent, bills = np.zeros(len(years)), []
        for entry in scenario.entries:
            payers = entry.payer if isinstance(entry.payer, dict) else {entry.payer: 1.0}
            for t, year in enumerate(years):
                sum_ = entry.settings.budget * entry.share_of_year(int(year))
                spent[t] += sum_
                for payer, share in payers.items():
                    if sum_:
                        amount = sum_ * share * (1 + 0.1 * (seed % 2))
                        bills.append(Bill(entry.id, entry.lever.name, int(year), payer, "outlay", amount))
        bills.append(Bill("national_law", "rd_tax_deduction", int(years[0]), "centre", "tax_forgone", 5e9))
        if seed % 2:
            bills.append(Bill("Q1", "voucher", int(years[-1]), "city", "recovered", 2e6))
        count = p["market.level"] + p["voucher.effect"] * np.cumsum(spent) / 1e6 + noise
        values_ = np.column_stack([0.02 + count / 1e5, count, 0.6 * count])
        if seed in self.undefined:
            values_[3, 1] = np.nan
        names = tuple(INDICATORS)
        return SimpleNamespace(
            years=years, names=names, values=values_, bills=bills, series=lambda name: values_[:, names.index(name)]
        )

    def simulate_together(self, scenarios: Any, values: dict[str, float], seed: int) -> list[Any]:
        """Return a run of each scenario."""
        return [self.simulate(scenario, values, seed) for scenario in scenarios]


def modules(made: Toy) -> dict[str, ModuleType]:
    """Return the modules that stand in the place of the real model's."""
    load_targets("qingdao")  # read while the indicators that they name are there, and kept
    model, simulate = ModuleType("simulator.model"), ModuleType("simulator.simulate")
    model.__dict__.update(
        SCHEDULE=(MARKET,), LEVERS={"voucher": VOUCHER}, INDICATORS=INDICATORS, SWITCHES={"mode": ("a", "b")}
    )
    simulate.__dict__.update(simulate=made.simulate, simulate_together=made.simulate_together)
    return {module.__name__: module for module in (model, simulate)}


def write_scenarios(root: Path) -> Path:
    """Write a region and three scenarios below a folder; returns where the scenarios are."""
    folder = write_region(root / "scenarios", "qingdao").parent
    for name, text in {"plan": PLAN, "doubled": DOUBLED, "neutral": NEUTRAL}.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def paced(toy: Toy, monkeypatch: pytest.MonkeyPatch, each: Callable[[int], object]) -> None:
    """Do something before each run is made, with its seed, as long as what is patched stays so."""
    made = toy.simulate

    def simulate(scenario: Any, values: Any, seed: int) -> Any:
        each(seed)
        return made(scenario, values, seed)

    monkeypatch.setattr(toy, "simulate", simulate)
    monkeypatch.setattr(sys.modules["simulator.simulate"], "simulate", simulate)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Toy:
    """Put the made-up model in the place of the real one."""
    made = Toy()
    for name, module in modules(made).items():
        monkeypatch.setitem(sys.modules, name, module)
    return made


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty working directory that has a region and three scenarios."""
    folder = write_scenarios(tmp_path)
    monkeypatch.chdir(tmp_path)
    return folder.relative_to(tmp_path)
