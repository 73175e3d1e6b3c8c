"""The studies into which faults are put, each small: what is typed, in a folder with its own scenarios."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.faults.command import RUNS, Arm, Command, Counter, Ended

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
sys.path.insert(0, str(TESTS))  # where the modules that tests share lie
SMALL = "schema: 1\nregion: benxi\ntitle: {en: Two years, zh: 两年}\nyears: [2012, 2013]\n"
SECOND = "  - {id: Q2, lever: voucher, from: 2012, payer: city, settings: {budget: 40 MCNY/year}}\n"
DISK = "disk"  # a file system of its own in some trials
OUT = f"{DISK}/out"
PICTURE = b"a figure" * 1000
OUTCOMES = ("--outcomes", "hnte_count@2020,cost.net")
# Fields of a manifest that differ between equal runs: when, how long, what was typed, and where the inputs lay (who
# goes on reads the study's own copies), with their digests, which are taken in the end.
VOLATILE = ("created", "seconds", "command", "inputs", "scenario")
_STARTED: dict[str, Any] = {}


@dataclass
class Study:
    """A study: what is typed, the model it runs on, and what it leaves without a fault."""

    name: str
    words: tuple[str, ...]
    jobs: int
    model: str = "toy"
    files: dict[str, bytes] = field(default_factory=dict)
    steps: int = 0
    runs: int = 0
    cpu: float = 0.0

    @property
    def able(self) -> str:
        """Return what a fault may ask of it."""
        words = [f"{self.jobs} jobs", self.model]  # limits on the model itself would have it compile its kernels anew
        words += ["shards"] * (self.words[0] not in ("run", "compare"))
        on_cluster = self.model == "toy" and self.words[0] in ("sweep", "optimise", "discover")
        return " ".join([*words, *["a cluster"] * on_cluster])

    @property
    def lucks(self) -> int:
        """Return how many lucks its runs have at least, each from 0 on."""
        return {"sensitivity": 3, "optimise": 8}.get(self.words[0], 16)

    @property
    def command(self) -> tuple[str, ...]:
        """Return what is typed."""
        return (*self.words, "--jobs", str(self.jobs), "--out", OUT, "--lang", "en")

    @property
    def resume(self) -> tuple[str, ...]:
        """Return what is typed to go on."""
        return ("resume", OUT, "--jobs", str(self.jobs), "--lang", "en")

    def start(self, home: Path, words: tuple[str, ...] | None = None, arms: tuple[Arm, ...] = ()) -> Command:
        """Start its command in a home."""
        words = self.command if words is None else words
        return Command(home, words, study_model(self, home), (count_runs, *arms))


def studies() -> list[Study]:
    """Return every study that is there."""
    plan = "scenarios/qingdao/plan.yaml"
    sweep = ("sweep", plan, "--set", "Q1.budget=0,1e7,4e7", "--runs", "24", *OUTCOMES)
    morris = ("sensitivity", plan, "--trajectories", "3", "--runs", "3", *OUTCOMES)
    fitted = ("sweep", "scenarios/qingdao/fitted.yaml", *sweep[2:])
    real = ("sweep", "model/benxi/small.yaml", "--set", "finance.exit=0.05,0.1", "--runs", "16",
            "--outcomes", "hnte_count@2013,rd_share@2013")  # fmt: skip
    found = [Study(f"sweep, {j} job{'s' * (j > 1)}", sweep, j) for j in (1, 2)]
    found += [Study(f"Morris, {j} job{'s' * (j > 1)}", morris, j) for j in (1, 2)]
    run = ("run", plan, "--replicates", "24")
    compare = ("compare", plan, "scenarios/qingdao/doubled.yaml", "--replicates", "12")
    found += [Study("run, 1 job", run, 1), Study("run, 2 jobs", run, 2), Study("comparison", compare, 2)]
    doses = ("--entries", "Q1,Q2", "--targets", "QD10", "--effort", "quick")
    optimise = ("optimise", "scenarios/qingdao/two.yaml", *doses)
    found += [Study(f"optimise, {j} job{'s' * (j > 1)}", optimise, j) for j in (1, 2)]
    discover = ("discover", plan, "--misses", "QD10", "--runs", "96")
    found += [Study(f"discover, {j} job{'s' * (j > 1)}", discover, j) for j in (1, 2)]
    found += [Study("sweep of a fitted plan", fitted, 2)]
    found += [Study("sweep on the model itself", real, 2, "real")]
    return found


# ---- homes and models ---------------------------------------------------------------------------------


def prepare() -> None:
    """Import everything and run the model once, before anything is forked."""
    if _STARTED:
        return
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import matplotlib.backends.backend_agg
    import matplotlib.figure
    import pandas
    import pyarrow.parquet
    import pymoo.algorithms.moo.nsga2
    import SALib.analyze.morris
    import scipy.stats
    import toy_model
    import typer._adapters

    from simulator.report.html.page import environment
    from simulator.simulate import simulate
    from simulator.study import discover, optimise, output, sensitivity, sweep
    from simulator.study.replicates import load_scenario
    from simulator.study.reproduce_environment import code_parts

    small: dict[str, Any] = {  # a trial makes figures to write files, not to look
        "savefig": lambda self, path, **_: path.write_bytes(PICTURE),
        "tight_layout": lambda *_, **__: None,
    }
    for name, drawn in small.items():
        setattr(matplotlib.figure.Figure, name, drawn)
    with TemporaryDirectory() as folder:
        make_model(Path(folder))
        simulate(load_scenario(Path(folder) / "model" / "benxi" / "small.yaml"), {}, 0)  # reads every kernel
    for name in ("study.html", "run.html", "compare.html"):
        environment().get_template(name)  # which is compiled once so
    same = (output.commit(), output.code_hash(), output.model_hash(), code_parts())  # the last two are kept
    modules = toy_model.modules(toy_model.Toy())
    _STARTED.update(
        toy=toy_model,
        modules=modules,
        same=same,
        libraries=(typer, matplotlib, pandas, pyarrow, pymoo, scipy, SALib, sweep, sensitivity, optimise, discover),
    )


def make_home(home: Path) -> None:
    """Make a home: two cities with their scenarios, and a fitted sample."""
    import numpy as np

    from simulator.study.posterior import save_posterior

    toy = _STARTED["toy"]
    (home / DISK).mkdir(parents=True)
    fitted = toy.write_scenarios(home) / "fitted.yaml"
    fitted.write_text(toy.PLAN + "calibration: history\n", encoding="utf-8")
    fitted.with_name("two.yaml").write_text(toy.PLAN + SECOND, encoding="utf-8")
    make_model(home)
    rng = np.random.default_rng(7)
    table = np.column_stack([rng.normal(900.0, 50.0, 40), rng.normal(2.0, 0.2, 40)])
    names = ("market.level", "voucher.effect")
    save_posterior("qingdao", "history", names, table, {"region": "qingdao"}, home / "posterior")


def make_model(home: Path) -> None:
    """Make a city for the model itself."""
    benxi = home / "model" / "benxi"
    shutil.copytree(ROOT / "scenarios" / "benxi" / "region", benxi / "region")
    shutil.copyfile(ROOT / "scenarios" / "national_rules.csv", home / "model" / "national_rules.csv")
    (benxi / "small.yaml").write_text(SMALL, encoding="utf-8")


def copy_home(template: Path, home: Path) -> Path:
    """Copy a home."""
    shutil.copytree(template, home)
    return home


def study_model(study: Study, home: Path) -> Callable[[], None]:
    """Return what gives a process the model of a study."""
    return (lambda: _put_toy(home)) if study.model == "toy" else (lambda: _put_real(home))


def _put_toy(home: Path) -> None:
    sys.modules.update(_STARTED["modules"])
    _put_real(home)
    from simulator.report import figures
    from simulator.study import discover_prim, optimise_search, output

    vars(optimise_search)["EFFORTS"]["quick"] = optimise_search.Effort(8, 2, 3, 6, 4, 2, 4, 8)
    vars(discover_prim)["HALVES"] = 6
    # a second for each group of figures and for the page, which are made from the tables
    vars(figures)["draw_group"] = _one_figure
    vars(output)["_page_or_word"] = lambda tables, language, manifest, part: _one_page(part)


def _one_figure(group: Any, tables: Any, folder: Path, language: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{len(list(folder.iterdir()))}.png").write_bytes(b"a figure")


def _one_page(part: Path) -> None:
    (part / "report.html").write_bytes(b"a page")


def _put_real(home: Path) -> None:
    from simulator.study import optimise_output, output, posterior

    commit, code, *_ = _STARTED["same"]
    output.commit, output.code_hash = lambda: commit, lambda: code  # a tenth of a second each, and the tree may move
    vars(optimise_output)["commit"] = output.commit
    posterior.FOLDER = home / "posterior"
    posterior.clear_cache()


def count_runs(counter: Counter) -> None:
    """Count the runs of the model, in whichever process they are, and call what is armed with it."""
    simulate = sys.modules["simulator.simulate"]
    for name in ("simulate", "simulate_together"):
        simulate.__dict__[name] = _counted(simulate.__dict__[name], counter)


AT_RUNS: list[Callable[[int, int], object]] = []  # called with how many runs there were, and the run's luck


def _counted(function: Callable[..., Any], counter: Counter) -> Callable[..., Any]:
    def counted(scenario: Any, values: Any, luck: int) -> Any:
        number = counter.add(RUNS)
        for one in AT_RUNS:
            one(number, luck)
        return function(scenario, values, luck)

    return counted


def at_runs(heard: Callable[[int, int], object]) -> Arm:
    """Return an arm that calls a function just before each run, with how many there were and the run's luck."""
    return lambda _: AT_RUNS.append(heard)


