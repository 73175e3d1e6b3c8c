"""Work of studies on processes: the same results with any number of them, and what a dead one leaves."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy_model
from toy_model import Toy

from simulator.study import abc_choice, trials
from simulator.study.abc_choice import CANDIDATES, try_all
from simulator.study.abc_fit import Material
from simulator.study.bank import SHARD, Bank, make_bank
from simulator.study.engine import TRIES, work_all
from simulator.study.ensemble import run
from simulator.study.forecast import each
from simulator.study.plan_points import Point, PointRunner, plan_targets
from simulator.study.pool import FEW_DEATHS, Pool
from simulator.study.replicates import Failure, Outcome, StudyError, design, load_scenario
from tests.processes import killed_when, left

toy, home = toy_model.toy, toy_model.home  # the fixtures
pytestmark = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="the made-up model is there in forked processes only"
)
FATAL = 2 * SHARD + 7  # the run at which a process dies


def die() -> None:
    os._exit(9)


def no_memory() -> None:
    raise MemoryError


HARMS: dict[str, tuple[Callable[[], None], str]] = {
    "died": (die, r"worker process died \(out of memory\?\)"),
    "memory": (no_memory, "not enough memory"),
}


@contextmanager
def harmed(toy: Toy, harm: Callable[[], None], luck: int) -> Iterator[None]:
    """Let processes come to harm at the run with some luck."""
    simulate, parent = sys.modules["simulator.simulate"], os.getpid()

    def fatal(scenario: Any, values: Any, seed: int) -> Any:
        if seed == luck:
            assert os.getpid() != parent or harm is no_memory, "the study itself would die"
            harm()
        return toy.simulate(scenario, values, seed)

    simulate.__dict__["simulate"] = fatal
    try:
        yield
    finally:
        simulate.__dict__["simulate"] = toy.simulate


def files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.rglob("*.npy")}


# ---- banks --------------------------------------------------------------------------------------------


def bank_of(home: Path, runs: int = 5 * SHARD, **options: Any) -> Bank:
    return make_bank(load_scenario(home / "plan.yaml"), runs, **{"jobs": 2, "parent": home / "bank", **options})


@pytest.mark.parametrize(("jobs", "harm"), [(1, "memory"), (2, "memory"), (2, "died")])
def test_a_bank_keeps_its_shards_when_a_process_comes_to_harm(toy: Toy, home: Path, jobs: int, harm: str) -> None:
    what, said = HARMS[harm]
    with harmed(toy, what, FATAL), pytest.raises(StudyError, match=rf"{said}; \d+ runs are kept, the same command"):
        bank_of(home, jobs=jobs)
    kept = files(home / "bank")
    assert 0 < len(kept) < 5
    assert not list((home / "bank").rglob(".*.part"))
    seen: list[tuple[int, int]] = []
    grown = bank_of(home, jobs=jobs, progress=lambda *now: seen.append(now))
    assert seen == [(k * SHARD, 5 * SHARD) for k in range(len(kept) + 1, 6)]
    assert kept.items() < files(home / "bank").items()
    assert files(home / "bank") == files(bank_of(home, jobs=1, parent=home / "other").folder)
    assert grown.size == 5 * SHARD


def test_a_bank_that_is_killed_goes_on_and_leaves_no_process(toy: Toy, home: Path) -> None:
    plain = toy.simulate

    def slow(scenario: Any, values: Any, seed: int) -> Any:
        (home / f"worker-{os.getpid()}").touch()
        time.sleep(0.002)
        return plain(scenario, values, seed)

    simulate = sys.modules["simulator.simulate"]
    simulate.__dict__["simulate"] = slow
    killed_when(lambda: len(files(home / "bank")) >= 2, lambda: bank_of(home))
    kept = files(home / "bank")
    assert 2 <= len(kept) < 5
    workers = [int(p.name.split("-")[1]) for p in home.glob("worker-*")]
    assert len(workers) == 3  # and the parent, in which the kernels were made ready
    assert left(workers) == []
    simulate.__dict__["simulate"] = plain
    assert bank_of(home).size == 5 * SHARD
    assert kept.items() < files(home / "bank").items()
    assert files(home / "bank") == files(bank_of(home, jobs=1, parent=home / "other").folder)


# ---- replicates ---------------------------------------------------------------------------------------


def same(one: Outcome | Failure, two: Outcome | Failure) -> bool:
    assert isinstance(one, Outcome), one
    assert isinstance(two, Outcome), two
    return one.replicate == two.replicate and np.array_equal(one.values, two.values) and one.bills == two.bills


def test_a_replicate_of_which_processes_die_is_the_only_one_that_fails(toy: Toy, home: Path) -> None:
    whole = run(home / "plan.yaml", replicates=41, jobs=2)
    seen: list[tuple[int, int]] = []
    with harmed(toy, die, 9):
        found = run(home / "plan.yaml", replicates=41, jobs=2, progress=lambda *now: seen.append(now))
    (failure,) = found.failures
    assert failure.replicate.index == 9
    assert failure.message == "the worker process died (out of memory?)"
    assert "index=9, seed=0" in failure.command
    rest = [outcome for outcome in whole.outcomes if outcome.replicate.index != 9]
    assert len(rest) == 40
    assert all(same(one, two) for one, two in zip(found.outcomes, rest, strict=True))
    assert seen[-1] == (41, 41)
    assert not multiprocessing.active_children()


def test_a_process_that_is_killed_once_costs_no_replicate(toy: Toy, home: Path) -> None:
    def once() -> None:
        if not (home / "killed").exists():
            (home / "killed").touch()
            die()

    scenario = load_scenario(home / "plan.yaml")
    pool = Pool([scenario], 0, 2)
    with harmed(toy, once, 9):
        first = pool.run({0: design(30, 0)})[0]
        then = pool.run({0: design(40, 0, 30)})[0]  # by fresh workers
    assert (home / "killed").exists()
    alone = Pool([scenario], 0, 1)
    assert all(same(one, two) for one, two in zip(first + then, alone.run({0: design(40, 0)})[0], strict=True))


def test_workers_that_died_between_two_batches_are_replaced(toy: Toy, home: Path) -> None:
    pool = Pool([load_scenario(home / "plan.yaml")], 0, 2)
    pool.run({0: design(10, 0)})
    for worker in multiprocessing.active_children():
        worker.kill()
        worker.join()
    assert all(isinstance(one, Outcome) for one in pool.run({0: design(30, 0, 10)})[0])


def test_a_death_is_put_down_to_the_scenario_that_it_came_from(
    toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = toy.simulate

    def fatal(scenario: Any, values: Any, seed: int) -> Any:
        if seed == 9 and Path(scenario.path).name == "doubled.yaml":
            die()
        return plain(scenario, values, seed)

    scenarios = [load_scenario(home / f"{name}.yaml") for name in ("plan", "doubled")]
    batches = {0: design(20, 0), 1: design(20, 0)}
    pool = Pool(scenarios, 0, 2)
    whole = pool.run(batches)
    monkeypatch.setattr(toy, "simulate", fatal)
    monkeypatch.setitem(sys.modules["simulator.simulate"].__dict__, "simulate", fatal)
    pool = Pool(scenarios, 0, 2)
    found = pool.run(batches)
    assert all(same(one, two) for one, two in zip(found[0], whole[0], strict=True))
    assert [k for k, one in enumerate(found[1]) if isinstance(one, Failure)] == [9]
    assert all(same(one, two) for k, (one, two) in enumerate(zip(found[1], whole[1], strict=True)) if k != 9)


def test_a_study_of_which_every_process_dies_is_given_up_soon(toy: Toy, home: Path) -> None:
    parent, plain = os.getpid(), toy.simulate

    def fatal(scenario: Any, values: Any, seed: int) -> Any:
        if os.getpid() == parent:
            return plain(scenario, values, seed)
        with (home / "deaths").open("a") as file:
            file.write(".")
        return die()

    sys.modules["simulator.simulate"].__dict__["simulate"] = fatal
    with pytest.raises(StudyError, match="39 of 40 runs failed"):
        run(home / "plan.yaml", replicates=40, jobs=2)
    assert len((home / "deaths").read_text()) <= 2 + TRIES * (FEW_DEATHS + 3)


# ---- points of plans ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("jobs", "harm"), [(1, "memory"), (2, "memory"), (2, "died")])
def test_points_are_kept_when_a_process_comes_to_harm(toy: Toy, home: Path, jobs: int, harm: str) -> None:
    scenario = load_scenario(home / "plan.yaml")
    points = [Point(scenario, {"market.level": 800.0 + k, "voucher.effect": 2.0}, (k, 20 + k)) for k in range(12)]
    plan, (what, said) = plan_targets(scenario), HARMS[harm]
    with harmed(toy, what, 29), pytest.raises(StudyError, match=f"{said}; what was run is kept, the same command"):
        PointRunner(plan, home / "points", 0, jobs).run(points)
    kept = files(home / "points")
    assert 0 < len(kept) < 12
    seen: list[tuple[int, int]] = []
    found = PointRunner(plan, home / "points", 0, jobs, lambda *now: seen.append(now)).run(points)
    assert seen == [(k, 12) for k in range(len(kept) + 1, 13)]
    alone = PointRunner(plan, home / "other", 0, 1).run(points)
    assert files(home / "points") == files(home / "other")
    for one, two in zip(found, alone, strict=True):
        assert np.array_equal(one.figures, two.figures)
        assert np.array_equal(one.costs, two.costs)


# ---- forecasts ----------------------------------------------------------------------------------------


def odd(k: int) -> np.ndarray:
    """Return a run; the third raises, the fifth is no number."""
    if k == 2:
        raise RuntimeError("unlucky")
    time.sleep(0.002 * (k % 3))  # so that they do not end in their order
    return np.array([float(k), np.nan if k == 4 else 1.0])


@pytest.mark.parametrize("jobs", [1, 2, None])
def test_runs_of_a_forecast_come_in_their_order(jobs: int | None) -> None:
    seen: list[tuple[int, int]] = []
    found = each(odd, 60, jobs, lambda *now: seen.append(now))
    assert [k for k, one in enumerate(found) if one is None] == [2, 4]
    assert all(one is None or one.tolist() == [k, 1.0] for k, one in enumerate(found))
    assert seen == [(k, 60) for k in range(1, 61)]
    with pytest.raises(StudyError, match="2 of 30 runs failed, the first with draw 2: RuntimeError: unlucky"):
        each(odd, 30, jobs)


@pytest.mark.parametrize(("jobs", "harm"), [(1, "memory"), (2, "memory"), (2, "died")])
def test_a_forecast_says_what_became_of_its_processes(jobs: int, harm: str) -> None:
    what, said = HARMS[harm]

    def one(k: int) -> np.ndarray:
        if k == 5:
            what()
        return np.ones(2)

    with pytest.raises(StudyError, match=said):
        each(one, 40, jobs)


# ---- the choice of a fit ------------------------------------------------------------------------------


def test_the_choice_of_a_fit_says_that_a_process_died(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    z = rng.standard_normal((200, 6))
    data = Material(tuple(f"a.p{k}" for k in range(6)), z, z[:, :2], z[:, :2] + 0.5 * rng.standard_normal((200, 2)))
    one, two = (try_all(data, 12, CANDIDATES[-2:], jobs=jobs) for jobs in (1, 2))
    assert one == two
    monkeypatch.setattr(abc_choice, "one_truth", lambda *_: die())
    with pytest.raises(StudyError, match="died"):
        try_all(data, 12, CANDIDATES[-2:], jobs=2)


# ---- trials -------------------------------------------------------------------------------------------


def test_worlds_of_a_trial_come_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    trial = next(t for t in trials.load_trials()[1] if t.id == "italian_grants")
    seen: list[tuple[int, int]] = []

    def world(number: int, *_: Any) -> dict[str, np.ndarray]:
        time.sleep(0.002 * (number % 3))  # so that they do not end in their order
        if number == 9:
            raise RuntimeError("unlucky")
        return {"number": np.array([number])}

    def evaluated(jobs: int) -> trials.Evaluation:
        return trials.evaluate([trial.id], jobs=jobs, calibration="evidence", progress=lambda *now: seen.append(now))

    monkeypatch.setattr(trials, "table_of", world)
    monkeypatch.setattr(trials, "look", lambda _, tables: [[int(t["number"][0]) for t in tables]])
    monkeypatch.setattr(trials, "tight", lambda lines: len(lines[0]) > trial.batch)
    one, two = evaluated(1), evaluated(2)
    assert one.found == two.found == [[k for k in range(2 * trial.batch) if k != 9]]
    assert one.failed == two.failed == ("italian_grants, world 9, seed 0: RuntimeError: unlucky",)
    assert seen == 2 * [(k, trial.most) for k in range(1, 2 * trial.batch + 1)]
    monkeypatch.setattr(trials, "table_of", lambda number, *_: die() if number else {})
    with pytest.raises(StudyError, match="died"):
        evaluated(2)


def test_work_that_is_not_waited_for_is_stopped() -> None:
    def one(_: None, k: int) -> int:
        time.sleep(0.002)
        return k

    found = work_all(one, None, range(500), jobs=2)
    next(found)
    found.close()  # type: ignore[attr-defined]
    assert not multiprocessing.active_children()
