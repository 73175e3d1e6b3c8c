"""Many clients of the live page at once: every answer right, and memory, threads and descriptors bounded.

``python -m tests.load.live_page --minutes 15 --clients 20`` starts ``ris dashboard`` on a copy of the scenarios and
opens that many pages over its websocket, as a browser does, without drawing them. Each moves the voucher's budget again
and again. Every table of targets that the server sends is held against one made from direct runs of the same scenario.
It ends with 1 where a table is wrong, a page got none, or the server grew.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median_high
from typing import Any

from tests.processes import ROOT, family, page_served

DOSE = "QL09d.budget"  # the innovation voucher's
MOVED = [float(v) for v in range(0, 161, 20)]  # CNY mn a year, the slider's places
TABLE = re.compile(r'<table class="live targets"[^>]* data-mix="(\w+)" data-runs="(\d+)">.*?</table>', re.S)
PALE = '<div class="stale">'
LOOK = 2.0  # seconds between looks at the server
GROWTH = 1.25  # of memory, the last fifth over the third
PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Look:
    """The server's processes at a moment: bytes, threads and descriptors in all."""

    at: float
    memory: int
    threads: int
    descriptors: int


@dataclass
class Client:
    """One page: what it sent and what it was shown."""

    number: int
    moves: int = 0
    tables: int = 0
    refined: int = 0
    slowest: float = 0.0  # seconds from a move to the first table of it
    errors: list[str] = field(default_factory=list)


@dataclass
class Seen:
    """Every table that was shown, by mix and number of runs, and how often."""

    tables: dict[tuple[str, int, str], int] = field(default_factory=dict)

    def add(self, found: tuple[str, int, str]) -> None:
        """Count a table."""
        self.tables[found] = self.tables.get(found, 0) + 1


