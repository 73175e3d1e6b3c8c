"""The live page's engine, mix and files, without any web library."""

from __future__ import annotations

import os
import random
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from toy_model import DOUBLED, Toy, home, toy

from simulator.core.problems import InputError
from simulator.dashboard.engine import Answer, Busy, Engine
from simulator.dashboard.folders import LARGEST_UPLOAD, Folders
from simulator.dashboard.live import MOST_MIXES, Live
from simulator.dashboard.mix import Mix, doses_of, starts, written
from simulator.dashboard.moves import moves
from simulator.dashboard.reports import ReportError, ReportJob, make_report, start_report
from simulator.study.ensemble import run
from simulator.study.replicates import StudyError, load_scenario

__all__ = ["home", "toy"]
WAIT = 30.0


@pytest.fixture
def engine(toy: Toy) -> Engine:
    with Engine(jobs=0, quick=2, refined=8) as made:
        yield made


def mixes(home: Path, count: int) -> list[Mix]:
    base = Mix(load_scenario(home / "plan.yaml"))
    return [base.with_dose("Q1.budget", 1e6 * (k + 1)) for k in range(count)]


def same(answer: Answer, mix: Mix) -> None:
    """Check that an answer is what ``run`` gives for the scenario and as many runs."""
    wanted = run(mix.scenario(), replicates=answer.runs, jobs=1)
    found = answer.result()
    np.testing.assert_array_equal([o.values for o in found.outcomes], [o.values for o in wanted.outcomes])
    assert [o.bills for o in found.outcomes] == [o.bills for o in wanted.outcomes]
    assert found.targets().equals(wanted.targets())
    assert found.costs().equals(wanted.costs())


def test_every_answer_is_that_of_run(engine: Engine, home: Path) -> None:
    mix = mixes(home, 1)[0]
    seen: list[Answer] = []
    done = threading.Event()

    def tell(answer: Answer) -> None:
        seen.append(answer)
        if not answer.quick:
            done.set()

    engine.ask("page", mix.scenario(), tell)
    assert done.wait(WAIT)
    assert [a.runs for a in seen] == [2, 8]
    assert [a.quick for a in seen] == [True, False]
    for answer in seen:
        same(answer, mix)


