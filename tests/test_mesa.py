"""The model under Mesa: the same years to the last bit, and agents whose changes show in the next year."""

from __future__ import annotations

import doctest

import mesa
import numpy as np
import pytest
from mesa.agent import AgentSet
from model_runs import PLAN, ROOT, run_of, shipped

import simulator.mesa_model as mesa_model
from simulator.mesa_model import FundAgent, GoneError, IncubatorAgent, RegionModel, RowAgent, UniversityAgent
from simulator.model import INDICATORS
from simulator.simulate import simulate

LAST = 2014
SETS = {"universities": UniversityAgent, "incubators": IncubatorAgent, "funds": FundAgent}
each_set = pytest.mark.parametrize("name", SETS)


def model(seed: int | None = 1, years: int = 0, **named: object) -> RegionModel:
    out = RegionModel(shipped(PLAN, LAST), seed=seed, **named)  # type: ignore[arg-type]
    for _ in range(years):
        out.step()
    return out


@pytest.mark.parametrize("seed", [1, 2])
def test_left_alone_it_is_simulate(seed: int) -> None:
    m = RegionModel(shipped(), seed=seed)
    m.rng.random(7)  # Mesa's generators are the user's and shift nobody
    m.random.random()
    m.universities.shuffle()
    while m.running:
        m.step()
    run = run_of(seed=seed)
    frame = m.frame()
    np.testing.assert_array_equal(frame.to_numpy(), run.values)
    assert tuple(frame.columns) == run.names == tuple(INDICATORS)
    assert frame.index.tolist() == run.years.tolist()
    assert list(m.world.ledger.bills()) == run.bills
    assert m.year == m.last_year == 2020


def test_drawn_values_are_those_of_simulate() -> None:
    values = {"science.result_rate": 0.1}
    m = model(values=values)
    m.run_model()
    run = simulate(shipped(PLAN, LAST), values, 1)
    np.testing.assert_array_equal(m.frame().to_numpy(), run.values)
    assert not np.array_equal(run.values, run_of(PLAN, LAST).values)


def test_it_ends() -> None:
    m = model()
    assert (m.year, m.running) == (2010, True)
    m.run_model()
    assert (m.year, m.running) == (LAST, False)
    with pytest.raises(RuntimeError, match="ends with 2014"):
        m.step()


def test_seed_and_rng_stand_in_for_each_other() -> None:
    def first(**named: object) -> list[float]:
        m = model(years=1, **named)  # type: ignore[arg-type]
        return m.frame().iloc[0].tolist()

    assert first(seed=5) == first(seed=5, rng=8) == first(seed=None, rng=5) == first(seed=None, rng=np.int64(5))
    assert first(seed=None) == first(seed=0) == first(seed=None, rng=np.random.default_rng(3))
    assert first(seed=5) != first(seed=6)
    assert model(seed=5).rng.random() == model(seed=5).rng.random()


@each_set
def test_agents_are_mesa_agents_of_the_living_rows(name: str) -> None:
    m = model(years=3)
    agents, population = getattr(m, name), getattr(m.world, name)
    assert isinstance(agents, AgentSet)
    assert all(isinstance(a, SETS[name]) and isinstance(a, mesa.Agent) for a in agents)
    assert sorted(a.row for a in agents) == np.flatnonzero(population.alive).tolist()
    assert len(m.agents_by_type[SETS[name]]) == len(agents)
    for column in population.columns:
        values = getattr(population, column)
        for a in list(agents)[:5]:
            np.testing.assert_array_equal(getattr(a, column), values[a.row])


def test_agents_come_and_go() -> None:
    m = model()
    before = {a.key for a in m.incubators}
    for _ in range(3):
        m.step()
    assert before < {a.key for a in m.incubators}
    some = m.incubators[0]
    some.alive = False
    m.step()
    assert len(m.incubators) == m.world.incubators.alive.sum()
    assert not some.exists
    assert some not in m.agents
    with pytest.raises(GoneError):
        _ = some.floor


@each_set
def test_columns_do_not_hide_what_mesa_has(name: str) -> None:
    kind: type[RowAgent] = SETS[name]
    taken = set(dir(mesa.Agent)) | {"model", "unique_id", "pos"}
    assert not taken & set(kind.kind_of_row.columns)


@pytest.mark.parametrize(
    ("name", "column", "factor", "indicator"),
    [
        ("universities", "researchers", 0.5, "firm_share_rd_staff"),
        ("universities", "core_budget", 2.0, "rd_expenditure"),
        ("incubators", "floor", 2.0, "incubator_floor"),
        ("funds", "cash", 4.0, "venture_investment"),
    ],
)
def test_a_change_to_an_agent_shows_next_year(name: str, column: str, factor: float, indicator: str) -> None:
    changed, alone = model(years=2), run_of(PLAN, LAST)
    for agent in getattr(changed, name):
        setattr(agent, column, factor * getattr(agent, column))
    changed.step()
    series = changed.frame()[indicator].to_numpy()
    np.testing.assert_array_equal(series[:2], alone.series(indicator)[:2])
    assert series[2] > alone.series(indicator)[2]


def test_a_change_to_one_firm_shows_next_year() -> None:
    m = model(years=2)
    firm = max(m.firms(lambda f: f.does_rd), key=lambda f: f.revenue)
    firm.rd_intensity *= 2.0
    m.step()
    alone = run_of(PLAN, LAST)
    assert m.frame()["rd_real"].iloc[2] > alone.series("rd_real")[2]


def test_firms_by_row_key_and_rule() -> None:
    m = model(years=1)
    firm = m.firm(3)
    assert m.firm(firm.key).row == 3
    assert m.firm(m.world.firms.key[3]).row == 3
    assert len(m.firms()) == m.world.firms.alive.sum()
    some = m.firms(lambda f: f.staff > 1000)
    assert 0 < len(some) == (m.world.firms.alive & (m.world.firms.staff > 1000)).sum()
    assert isinstance(firm.does_rd, bool)
    assert isinstance(firm.staff, float)
    assert firm.tech.shape == m.world.firms.tech.shape[1:]
    for wrong in (-1, 12345678901234567, 2**64):
        with pytest.raises(GoneError):
            m.firm(wrong)


def test_a_view_follows_its_firm_across_compaction() -> None:
    m = model(years=1)
    f = m.world.firms
    rows = np.flatnonzero(f.alive)
    last, gone = m.firm(int(rows[-1])), m.firm(int(rows[0]))
    staff, key, row = last.staff, last.key, last.row
    f.alive[rows[: rows.size // 2]] = False
    with pytest.raises(GoneError, match="no longer exists"):
        gone.staff = 5.0
    f.compact()
    assert (last.staff, last.key) == (staff, key)
    assert last.row < row
    assert last.exists
    assert not gone.exists
    assert "gone" in repr(gone)
    with pytest.raises(GoneError):
        _ = gone.staff
    m.step()
    assert last.key == key


def test_mistakes_are_refused() -> None:
    m = model(years=1)
    firm, university = m.firm(0), m.universities[0]
    with pytest.raises(AttributeError, match="researchers"):
        university.reserchers = 5.0
    with pytest.raises(AttributeError, match="staff"):
        firm.staf = 5.0
    with pytest.raises(AttributeError, match="key"):
        firm.key = 1
    with pytest.raises(ValueError, match="finite"):
        firm.staff = float("nan")
    with pytest.raises(AttributeError):
        _ = firm.no_such_column


def test_the_example_in_the_module_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = doctest.testmod(mesa_model)
    assert result.attempted > 5
    assert result.failed == 0
