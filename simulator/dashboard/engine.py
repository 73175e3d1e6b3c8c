"""The engine behind the live page: questions of many pages, answered by the runs that every other study makes.

A question is a scenario. It is answered quickly with a few runs, then refined with more of them; run k is replicate k
of ``simulator.run`` with the same seed, so every answer equals what ``run`` gives for the same scenario and number of
runs. A page that asks anew lets go of what it asked before: runs that nobody waits for are not started. Runs are kept
by the scenario's fingerprint, and pages that ask the same share them.

Nothing here knows of the web.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from simulator.study.engine import TRIES, Died
from simulator.study.replicates import (
    Failure,
    Outcome,
    Replicate,
    StudyError,
    design,
    failed,
    processors,
    run_one,
)

if TYPE_CHECKING:
    from simulator.scenario import Scenario
    from simulator.study.ensemble import RunResult

QUICK, REFINED = 4, 40  # runs of the first answer and of the last one
STEPS = (8, 20)  # between them, after how many runs an answer is given anew
KEPT = 6000  # runs kept: some 20 kB each
MOST_PAGES = 64  # that may wait for answers at the same time

Key = tuple[str, int]  # a scenario's fingerprint and the number of a run
Found = Outcome | Failure


class Busy(RuntimeError):
    """More pages wait than the engine takes."""


@dataclass(frozen=True)
class Answer:
    """What the first ``runs`` runs of a scenario gave; ``asked`` are wanted in the end."""

    scenario: Scenario
    fingerprint: str
    results: tuple[Found, ...]
    asked: int
    seed: int
    seconds: float
    jobs: int

    @property
    def runs(self) -> int:
        """Return how many runs it rests on."""
        return len(self.results)

    @property
    def quick(self) -> bool:
        """Return whether more runs are still to come."""
        return self.runs < self.asked

    def result(self) -> RunResult:
        """Return what ``run`` returns for this many runs, but for the runs of a baseline beside it.

        Raises StudyError where more than one run in twenty failed.
        """
        from simulator.study.ensemble import collect, name_of

        made = _Made(self.seed, self.seconds, self.jobs)
        return collect(self.scenario, name_of(self.scenario), self.results, (self.runs,), made)  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Made:
    """What ``collect`` wants to know of a pool."""

    seed: int
    seconds: float
    jobs: int


@dataclass
class _Question:
    """What one page waits for: the latest scenario it asked about under one of its names."""

    page: str
    scenario: Scenario
    fingerprint: str
    runs: int
    tell: Callable[[Answer], None]
    asked_at: float
    told: int = 0
    turn: int = 0


@dataclass
class Counts:
    """What the engine did: runs started, runs found among those kept, questions that gave way to newer ones."""

    started: int = 0
    found: int = 0
    dropped: int = 0
    answers: int = 0
    worst_wait: float = field(default=0.0)  # seconds to a first answer


class Engine:
    """Answers questions of many pages with a few warm processes.

    ``jobs`` is the number of processes; 0 runs in a thread of this process. ``seed`` addresses draws and luck.
    ``close`` ends the processes; the engine is a context manager too.
    """

    def __init__(self, jobs: int | None = None, seed: int = 0, quick: int = QUICK, refined: int = REFINED) -> None:
        if jobs is not None and jobs < 0:
            raise ValueError(f"jobs must be at least 0, not {jobs}")
        if not 0 < quick <= refined:
            raise ValueError(f"quick ({quick}) must be between 1 and refined ({refined})")
        self.jobs = processors() if jobs is None else jobs
        self.seed, self.quick, self.refined = seed, quick, refined
        self.counts = Counts()
        self._lock = threading.RLock()
        self._kept: OrderedDict[Key, Found] = OrderedDict()
        self._running: dict[Key, Future[Any]] = {}
        self._tries: dict[Key, int] = {}
        self._questions: dict[tuple[str, str], _Question] = {}
        self._turns = itertools.count()
        self._closed = False
        self._executor = self._start()

    # ---- what pages call ------------------------------------------------------------------------------

    def ask(
        self,
        page: str,
        scenario: Scenario,
        tell: Callable[[Answer], None],
        *,
        name: str = "",
        runs: int | None = None,
    ) -> str:
        """Ask about a scenario in place of what the page asked under this name before; return its fingerprint.

        ``tell`` is called with each answer, from another thread: after the quick runs, then as more come in, until
        ``runs``. What it raises is passed over. Raises Busy where too many pages wait, StudyError after ``close``.
        """
        fingerprint = scenario.fingerprint()
        wanted = self.refined if runs is None else max(1, min(runs, self.refined))
        question = _Question(page, scenario, fingerprint, wanted, tell, time.perf_counter())
        with self._lock:
            if self._closed:
                raise StudyError("the engine is closed")
            if (page, name) not in self._questions and len({p for p, _ in self._questions} | {page}) > MOST_PAGES:
                raise Busy(f"more than {MOST_PAGES} pages wait for answers")
            if (page, name) in self._questions:
                self.counts.dropped += 1
            self._questions[page, name] = question
        self._advance()
        return fingerprint

    def drop(self, page: str, name: str | None = None) -> None:
        """Let go of what a page asked, under one name or all: runs that nobody else waits for are not started."""
        with self._lock:
            for key in [k for k in self._questions if k[0] == page and name in (None, k[1])]:
                del self._questions[key]
                self.counts.dropped += 1
        self._advance()

    def wait(self, page: str, scenario: Scenario, runs: int | None = None, timeout: float | None = None) -> Answer:
        """Return the last answer about a scenario; raises TimeoutError."""
        done, last = threading.Event(), list[Answer]()

        def tell(answer: Answer) -> None:
            last[:] = [answer]
            if not answer.quick:
                done.set()

        name = f"wait {next(self._turns)}"
        self.ask(page, scenario, tell, name=name, runs=runs)
        if not done.wait(timeout):
            self.drop(page, name)
            raise TimeoutError(f"no answer within {timeout} s")
        return last[0]

    def waiting(self) -> int:
        """Return how many questions are not fully answered yet."""
        with self._lock:
            return len(self._questions)

    def close(self) -> None:
        """Forget every question and end the processes."""
        with self._lock:
            self._closed = True
            self._questions.clear()
            self._running.clear()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- runs -----------------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Give what answers are due, then start runs until every process has one."""
        for question, answer in self._due():
            with_wait = time.perf_counter() - question.asked_at
            with self._lock:
                self.counts.answers += 1
                if answer.runs <= self.quick:
                    self.counts.worst_wait = max(self.counts.worst_wait, with_wait)
            try:
                question.tell(answer)
            except Exception:  # a page that has gone must not stop the others
                self._forget(question)
        with self._lock:
            while not self._closed and len(self._running) < max(self.jobs, 1):
                found = self._next_run()
                if found is None:
                    return
                self._begin(*found)

    def _due(self) -> list[tuple[_Question, Answer]]:
        out: list[tuple[_Question, Answer]] = []
        with self._lock:
            for key, question in list(self._questions.items()):
                have = self._have(question)
                steps = (self.quick, *STEPS, question.runs)
                reached = max((s for s in steps if s <= min(have, question.runs)), default=0)
                if reached <= question.told:
                    continue
                question.told = reached
                results = tuple(self._kept[question.fingerprint, k] for k in range(reached))
                waited = time.perf_counter() - question.asked_at
                jobs = max(self.jobs, 1)
                args = (question.scenario, question.fingerprint, results, question.runs, self.seed, waited, jobs)
                out.append((question, Answer(*args)))
                if reached == question.runs:
                    del self._questions[key]
        return out

    def _have(self, question: _Question) -> int:
        """Return how many runs from the first on are there."""
        for k in range(question.runs):
            if (question.fingerprint, k) not in self._kept:
                return k
            self._kept.move_to_end((question.fingerprint, k))
        return question.runs

    def _next_run(self) -> tuple[_Question, int] | None:
        """Return the run to start: quick answers before refinements, the page served longest ago first."""
        best: tuple[tuple[int, int, int], _Question, int] | None = None
        for question in self._questions.values():
            k = next((k for k in range(question.runs) if self._is_missing(question.fingerprint, k)), None)
            if k is None:
                continue
            rank = (0 if k < self.quick else 1, question.turn, k)
            if best is None or rank < best[0]:
                best = rank, question, k
        if best is None:
            return None
        best[1].turn = next(self._turns) + 1
        return best[1], best[2]

    def _is_missing(self, fingerprint: str, k: int) -> bool:
        return (fingerprint, k) not in self._kept and (fingerprint, k) not in self._running

    def _begin(self, question: _Question, k: int) -> None:
        replicate, key = design(k + 1, self.seed, k)[0], (question.fingerprint, k)
        self.counts.started += 1
        try:
            future = self._executor.submit(run_one, question.scenario, replicate, self.seed)
        except BrokenProcessPool:
            self._executor = self._start()
            future = self._executor.submit(run_one, question.scenario, replicate, self.seed)
        self._running[key] = future
        future.add_done_callback(lambda done: self._finished(key, question.scenario, replicate, done))

    def _finished(self, key: Key, scenario: Scenario, replicate: Replicate, future: Future[Any]) -> None:
        try:
            result: Found | None = future.result()
        except CancelledError:
            result = None
        except BrokenProcessPool:
            result = None if self._once_more(key) else failed(scenario, replicate, self.seed, Died.message)
        except Exception as error:  # a scenario that cannot be sent to a process
            result = failed(scenario, replicate, self.seed, f"{type(error).__name__}: {error}".splitlines()[0])
        with self._lock:
            self._running.pop(key, None)
            if result is not None:
                self._kept[key] = result
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            if self._closed:
                return
        self._advance()

    def _once_more(self, key: Key) -> bool:
        with self._lock:
            self._tries[key] = self._tries.get(key, 1) + 1
            return self._tries[key] <= TRIES

    def _forget(self, question: _Question) -> None:
        with self._lock:
            for key in [k for k, q in self._questions.items() if q is question]:
                del self._questions[key]

    def _start(self) -> Executor:
        if self.jobs == 0:
            return ThreadPoolExecutor(1, thread_name_prefix="ris-run")
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        # a server has threads, beside which a process must not be forked: workers come from a server of processes
        method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
        context = multiprocessing.get_context(method)
        if method == "forkserver":
            context.set_forkserver_preload(["simulator.dashboard.readied"])
        return ProcessPoolExecutor(self.jobs, mp_context=context, initializer=_in_worker)


def _in_worker() -> None:
    """Leave an interrupt from the keyboard to the parent."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def cut(answer: Answer, runs: int) -> Answer:
    """Return an answer that rests on its first ``runs`` runs alone."""
    return answer if answer.runs <= runs else replace(answer, results=answer.results[:runs])
