"""The live page in a browser, headless: skipped where Playwright or Chromium is missing."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest

from tests.processes import ROOT, family, page_served, ris, seconds_of, stat

pytest.importorskip("streamlit")
sync_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
WAIT = 120_000  # milliseconds, on a busy machine
WORK = 4.0  # seconds of two processors' work until the quick answer: 2 s by the clock
SHOWN = "table.live.targets[data-runs]"
REFINED = re.compile("40 runs of each|各 40 次模拟")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a copy of the scenarios, so that nothing is saved among the shipped ones."""
    made = tmp_path_factory.mktemp("planner")
    shutil.copytree(ROOT / "scenarios", made / "scenarios")
    return made


@contextmanager
def serving(home: Path, *options: str) -> Iterator[tuple[str, int]]:
    """Serve the page; yield its address and the process."""
    with page_served(home, "--jobs", "2", *options) as (port, pid):
        yield f"http://127.0.0.1:{port}/", pid


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[tuple[str, int]]:
    with serving(home) as found:
        yield found


@pytest.fixture
def page() -> Iterator[Any]:
    """Yield a page that remembers its errors and the hosts that it asked."""
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        made = browser.new_page(viewport={"width": 1280, "height": 900})
        made.set_default_timeout(WAIT)
        made.errors, made.hosts = [], set()
        made.on("console", lambda m: made.errors.append(m.text) if m.type == "error" else None)
        made.on("pageerror", lambda e: made.errors.append(str(e)))
        made.on("request", lambda r: made.hosts.add(urlparse(r.url).netloc))
        yield made
        browser.close()


def work_of(pid: int) -> float:
    """Return the seconds of processor that a process and all that it started have used (Linux)."""
    return sum(seconds_of(stat(one)) for one in family(pid))


def probabilities(page: Any) -> dict[str, str]:
    """Return the probability shown of each outcome target."""
    rows = page.locator("table.live.targets").first.locator("tr[data-target]")
    found = {}
    for row in rows.all():
        text = row.locator("td.p").inner_text()
        match = re.search(r"\d\.\d\d", text)
        assert match, text
        found[row.get_attribute("data-target")] = match.group()
    return found


def test_a_planner_moves_the_voucher_and_saves_the_mix(page: Any, server: tuple[str, int], home: Path) -> None:
    address, pid = server
    page.goto(f"{address}?lang=en")
    page.get_by_text(REFINED).first.wait_for()
    before = probabilities(page)
    assert page.locator("table.entries").count() == 0

    budget = page.locator("input[type=range][aria-label='Budget (CNY mn / year)']").last  # the voucher stands last
    assert budget.get_attribute("value") == "40"
    budget.focus()
    began = work_of(pid)
    budget.press("End")
    page.locator("table.entries", has_text="QL09d").wait_for()
    page.locator(f"{SHOWN} tr[data-target=QD12] td.clear").wait_for()  # beyond luck
    assert work_of(pid) - began < WORK
    assert page.locator(f"{SHOWN} tr[data-target=QD12] td").last.inner_text().startswith("+")
    assert page.locator("tr[data-kind=net] td").last.inner_text().startswith("+")
    page.get_by_text("Quick answer").first.wait_for()
    page.get_by_text(REFINED).first.wait_for()
    assert page.locator(f"{SHOWN} tr[data-target=QD12] td").last.inner_text().startswith("+")
    assert page.get_by_text("Changed beyond chance: ").inner_text().count("QD12") == 1
    shown = probabilities(page)
    assert shown.keys() == before.keys()
    assert shown != before

    page.get_by_text("中文", exact=True).click()
    page.get_by_role("tab", name="目标与成本").wait_for()
    page.get_by_text("科技创新券试点").first.wait_for()
    assert probabilities(page) == shown
    net = page.locator("tr[data-kind=net] td").nth(1).inner_text()

    page.get_by_role("tab", name="文件与报告").click()
    page.get_by_label("文件名").fill("more_vouchers")
    page.get_by_label("文件名").press("Enter")
    page.get_by_role("button", name="保存为情景文件").click()
    saved = home / "scenarios" / "qingdao" / "more_vouchers.yaml"
    page.get_by_text("已保存").wait_for()
    assert saved.is_file()
    page.get_by_role("button", name="生成当前组合的报告").click()
    report = downloaded(page, "下载报告（HTML）", home)
    memo = downloaded(page, "下载备忘录（Word）", home)
    assert memo.read_bytes()[:2] == b"PK"
    assert page.errors == []
    assert page.hosts == {urlparse(address).netloc}

    out = home / "outputs" / "mine"
    words = ("run", str(saved), "--replicates", "40", "--jobs", "2", "--out", str(out), "--json")
    done = ris(*words, cwd=home, seconds=600)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    rows = {r["id"]: r for r in found["targets"]}
    for target, text in shown.items():
        chance = rows[target]["probability_with_error"]
        chance = rows[target]["probability"] if chance is None else chance
        assert text == f"{chance:.2f}", target
    whole = {"scope": "horizon", "payer": "all", "kind": "net"}
    (money,) = [r for r in found["money"] if r | whole == r and r["scenario"].endswith("more_vouchers")]
    assert net == f"{money['mean'] / 1e8:,.1f}"

    page.hosts.clear()
    page.goto(report.as_uri())
    page.locator("h1").first.wait_for()
    page.wait_for_timeout(500)
    assert page.errors == []
    assert page.hosts <= {""}


