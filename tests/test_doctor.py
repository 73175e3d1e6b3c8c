"""``ris doctor``: what it finds, in both languages, and the figures that its self-test is held against."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.report import style
from simulator.study import doctor, doctor_kernels, doctor_selftest
from simulator.study.doctor import Finding, examine
from simulator.study.doctor_kernels import Kernels, kernels
from simulator.study.doctor_selftest import FILE, PLANS, SCENARIOS, SEED, self_test
from simulator.study.replicates import load_scenario

ROOT = Path(__file__).resolve().parents[1]
LEVELS = {"ok", "advice", "fault"}


CHECKS = {
    "packages": doctor._packages,
    "optional extras": doctor._extras,
    "Chinese font": doctor._fonts,
}


def found(check: str) -> Finding:
    return next(CHECKS[check]())


def room(folder: Path) -> str:
    return next(doctor._outputs(folder)).level


def test_every_check_says_something_in_both_languages(tmp_path: Path) -> None:
    findings = list(examine(tmp_path, quick=True))
    assert len(findings) >= 8
    for finding in findings:
        assert finding.level in LEVELS
        assert all((finding.check.en, finding.check.zh, finding.text.en, finding.text.zh))
        assert bool(finding.cure.en) == bool(finding.cure.zh)
        assert finding.level == "ok" or finding.cure.en


def test_a_fault_ends_with_one_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    stale = Kernels(("a.f", "a.g"), ("a.f", "a.g"), ("a.g",), True)
    monkeypatch.setattr(doctor_kernels, "kernels", lambda: stale)
    done = CliRunner().invoke(app, ["doctor", "--quick", "--lang", "en"])
    assert done.exit_code == 1
    assert "[FAULT] compiled kernels: 1 of 2 are older than code they call" in done.output
    assert "-> make warm" in done.output
    done = CliRunner().invoke(app, ["doctor", "--quick", "--lang", "zh"])
    assert "[故障] 编译缓存：" in done.output
    done = CliRunner().invoke(app, ["doctor", "--quick", "--json", "--lang", "en"])
    plain = json.loads(done.stdout)
    assert plain["ok"] == (done.exit_code == 0)
    assert {f["level"] for f in plain["findings"]} <= LEVELS
    assert set(plain["findings"][0]) == {"check", "level", "text", "cure"}


def test_a_package_that_is_missing_or_not_as_tested_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = doctor.version
    monkeypatch.setattr(doctor, "version", lambda name: None if name == "numba" else real(name))
    assert found("packages").level == "fault"
    assert "numba" in found("packages").text.en
    monkeypatch.setattr(doctor, "version", lambda name: "1.99.0" if name == "scipy" else real(name))
    finding = found("packages")
    assert finding.level == "advice"
    assert "scipy 1.99.0" in finding.text.zh
    monkeypatch.setattr(doctor, "version", lambda name: None if name == "distributed" else real(name))
    assert "cluster" in found("optional extras").text.en.partition("not installed")[2]


def test_without_a_chinese_font_it_says_which_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style, "cjk_font", lambda: None)
    finding = found("Chinese font")
    assert finding.level == "advice"
    assert style.FONT_PACKAGE in finding.cure.zh


def test_a_folder_that_cannot_be_written_and_a_full_disk_are_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert room(tmp_path / "new") in ("ok", "advice")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: _Usage(1e8))
    assert room(tmp_path) == "fault"
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: _Usage(2e9))
    assert room(tmp_path) == "advice"
    assert room(Path("/proc/nothing")) == "fault"


class _Usage:
    def __init__(self, free: float) -> None:
        self.free = free


def test_a_kernel_older_than_what_it_calls_is_stale(tmp_path: Path) -> None:
    package = tmp_path / "simulator"
    (package / "__pycache__").mkdir(parents=True)
    callee, caller = package / "b.py", package / "a.py"
    callee.write_text("from numba import njit\n\n\n@njit(cache=True)\ndef g():\n    return 1\n", encoding="utf-8")
    text = "from numba import njit\nfrom simulator.b import g\n\n\n@njit\ndef f():\n    return g()\n"
    caller.write_text(text, encoding="utf-8")
    assert kernels(package) == Kernels(("a.f", "b.g"), (), (), True)
    kept = package / "__pycache__" / "a.f-5.py311.nbi"
    kept.write_bytes(b"")
    (package / "__pycache__" / "a.f-99.py311.nbi").write_bytes(b"")  # of a version long gone
    assert kernels(package).kept == ("a.f",)
    assert kernels(package).stale == ()
    os.utime(callee, (kept.stat().st_mtime + 5,) * 2)
    assert kernels(package).stale == ("a.f",)


def test_the_kernels_of_the_package_are_all_seen() -> None:
    assert len(kernels().known) > 50


def test_the_figures_of_the_self_test_are_those_of_the_baseline() -> None:
    """They are written down by ``python -m simulator.study.doctor_selftest``, and so is the baseline by its script."""
    content = json.loads(FILE.read_text(encoding="utf-8"))
    baseline = json.loads((ROOT / "tests" / "baseline.json").read_text(encoding="utf-8"))["figures"]
    assert tuple(content["plans"]) == PLANS
    for plan, wanted in content["plans"].items():
        known = {k: v[-1] for k, v in baseline[plan][str(SEED)].items() if isinstance(v, list)}
        assert {k: wanted["figures"][k] for k in known} == pytest.approx(known, rel=1e-9), doctor_selftest.COMMAND
        assert wanted["fingerprint"] == load_scenario(SCENARIOS / f"{plan}.yaml").fingerprint(), doctor_selftest.COMMAND


def test_the_self_test_finds_a_figure_that_is_off_and_leaves_an_edited_plan_alone(tmp_path: Path) -> None:
    content = json.loads(FILE.read_text(encoding="utf-8"))
    content["plans"]["benxi/plan"]["fingerprint"] = "another"
    content["plans"]["qingdao/plan"]["figures"]["gdp"] *= 1.001
    file = tmp_path / "figures.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    result = self_test(file)
    assert result.edited == ("benxi/plan",)
    assert result.different == 1
    assert result.where == "qingdao/plan gdp"
    assert result.largest == pytest.approx(0.001, rel=0.01)


@pytest.mark.slow
def test_the_command_line_runs_the_self_test(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulator.cli", "doctor", "--json", "--lang", "zh"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)
    findings = {f["check"]: f for f in json.loads(done.stdout)["findings"]}
    assert findings["自检"]["level"] == "ok"