class Page:
    """A page over the websocket: what Streamlit's browser side does, without drawing."""

    def __init__(self, socket_: Any) -> None:
        self.socket = socket_
        self.slider = ""
        self.value = 0.0
        self.fragments: dict[str, float] = {}  # by id, the seconds between looks
        self.due: dict[str, float] = {}

    async def send(self, fragment: str = "") -> None:
        """Have the page drawn again, or a part of it."""
        from streamlit.proto.BackMsg_pb2 import BackMsg

        message = BackMsg()
        state = message.rerun_script
        state.query_string = "lang=en"
        if fragment:
            state.fragment_id, state.is_auto_rerun = fragment, True
        if self.slider:
            widget = state.widget_states.widgets.add()
            widget.id = self.slider
            widget.double_array_value.data.append(self.value)
        await self.socket.send(message.SerializeToString())

    async def move(self, value: float) -> None:
        """Move the slider."""
        self.value = value
        await self.send()

    async def poll(self) -> None:
        """Ask for the parts that look for answers, as often as they said."""
        while True:
            now = time.monotonic()
            for name, every in list(self.fragments.items()):
                if now >= self.due.get(name, 0.0):
                    self.due[name] = now + every
                    await self.send(name)
            await asyncio.sleep(0.1)

    def read(self, data: bytes) -> Iterator[str]:
        """Take in a message; yield what it shows as HTML."""
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        message = ForwardMsg()
        message.ParseFromString(data)
        kind = message.WhichOneof("type")
        if kind == "new_session" and not message.metadata.run.fragment_ids:
            self.fragments.clear()
        elif kind == "stop_auto_rerun":
            for name in message.stop_auto_rerun.fragment_ids:
                self.fragments.pop(name, None)
        elif kind == "auto_rerun":
            self.fragments[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "delta":
            element = message.delta.new_element
            what = element.WhichOneof("type")
            if what == "slider" and element.slider.id.endswith(DOSE):
                self.slider = element.slider.id
            elif what == "html":
                yield element.html.body
            elif what == "exception":
                yield f"exception: {element.exception.type}: {element.exception.message}"


async def client(page: Client, address: str, until: float, mixes: dict[float, str], seen: Seen) -> None:
    """Open a page and move its slider until the end: now in haste, now waiting for the refined answer."""
    import websockets

    draws = random.Random(page.number)
    try:
        async with websockets.connect(
            address, max_size=2**26, ping_interval=None, subprotocols=["streamlit"]
        ) as opened:
            shown = Page(opened)
            await shown.send()
            poll = asyncio.create_task(shown.poll())
            try:
                await _listen(page, shown, until, mixes, seen, draws)
            finally:
                poll.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await poll
    except Exception as error:  # what the server did to a client is a finding
        page.errors.append(f"{type(error).__name__}: {error}")


async def _listen(
    page: Client, shown: Page, until: float, mixes: dict[float, str], seen: Seen, draws: random.Random
) -> None:
    moved_at, fresh, patience = time.monotonic(), False, draws.uniform(0.2, 3.0)
    while time.monotonic() < until:
        with suppress(TimeoutError):
            data = await asyncio.wait_for(shown.socket.recv(), 0.2)
            for html in shown.read(data):
                if html.startswith("exception"):
                    page.errors.append(html)
                for found in tables(html):
                    seen.add(found)
                    page.tables += 1
                    mine = mixes.get(shown.value) == found[0]
                    if mine and fresh:
                        page.slowest, fresh = max(page.slowest, time.monotonic() - moved_at), False
                    if mine and found[1] == 40:
                        page.refined += 1
                        patience = 0.0
        if shown.slider and time.monotonic() - moved_at > patience:
            await shown.move(draws.choice(MOVED))
            page.moves += 1
            moved_at, fresh = time.monotonic(), True
            patience = draws.choice([0.2, 0.5, 1.0, 4.0, 60.0])


def tables(html: str) -> Iterator[tuple[str, int, str]]:
    """Yield each table of targets that is not of an earlier mix: mix, runs, the table."""
    if PALE not in html:
        for found in TABLE.finditer(html):
            yield found[1], int(found[2]), found[0]


# ---- what is right -------------------------------------------------------------------------------------


def made(value: float) -> Any:
    """Return the mix with the voucher's budget at a place of the slider, in CNY mn a year."""
    from simulator.dashboard.mix import Mix
    from simulator.study.replicates import load_scenario

    mix = Mix(load_scenario(ROOT / "scenarios" / "qingdao" / "plan.yaml"))
    return mix.with_dose(DOSE, value * 1e6)


def direct(value: float, runs: int) -> Any:
    """Return the answer that direct runs give for a place of the slider."""
    from simulator.dashboard.engine import Answer
    from simulator.study.replicates import design, run_one

    scenario = made(value).scenario()
    results = tuple(run_one(scenario, replicate, 0) for replicate in design(runs, 0))
    return Answer(scenario, scenario.fingerprint(), results, runs, 0, 0.0, 1)


def expected(mix: Any, base: Any, runs: int) -> str:
    """Return the table of targets that the page has to show of a mix."""
    from simulator.dashboard import view
    from simulator.dashboard.engine import cut

    mix, base = cut(mix, runs), cut(base, runs)
    rows = [r for r in view.target_rows(mix, base, "en") if r.headline]
    found = TABLE.search(str(view.targets_html(rows, "en", view.target_heads("en"), mix)))
    assert found is not None
    return found[0]


def wrong(seen: Seen, mixes: dict[float, str], jobs: int) -> list[str]:
    """Return what is wrong in the tables that were shown; each mix is run anew, directly."""
    values = {fingerprint: value for value, fingerprint in mixes.items()}
    most: dict[str, int] = {}
    for fingerprint, runs, _ in seen.tables:
        most[fingerprint] = max(runs, most.get(fingerprint, 0))
    problems = [f"a table of a mix that nobody asked for: {name}" for name in most if name not in values]
    known = {name: runs for name, runs in most.items() if name in values}
    base_name = mixes[40.0]
    known[base_name] = max([40, *known.values()])
    with ProcessPoolExecutor(jobs) as pool:
        futures = {name: pool.submit(direct, values[name], runs) for name, runs in known.items()}
        answers = {name: future.result() for name, future in futures.items()}
    for (name, runs, table), count in seen.tables.items():
        if name in answers and table != expected(answers[name], answers[base_name], runs):
            problems.append(f"budget {values[name]:g} on {runs} runs, {count} times: not what direct runs give")
    return problems


# ---- the server ----------------------------------------------------------------------------------------


@contextmanager
def server(jobs: int) -> Iterator[tuple[int, int]]:
    """Serve the page from a copy of the scenarios; yield its port and process."""
    with tempfile.TemporaryDirectory(prefix="ris-live-") as folder:
        shutil.copytree(ROOT / "scenarios", Path(folder) / "scenarios")
        with page_served(Path(folder), "--jobs", str(jobs), end=120.0) as served:
            yield served


def look(pid: int, began: float) -> Look:
    """Return what the server and its processes hold now."""
    memory = threads = descriptors = 0
    for one in family(pid):
        with suppress(OSError, IndexError, ValueError):
            folder = Path(f"/proc/{one}")
            memory += int((folder / "statm").read_text().split()[1]) * PAGE_SIZE
            threads += len(list((folder / "task").iterdir()))
            descriptors += len(list((folder / "fd").iterdir()))
    return Look(time.monotonic() - began, memory, threads, descriptors)


async def _watch(pid: int, began: float, looks: list[Look]) -> None:
    while True:
        looks.append(look(pid, began))
        await asyncio.sleep(LOOK)


async def load(
    port: int, pid: int, clients: int, seconds: float, mixes: dict[float, str], seen: Seen
) -> tuple[list[Client], list[Look]]:
    """Let clients work on the server for some time."""
    began = time.monotonic()
    looks: list[Look] = []
    watch = asyncio.create_task(_watch(pid, began, looks))
    pages = [Client(k) for k in range(clients)]
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    await asyncio.gather(*(client(p, address, began + seconds, mixes, seen) for p in pages))
    watch.cancel()
    return pages, looks


def fingerprints() -> dict[float, str]:
    """Return the fingerprint of the mix at each place of the slider."""
    return {value: made(value).scenario().fingerprint() for value in MOVED}


def grown(looks: list[Look], clients: int) -> list[str]:
    """Return what grew: the last fifth of the time over the third, medians."""
    fifth = len(looks) // 5
    if fifth < 3:
        return []
    middle, end = looks[2 * fifth : 3 * fifth], looks[-fifth:]
    out = []
    if median_high(k.memory for k in end) > GROWTH * median_high(k.memory for k in middle):
        out.append("memory grew")
    if median_high(k.threads for k in end) > median_high(k.threads for k in middle) + clients:
        out.append("threads grew")
    if median_high(k.descriptors for k in end) > median_high(k.descriptors for k in middle) + clients:
        out.append("descriptors grew")
    return out


def report(pages: list[Client], looks: list[Look], seen: Seen, problems: list[str]) -> None:
    """Print what was found."""
    shown = sum(seen.tables.values())
    moves, minutes = sum(p.moves for p in pages), looks[-1].at / 60
    print(f"{len(pages)} pages, {minutes:.1f} minutes: {moves} moves, {shown} tables shown")
    print(f"  refined answers waited for: {sum(p.refined for p in pages)}")
    print(f"  different tables: {len(seen.tables)}; slowest first answer: {max(p.slowest for p in pages):.1f} s")
    for name, at in (("start", 0), ("middle", len(looks) // 2), ("end", len(looks) - 1)):
        k = looks[at]
        text = f"{k.memory / 2**20:.0f} MiB, {k.threads} threads, {k.descriptors} descriptors"
        print(f"  {name} ({k.at / 60:.1f} min): {text}")
    print(f"  most: {max(k.memory for k in looks) / 2**20:.0f} MiB")
    for problem in problems:
        print(f"  PROBLEM {problem}")
    print(f"{len(problems)} wrong")


def main(arguments: list[str] | None = None) -> int:
    """Run the load; return 1 where something was wrong."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=15.0)
    options.add_argument("--clients", type=int, default=20)
    options.add_argument("--jobs", type=int, default=2)
    given = options.parse_args(arguments)
    mixes, seen = fingerprints(), Seen()
    with server(given.jobs) as (port, pid):
        pages, looks = asyncio.run(load(port, pid, given.clients, given.minutes * 60, mixes, seen))
    problems = [f"page {p.number}: {e}" for p in pages for e in p.errors[:3]]
    problems += [f"page {p.number} was shown no table" for p in pages if not p.tables]
    problems += wrong(seen, mixes, given.jobs) + grown(looks, given.clients)
    report(pages, looks, seen, problems)
    return bool(problems)


if __name__ == "__main__":
    raise SystemExit(main())
