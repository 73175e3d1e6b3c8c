from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import toy_model
from toy_model import Toy
from typer.testing import CliRunner, Result

from simulator.cli import app, locale_language

toy, home = toy_model.toy, toy_model.home  # the fixtures


def ris(*words: object, **environment: str) -> Result:
    return CliRunner().invoke(app, [str(w) for w in words], env={"LANG": "C.UTF-8", "COLUMNS": "80", **environment})


def test_help_is_light() -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom simulator.cli import app\n"
        "done = CliRunner().invoke(app, ['--help'])\nassert done.exit_code == 0, done.output\n"
        "assert 'compare' in done.output\n"
        "heavy = {'numpy', 'pandas', 'matplotlib', 'numba', 'scipy', 'mesa', 'pyarrow', 'ruamel.yaml'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_terminal_without_chinese_gets_question_marks() -> None:
    words = [sys.executable, "-m", "simulator.cli", "explain", "QD10", "--lang", "zh"]
    done = subprocess.run(words, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert b"QD10" in done.stdout
    assert b"??" in done.stdout


def test_a_run_prints_the_first_screen_and_is_recognised_again(toy: Toy, home: Path) -> None:
    first = ris("run", home / "plan.yaml", "--replicates", 8, "--jobs", 1)
    assert first.exit_code == 0, first.output
    screen = first.stdout
    assert "Of 15 outcome and growth targets 2 are simulated" in screen
    assert "QD10" in screen
    assert "HNTE by real" in screen
    assert "not simulated yet" in screen
    assert "national law alone forgoes" in screen
    assert "figures:" in screen
    assert max(len(line) for line in screen.splitlines()[:-2]) <= 80
    (folder,) = Path("outputs").iterdir()
    assert folder.name.startswith("qingdao-plan-")
    runs = toy.runs
    again = ris("run", home / "plan.yaml", "--replicates", 8, "--jobs", 1)
    assert "already there, reused" in again.stdout
    assert toy.runs == runs
    forced = ris("run", home / "plan.yaml", "--replicates", 8, "--jobs", 1, "--force")
    assert (forced.exit_code, toy.runs) == (0, runs + 8)
    assert "reused" not in forced.stdout


def test_results_speak_chinese_and_json(toy: Toy, home: Path) -> None:
    zh = ris("run", home / "plan.yaml", "--replicates", 4, "--jobs", 1, "--lang", "zh")
    assert zh.exit_code == 0
    assert "高新技术企业" in zh.stdout
    assert "亿元" in zh.stdout
    plain = ris("run", home / "plan.yaml", "--replicates", 4, "--jobs", 1, "--json")
    value = json.loads(plain.stdout)
    assert value["reused"] is True
    rows = {row["id"]: row for row in value["targets"]}
    assert 0 <= rows["QD10"]["probability"] <= 1
    assert rows["QD01"]["probability"] is None
    quiet = ris("run", home / "plan.yaml", "--replicates", 4, "--jobs", 1, "--quiet")
    assert quiet.stdout.strip() == value["folder"]


@pytest.mark.parametrize(("locale", "language"), [("zh_CN.UTF-8", "zh"), ("en_GB.UTF-8", "en"), ("C", "en")])
def test_the_language_follows_the_locale(monkeypatch: pytest.MonkeyPatch, locale: str, language: str) -> None:
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", locale)
    assert locale_language() == language


@pytest.mark.parametrize("command", ["run", "check", "compare"])
def test_bad_input_ends_with_two_and_every_problem(toy: Toy, home: Path, command: str) -> None:
    text = (home / "plan.yaml").read_text(encoding="utf-8")
    text = text.replace("budget: 40 MCNY/year", "budget: -1, budgte: 2").replace("years: [2011", "years: [1911")
    (home / "bad.yaml").write_text(text, encoding="utf-8")
    words = [home / "plan.yaml", home / "bad.yaml"] if command == "compare" else [home / "bad.yaml"]
    done = ris(command, *words)
    assert done.exit_code == 2
    assert "Traceback" not in done.output
    assert len([line for line in done.stderr.splitlines() if "bad.yaml:" in line]) == 3
    assert "did you mean budget?" in done.stderr
    assert not Path("outputs").exists()
    assert toy.runs == 0


def test_a_folder_in_use_is_refused_before_running(toy: Toy, home: Path) -> None:
    assert ris("run", home / "plan.yaml", "--jobs", 1, "--out", "here").exit_code == 0
    runs = toy.runs
    done = ris("run", home / "doubled.yaml", "--jobs", 1, "--out", "here", "--force")
    assert (done.exit_code, toy.runs) == (2, runs)
    assert "another run" in done.stderr


def test_failed_runs_end_with_three(toy: Toy, home: Path) -> None:
    toy.raising = {3}
    few = ris("run", home / "plan.yaml", "--replicates", 40, "--jobs", 1)
    assert few.exit_code == 3
    assert "1 of 40 runs failed" in few.stdout
    assert "replay(" in few.stderr
    toy.raising = {3, 4, 5}
    many = ris("run", home / "plan.yaml", "--replicates", 20, "--jobs", 1)
    assert many.exit_code == 3
    assert "3 of 20 runs failed" in many.stderr
    assert len(list(Path("outputs").iterdir())) == 1


def test_an_interrupt_writes_nothing(toy: Toy, home: Path) -> None:
    toy.interrupt = True
    done = ris("run", home / "plan.yaml", "--jobs", 1)
    assert done.exit_code == 130
    assert "interrupted" in done.stderr
    assert not Path("outputs").exists()


def test_a_comparison_says_what_differs_first(toy: Toy, home: Path) -> None:
    done = ris("compare", home / "plan.yaml", home / "doubled.yaml", "--replicates", 8, "--jobs", 1)
    assert done.exit_code == 0, done.output
    out = done.stdout
    assert out.index("40,000,000 → 80,000,000") < out.index("QD10")
    assert "Net public cost" in out
    (folder,) = Path("outputs").iterdir()
    assert folder.name.startswith("compare-qingdao-doubled-")
    header = (folder / "compare.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    assert header.startswith(
        "scenario,baseline,indicator,year,difference,ci_low,ci_high,p_better,cost_difference,cost_per_unit"
    )
    drawn = {p.name for p in (folder / "figures").glob("*.png")}
    assert drawn == {"differences-qingdao-doubled.png", "costs.png"}
    same = ris("compare", home / "plan.yaml", home / "plan.yaml", "--replicates", 8, "--jobs", 1, "--json")
    rows = json.loads(same.stdout)["compare"]
    assert {(row["difference"], row["ci_low"], row["ci_high"], row["p_better"]) for row in rows} == {(0, 0, 0, 0.5)}


def test_check_says_ok(toy: Toy, home: Path) -> None:
    done = ris("check", home / "plan.yaml", home / "neutral.yaml")
    assert done.exit_code == 0
    assert done.stdout.count("OK") == 2


@pytest.mark.parametrize(
    ("things", "expected"),
    [
        ("levers", "voucher"),
        ("targets", "not simulated yet"),
        ("indicators", "hnte_real"),
        ("parameters", "market.level"),
        ("regions", "qingdao"),
        ("scenarios", "doubled.yaml"),
    ],
)
def test_everything_can_be_listed(toy: Toy, home: Path, things: str, expected: str) -> None:
    shown = ris("list", things, COLUMNS="160")
    assert shown.exit_code == 0, shown.output
    assert expected in shown.stdout
    assert json.loads(ris("list", things, "--json").stdout)


def test_usage_errors_end_with_two() -> None:
    assert ris("run").exit_code == 2
    assert ris("run", "x.yaml", "--replicates", 0).exit_code == 2
    assert ris("list", "spoons").exit_code == 2