# ---- what a study leaves ------------------------------------------------------------------------------


def reference(study: Study, template: Path, home: Path) -> Ended:
    """Run a study without a fault and note what it leaves."""
    copy_home(template, home)
    ended = study.start(home).end()
    if ended.code:
        raise RuntimeError(f"{study.name} without a fault: exit code {ended.code}\n{ended.err}")
    study.files, study.steps, study.runs, study.cpu = contents(home / OUT), ended.steps, ended.runs, ended.cpu
    return ended


def contents(folder: Path) -> dict[str, bytes]:
    """Return what a folder's files hold; of manifests without what differs between two equal runs."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        reads = {"manifest.json": _manifest, "report.html": _page, "summary.txt": _undated}.get(name)
        found[name] = path.read_bytes() if reads is None else reads(path, folder)
    return found


def _page(path: Path, folder: Path) -> bytes:
    """Return a page without the lines that repeat the manifest: when it was made, its inputs, what was typed."""
    lines = _undated(path, folder).decode().splitlines()
    return "\n".join(
        x for x in lines if not any(word in x for word in ("<th>made</th>", 'class="mono"', 'class="command"'))
    ).encode()


def _undated(path: Path, _: Path) -> bytes:
    """Return a text without the days on which it was made."""
    return re.sub(r"\b\d{4}-\d\d-\d\d\b", "a day", path.read_text(encoding="utf-8")).encode()


def _manifest(path: Path, folder: Path) -> bytes:
    text = path.read_text(encoding="utf-8").replace(str(folder.parents[1]), "")
    return json.dumps(_without(json.loads(text), VOLATILE), sort_keys=True).encode()


def _without(value: Any, names: Sequence[str]) -> Any:
    if isinstance(value, dict):
        return {k: _without(v, names) for k, v in value.items() if k not in names}
    return [_without(v, names) for v in value] if isinstance(value, list) else value


def finished(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return the shards that are whole, each with what changes when it is written again."""
    out = {}
    beside = folder.with_name(folder.name + ".part")  # of runs and comparisons
    for path in (*folder.rglob("shards/*.json"), *beside.rglob("shards/*.runs")):
        check, _, rest = path.read_bytes().partition(b"\n")
        text = rest.rstrip(b"\n") if path.suffix == ".json" else rest
        if hashlib.sha256(text).hexdigest().encode() == check:
            out[path] = (path.stat().st_ino, path.stat().st_mtime_ns)
    return out
