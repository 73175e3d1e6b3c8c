"""Gates that a fitted region must pass (``ris validate``): each a figure, what is asked of it, and whether it holds.

Everything is made from committed files: the posterior with its manifest, the packed bank, the history and the
scenarios. Gates are not tuned: their bounds stand here, and a region that fails one says so with exit code 4.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from simulator.core.declare import Label
from simulator.core.problems import InputError, Problem
from simulator.model import INDICATORS
from simulator.scenario import Scenario
from simulator.simulate import simulate
from simulator.study.abc_fit import PLANTED, Coverage, Settings, coverage
from simulator.study.accounting import Books, books_of
from simulator.study.calibrate import data_digest, data_of, region_history
from simulator.study.gates import (
    Gate,
    book_gates,
    coverage_gates,
    fact_gates,
    identified,
    inner_gates,
    predictive_gates,
)
from simulator.study.history import History, load_history
from simulator.study.inner_test import InnerTest, inner_test, predictive
from simulator.study.packed import PackedBank, load_packed
from simulator.study.posterior import Posterior, load_posterior
from simulator.study.replicates import load_scenario, values_of
from simulator.study.series_influence import Influence, influences

if TYPE_CHECKING:
    import pandas

    from simulator.study.facts import Fact

PREDICTIVE_RUNS = 100
FACT_RUNS = 12  # facts differ between draws of the parameters; with four a mean moved by a tenth of its band
BOOK_RUNS = 4
Say = Callable[[str], None]


@dataclass(frozen=True)
class Validation:
    """What was found for a region: gates in the order of the page, and what is behind them."""

    region: str
    status: Label | None
    gates: tuple[Gate, ...]
    notes: tuple[Label, ...]
    history: History
    inner: InnerTest | None = None
    predictive: pandas.DataFrame | None = None
    planted: Coverage | None = None
    facts: tuple[Fact, ...] = ()
    books: Books | None = None
    influence: tuple[Influence, ...] = ()
    manifest: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def failed(self) -> list[Gate]:
        """Return the gates that do not hold."""
        return [gate for gate in self.gates if gate.ok is False]

    @property
    def ok(self) -> bool:
        """Return whether every gate holds."""
        return not self.failed


def validate(
    region_id: str, *, jobs: int | None = None, planted: int = PLANTED, say: Say = lambda _: None
) -> Validation:
    """Return every gate of a region; raises InputError for an unknown region and for one whose fit is not there.

    A region without points to fit is held against its books alone.
    """
    scenario = region_history(region_id)
    plan = load_scenario(scenario.path.parent / "plan.yaml")
    history = load_history(region_id)
    if history.to_fit().size == 0:
        return _projection(region_id, plan, history)
    points = data_of(region_id, history=history)
    posterior, bank = load_posterior(region_id), load_packed(region_id)
    if posterior is None or bank is None:
        what = "the posterior" if posterior is None else "the packed bank"
        raise InputError([Problem(region_id, 1, 1, f"{what} is not there", "", f"ris calibrate {region_id}")])
    if not bank.fits_priors:
        what = "the packed bank was drawn from other priors than the model has now"
        raise InputError([Problem(region_id, 1, 1, what, "", f"ris calibrate {region_id}")])
    if what := _not_of_one_fit(posterior, bank, points):
        raise InputError([Problem(region_id, 1, 1, what, "", f"ris calibrate {region_id}")])
    return _Checks(region_id, scenario, plan, points, posterior, bank, jobs, planted, say).all()


def _not_of_one_fit(posterior: Posterior, bank: PackedBank, points: History) -> str:
    """Return why sample, packed bank and points cannot be held against each other, or nothing."""
    if "settings" not in posterior.manifest:
        return "the posterior's manifest is not there or does not say how it was fitted"
    if dict(posterior.manifest.get("bank") or {}).get("hash", bank.bank) != bank.bank:
        return "the posterior was fitted from another bank than the packed one"
    absent = set(points.addresses) - set(bank.addresses)
    return f"points that the packed bank does not hold: {', '.join(sorted(absent))}" if absent else ""


class _Checks:
    """The checks of a fitted region, one after the other."""

    def __init__(
        self, region: str, scenario: Scenario, plan: Scenario, points: History, posterior: Posterior, bank: PackedBank,
        jobs: int | None, planted: int, say: Say,
    ) -> None:  # fmt: skip
        self.region, self.scenario, self.plan, self.points = region, scenario, plan, points
        self.posterior, self.bank, self.jobs, self.planted, self.say = posterior, bank, jobs, planted, say
        self.settings = Settings(**posterior.manifest["settings"])
        self.seconds: dict[str, float] = {}

    def timed(self, name: str, work: Callable[[], Any]) -> Any:
        """Do one check and keep how long it took."""
        started = time.perf_counter()
        found = work()
        self.seconds[name] = time.perf_counter() - started
        self.say(f"{name}: {self.seconds[name]:.0f} s")
        return found

    def all(self) -> Validation:
        """Return everything; what is simulated comes before what is only computed."""
        from simulator.study.facts import facts

        draws = self._usable(max(FACT_RUNS, BOOK_RUNS))
        cover = self.timed("coverage", lambda: coverage(self.bank.material(self.points), self.settings, self.planted))
        predictive = self.timed("predictive", self._predictive)
        inner = self.timed("inner test", lambda: inner_test(self.bank, self.points, self.scenario, self.settings,
                                                            jobs=self.jobs))  # fmt: skip
        found = self.timed("facts", lambda: facts(tuple(range(FACT_RUNS)), self.scenario.path, draws[:FACT_RUNS]))
        books = self.timed("books", lambda: books_of(replace(self.plan, calibration="evidence"), draws[:BOOK_RUNS]))
        moved = self.timed("influence", lambda: influences(self.bank, self.points, self.plan, self.settings,
                                                           jobs=self.jobs))  # fmt: skip
        gates = (
            *coverage_gates(cover), *predictive_gates(predictive), *inner_gates(inner), *fact_gates(found),
            *book_gates(books), *identified(self.posterior.manifest),
        )  # fmt: skip
        return Validation(
            self.region, self.scenario.region.status, gates, tuple(self._notes(inner)), self.points, inner, predictive,
            cover, tuple(found), books, tuple(moved), self.posterior.manifest, self.seconds,
        )  # fmt: skip

    def _usable(self, count: int) -> list[dict[str, float]]:
        """Return the first draws of the posterior with which a run comes through; raises what the first ones raise."""
        out: list[dict[str, float]] = []
        failed = 0
        for k in range(self.posterior.size):
            values = self.posterior.values(k)
            try:
                simulate(replace(self.scenario, calibration="evidence"), values, k)
            except Exception:
                failed += 1
                if failed > count:
                    raise
                continue
            out.append(values)
            if len(out) == count:
                break
        return out

    def _predictive(self) -> pandas.DataFrame:
        stride = max(self.posterior.size // PREDICTIVE_RUNS, 1)
        draws = [self.posterior.values(k * stride) for k in range(PREDICTIVE_RUNS)]
        return predictive(self.points, draws, self.scenario, jobs=self.jobs)

    def _notes(self, inner: InnerTest) -> list[Label]:
        notes = [
            Label(
                "The inner test is not blind: what was in force in 2015 and 2016, the outside, and many priors were set"
                " by people who knew these years. It tests the fit, not foresight.",
                "内部检验并非盲测：2015—2016 年实际施行的政策、外部条件和不少先验，都是在已知这两年情况下设定的；"
                "它检验的是拟合，而不是预见。",
            )
        ]
        few = sum(s.few for s in inner.scores if s.scored)
        if few:
            scored = inner.won[1]
            notes.append(
                Label(
                    f"Baselines of {few} of the {scored} series rest on two or three points: their spread is a guess,"
                    " with tails no wider than those of three degrees of freedom.",
                    f"{scored} 个序列中有 {few} 个的基准仅依据两三个点，其离散度只是估计（尾部不宽于三自由度）。",
                )
            )
        lost = [INDICATORS[s.indicator].label for s in inner.scores if s.scored and s.skill <= 0.0]
        if lost:
            names = ", ".join(x.en for x in lost)
            notes.append(
                Label(f"The model loses on: {names}.", f"模型不及基准的序列：{'、'.join(x.zh for x in lost)}。")
            )
        if dict(self.posterior.manifest.get("data") or {}).get("digest") != data_digest(self.points):
            notes.append(
                Label(
                    "The history has changed since the posterior was fitted: gates hold the old fit against the new.",
                    "后验拟合之后历史数据已有改动：此处以旧的拟合对照新的观测点。",
                )
            )
        if self.posterior.stale:
            notes.append(
                Label(
                    "The posterior was fitted with another state of the code; runs here use the code as it is.",
                    "后验由另一版本的代码拟合得到，此处的模拟使用当前代码。",
                )
            )
        return notes


def _projection(region: str, plan: Scenario, history: History) -> Validation:
    """Return what can be said of a region that nothing was fitted to."""
    books = books_of(replace(plan, calibration="evidence"), [values_of(k, 0) for k in range(BOOK_RUNS)])
    note = Label(
        "No point of this region may be fitted: its runs are a projection from the evidence, and nothing here"
        " tests them.",
        "该地区没有可用于拟合的观测点：模拟结果是依据文献证据的推算，此处无法检验。",
    )
    return Validation(region, plan.region.status, tuple(book_gates(books)), (note,), history, books=books)