def downloaded(page: Any, name: str, home: Path) -> Path:
    """Return the file behind a button of the page."""
    button = page.get_by_role("button", name=name)
    button.wait_for(timeout=5 * WAIT)  # forty runs and their figures, on a busy machine
    with page.expect_download() as waited:
        button.click()
    path = home / waited.value.suggested_filename
    waited.value.save_as(path)
    return path


def test_nothing_overlaps_on_a_telephone(page: Any, server: tuple[str, int]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for language in ("zh", "en"):
        page.goto(f"{server[0]}?lang={language}")
        page.locator("table.live.targets").first.wait_for()
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
        boxes = page.locator(".wide").evaluate_all("found => found.map(e => [e.scrollWidth, e.clientWidth])")
        assert all(whole <= seen for whole, seen in boxes), boxes  # no table is cut off at its side
        tabs = page.get_by_role("tab").evaluate_all("found => found.map(e => e.getBoundingClientRect().right)")
        assert max(tabs) <= 390
    assert page.errors == []


def test_titles_are_shown_and_not_run(page: Any, server: tuple[str, int], home: Path) -> None:
    title = "<script>alert(1)</script> {{7*7}} <img src=x onerror=alert(1)> **[x](javascript:alert(1))** $a$ :red[b]"
    entry = f"levers:\n  - {{id: QL09d, title: '{title}'}}\n"
    text = f"schema: 1\nextends: plan.yaml\ntitle: '{title}'\n{entry}"
    (home / "scenarios" / "qingdao" / "hostile.yaml").write_text(text, encoding="utf-8")
    asked: list[str] = []
    page.on("dialog", lambda d: (asked.append(d.message), d.dismiss()))
    page.goto(f"{server[0]}?lang=en")
    page.get_by_label("Scenario", exact=True).click()  # not the upload of "a scenario file", once that is drawn
    page.get_by_role("option", name="hostile").click()
    page.get_by_text(title).first.wait_for()
    page.locator("[data-testid=stCheckbox]", has_text=title).wait_for()  # the entry's own
    page.get_by_role("tab", name="Side by side").click()
    page.get_by_label("Name of this mix").fill(title[:40])
    page.get_by_label("Name of this mix").press("Enter")
    page.get_by_role("button", name="Put this mix beside").click()
    page.locator("table.moves", has_text=title[:40]).wait_for()
    assert page.locator("img[src=x]").count() == 0
    assert page.evaluate("[...document.querySelectorAll('script')].every(e => !e.text.includes('alert(1)'))")
    assert asked == []
    assert not page.get_by_text("49", exact=True).count()


def test_who_has_no_token_is_shown_nothing(page: Any, home: Path) -> None:
    with serving(home, "--token", "right one") as (address, _):
        for wrong in (address, f"{address}?token=wrong"):
            assert page.goto(wrong).status == 403
        assert page.goto(f"{address}?token=right%20one&lang=en").status == 200
        page.locator("table.live.targets").first.wait_for()  # the page's socket has the cookie
        assert page.goto(address).status == 200  # by the cookie alone
        page.context.clear_cookies()
        assert page.goto(address).status == 403