def test_twenty_pages_at_once_each_get_their_own(engine: Engine, home: Path, toy: Toy) -> None:
    choice, scenarios = mixes(home, 12), []
    last: dict[int, Mix] = {}
    answers: dict[int, Answer] = {}
    scenarios = [m.scenario() for m in choice]

    def page(number: int) -> None:
        draws = random.Random(number)
        for _ in range(15):  # a slider that keeps moving
            k = draws.randrange(len(choice))
            last[number] = choice[k]
            engine.ask(str(number), scenarios[k], lambda a: answers.__setitem__(number, a))
            time.sleep(draws.random() * 0.01)

    threads = [threading.Thread(target=page, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    end = time.monotonic() + WAIT
    while engine.waiting() and time.monotonic() < end:
        time.sleep(0.01)
    assert not engine.waiting()
    time.sleep(0.05)
    for number, mix in last.items():
        answer = answers[number]
        assert answer.fingerprint == mix.scenario().fingerprint()
        assert answer.runs == 8
    assert toy.runs <= len(choice) * 8  # shared, each run once
    for mix in choice[:3]:
        same(engine.wait("check", mix.scenario(), timeout=WAIT), mix)


def test_what_a_page_let_go_of_is_not_run(engine: Engine, home: Path, toy: Toy) -> None:
    one, two = mixes(home, 2)
    started, release = threading.Event(), threading.Event()
    simulate = toy.simulate

    def slow(*given: object) -> object:
        started.set()
        release.wait(WAIT)
        return simulate(*given)  # type: ignore[arg-type]

    import sys

    sys.modules["simulator.simulate"].simulate = slow  # type: ignore[attr-defined]
    engine.ask("page", one.scenario(), lambda a: None)
    assert started.wait(WAIT)
    done: list[Answer] = []
    engine.ask("page", two.scenario(), done.append)
    release.set()
    engine.wait("other", two.scenario(), timeout=WAIT)
    end = time.monotonic() + WAIT
    while (not done or done[-1].quick) and time.monotonic() < end:
        time.sleep(0.01)
    assert done[-1].runs == 8
    assert toy.runs == 1 + 8  # one run had begun
    assert engine.counts.dropped == 1


def test_a_run_that_fails_is_said(engine: Engine, home: Path, toy: Toy) -> None:
    toy.raising = {0, 1, 2, 3}
    answer = engine.wait("page", mixes(home, 1)[0].scenario(), timeout=WAIT)
    with pytest.raises(StudyError, match="4 of 8 runs failed"):
        answer.result()


def test_a_page_that_raises_harms_no_other(engine: Engine, home: Path) -> None:
    one, two = mixes(home, 2)
    engine.ask("gone", one.scenario(), lambda a: 1 / 0)
    assert engine.wait("page", two.scenario(), timeout=WAIT).runs == 8


def test_bounds(engine: Engine, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = mixes(home, 1)[0].scenario()
    monkeypatch.setattr("simulator.dashboard.engine.MOST_PAGES", 0)
    with pytest.raises(Busy):
        engine.ask("page", scenario, lambda a: None)
    with pytest.raises(ValueError, match="jobs"):
        Engine(jobs=-1)
    with pytest.raises(ValueError, match="quick"):
        Engine(jobs=0, quick=3, refined=2)
    engine.close()
    with pytest.raises(StudyError):
        engine.ask("page", scenario, lambda a: None)


@pytest.mark.slow
def test_real_processes_give_the_runs_of_run() -> None:
    from model_runs import ROOT

    mix = Mix(load_scenario(ROOT / "scenarios" / "benxi" / "vouchers.yaml"))
    with Engine(jobs=2, quick=2, refined=4) as engine:
        answer = engine.wait("page", mix.scenario(), timeout=240)
        same(answer, mix)
        (worker, *_) = engine._executor._processes.values()  # type: ignore[attr-defined]
        worker.kill()  # a worker that dies is replaced
        other = Mix(load_scenario(ROOT / "scenarios" / "benxi" / "plan.yaml"))
        assert engine.wait("page", other.scenario(), runs=2, timeout=240).runs == 2


# ---- the mix ------------------------------------------------------------------------------------------


def test_a_mix_says_what_was_moved(toy: Toy, home: Path) -> None:
    mix = Mix(load_scenario(home / "plan.yaml"))
    (dose,) = doses_of(mix.entry("Q1"))
    assert (dose.key, dose.value, dose.low, dose.high) == ("Q1.budget", 4e7, 0.0, 1.6e8)
    assert dose.scale("en") == (1e6, "CNY mn / year")
    assert mix.scenario() is mix.base
    more = mix.with_dose("Q1.budget", 8e7)
    assert more.moved == ("Q1",)
    assert more.scenario().entries[0].settings.budget == 8e7
    assert more.with_dose("Q1.budget", 4e7).moved == ()
    later = mix.with_dates("Q1", 2016.25, 2018.0)
    entry = later.scenario().entries[0]
    assert (entry.start, entry.stop) == (2016.25, 2018.0)
    assert later.with_dates("Q1", 2015.0, 2021.0).moved == ()
    assert mix.with_entry("Q1", kept=False).scenario().entries == ()
    assert mix.with_entry("Q1", kept=False).with_entry("Q1", kept=True).moved == ()
    with pytest.raises(InputError, match="dates of Q1"):
        mix.with_dates("Q1", 2019.0, 2018.0)
    with pytest.raises(InputError, match="no such entry"):
        mix.with_entry("Q9", kept=False)
    with pytest.raises(InputError):
        mix.with_dose("Q1.budget", -1.0).scenario()


def test_dates_as_planners_write_them() -> None:
    assert written(2015.5) == "2015-07"
    assert written(2016.0, end=True) == "2015-12"
    assert starts((2015, 2015)) == [2015.0, 2015.25, 2015.5, 2015.75, 2016.0]


# ---- files --------------------------------------------------------------------------------------------


def test_a_saved_mix_gives_the_same_runs(toy: Toy, home: Path, tmp_path: Path) -> None:
    folders = Folders(home.parent, tmp_path / "outputs")
    mix = mixes(home, 3)[2].with_dates("Q1", 2016.5, 2019.0)
    path = folders.save("qingdao", "mine", mix.scenario())
    assert path.read_text("utf-8").startswith("# Saved from the live page.")
    again = folders.read("qingdao", "mine")
    assert again.fingerprint() == mix.scenario().fingerprint()
    folders.save("qingdao", "mine", mix.base)  # its own file may be replaced
    assert "mine" in folders.names("qingdao")
    assert folders.names("qingdao")[0] == "plan"
    assert folders.cities() == ["qingdao"]


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "x.yaml", "targets", "a" * 70, "a\0b", "/etc/x"])
def test_no_name_leads_out_of_the_folder(toy: Toy, home: Path, tmp_path: Path, name: str) -> None:
    folders = Folders(home.parent, tmp_path / "outputs")
    scenario = load_scenario(home / "plan.yaml")
    with pytest.raises(InputError):
        folders.save("qingdao", name, scenario)
    with pytest.raises(InputError):
        folders.read("qingdao", name)
    for city in ("..", "../qingdao", "nowhere", "qingdao/region"):
        with pytest.raises(InputError):
            folders.names(city)


def test_links_that_lead_out_are_not_followed(toy: Toy, home: Path, tmp_path: Path) -> None:
    folders, outside = Folders(home.parent, tmp_path / "outputs"), tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text("schema: 1\n", "utf-8")
    (home / "link.yaml").symlink_to(outside / "secret.yaml")
    (home.parent / "other").symlink_to(outside)
    assert "link" not in folders.names("qingdao")
    assert folders.cities() == ["qingdao"]
    with pytest.raises(InputError):
        folders.read("qingdao", "link")
    with pytest.raises(InputError):
        folders.save("qingdao", "link", load_scenario(home / "plan.yaml"))
    with pytest.raises(InputError):
        folders.save("qingdao", "plan", load_scenario(home / "plan.yaml"))  # not saved by the page
    assert (outside / "secret.yaml").read_text("utf-8") == "schema: 1\n"
    with pytest.raises(InputError):
        folders.results("../../../x")


def test_uploads(toy: Toy, home: Path, tmp_path: Path) -> None:
    folders = Folders(home.parent, tmp_path / "outputs")
    before = sorted(os.listdir(home))
    found = folders.upload("qingdao", "mine.yaml", DOUBLED.encode())  # it extends plan.yaml, which is there
    assert found.entries[0].settings.budget == 8e7
    assert found.path.name == "mine.yaml"
    with pytest.raises(InputError, match="too large"):
        folders.upload("qingdao", "mine.yaml", b"#" * (LARGEST_UPLOAD + 1))
    with pytest.raises(InputError, match=r"mine\.yaml"):
        folders.upload("qingdao", "mine.yaml", b"schema: 1\nextends: ../../../secret.yaml\n")
    with pytest.raises(InputError):
        folders.upload("qingdao", "../../x.yaml", b"\xff\xfe")
    assert sorted(os.listdir(home)) == before


# ---- one page -----------------------------------------------------------------------------------------


def settle(live: Live) -> None:
    end = time.monotonic() + WAIT
    while live.pending() and time.monotonic() < end:
        time.sleep(0.01)
    assert not live.pending()


def test_a_page_keeps_its_baseline_and_its_mixes(engine: Engine, home: Path, tmp_path: Path) -> None:
    live = Live(engine, Folders(home.parent, tmp_path / "outputs"))
    live.open("qingdao", "plan")
    settle(live)
    assert live.mix is not None
    assert live.move(live.mix.with_dose("Q1.budget", 8e7))
    assert not live.move(live.mix)
    settle(live)
    mix, base = live.answer("mix"), live.answer("base")
    assert mix is not None
    assert base is not None
    assert mix.fingerprint != base.fingerprint
    for name in "ABCD":
        assert live.put_beside(name)
    assert len(live.mixes) == MOST_MIXES
    assert not live.put_beside("E")
    live.remove("A")
    assert live.put_beside("E")
    live.undo()
    assert live.mix.moved == ()
    live.go_on_with("E")
    assert live.mix.doses == {"Q1.budget": 8e7}
    live.pin("doubled")
    settle(live)
    assert live.base_name == "doubled"
    assert live.answer("base").fingerprint == live.answer("mix").fingerprint  # type: ignore[union-attr]


def test_reports_are_made_one_at_a_time(toy: Toy, home: Path, tmp_path: Path) -> None:
    folders, scenario = Folders(home.parent, tmp_path / "outputs"), load_scenario(home / "plan.yaml")
    calls: list[list[str]] = []

    def call(arguments: list[str]) -> int:
        calls.append(arguments)
        if arguments[0] == "run":
            with pytest.raises(ReportError) as caught:
                make_report(folders, scenario, "en", call=call)
            assert caught.value.busy
        else:
            out = Path(arguments[1])
            out.mkdir(parents=True)
            (out / "report.html").write_text("<p>", "utf-8")
        return 0

    assert make_report(folders, scenario, "en", call=call) == {"report.html": b"<p>"}
    assert [c[0] for c in calls] == ["run", "report"]
    with pytest.raises(ReportError):
        make_report(folders, scenario, "zh", call=lambda _: 3)


def test_a_report_is_made_while_the_page_goes_on(toy: Toy, home: Path, tmp_path: Path) -> None:
    folders, scenario = Folders(home.parent, tmp_path / "outputs"), load_scenario(home / "plan.yaml")
    begun, release = threading.Event(), threading.Event()

    def call(arguments: list[str]) -> int:
        begun.set()
        release.wait(WAIT)
        if arguments[0] == "report":
            Path(arguments[1]).mkdir(parents=True)
            (Path(arguments[1]) / "report.html").write_text("<p>", "utf-8")
        return 0

    job = start_report(folders, scenario, "en", call)
    assert begun.wait(WAIT)
    assert (job.running, job.stage) == (True, "run")
    second = start_report(folders, scenario, "en", call)
    ended(second)
    assert second.error is not None
    assert second.error.busy
    release.set()
    ended(job)
    assert (job.files, job.error) == ({"report.html": b"<p>"}, None)
    third = start_report(folders, scenario, "en", lambda arguments: 1 // 0)
    ended(third)
    assert "ZeroDivisionError" in str(third.error)


def ended(job: ReportJob) -> None:
    end = time.monotonic() + WAIT
    while job.running and time.monotonic() < end:
        time.sleep(0.01)
    assert not job.running


def test_larger_doses_are_those_of_the_mix_that_asked(
    engine: Engine, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from simulator.study import plan_doses
    from simulator.study.targets import simulated_targets

    monkeypatch.setattr(plan_doses, "levers_for", lambda target, scenario: ("voucher",))
    live = Live(engine, Folders(home.parent, tmp_path / "outputs"))
    live.open("qingdao", "plan")
    assert live.mix is not None
    target = next(iter(simulated_targets(live.mix.base)))
    assert live.meet(target) == ("voucher",)
    settle(live)
    doubled = live.answer("meet 2")
    assert doubled is not None
    assert doubled.runs == engine.refined
    assert doubled.scenario.entries[0].settings.budget == 8e7
    live.move(live.mix.with_dose("Q1.budget", 6e7))  # they were twice the mix before
    assert (live.answer("meet 2"), live.meet_target) == (None, "")


def test_what_was_moved_in_words(toy: Toy, home: Path) -> None:
    mix = Mix(load_scenario(home / "plan.yaml"))
    assert moves(mix, "en") == []
    moved = mix.with_dose("Q1.budget", 8e7).with_dates("Q1", 2016.5, 2019.0)
    ((english,), (chinese,)) = moves(moved, "en"), moves(moved, "zh")
    assert english == "voucher: Budget 40 → 80 CNY mn / year, 2016-07 – 2018-12"
    assert "4,000 → 8,000" in chinese
    assert moves(mix.with_entry("Q1", kept=False), "zh") == ["券：取消"]
