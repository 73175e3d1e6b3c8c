"""One open page: its city, the mix being edited, the pinned baseline, mixes side by side, and the answers so far."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.dashboard.engine import Answer, Engine
from simulator.dashboard.folders import Folders
from simulator.dashboard.mix import Mix, raised
from simulator.dashboard.reports import ReportJob, start_report

if TYPE_CHECKING:
    from simulator.scenario import Scenario
    from simulator.study.targets import Target

MOST_MIXES = 4


@dataclass
class Live:
    """What one page holds. Answers come from threads of the engine and are only ever put into ``answers``."""

    engine: Engine
    folders: Folders
    page: str = field(default_factory=lambda: uuid.uuid4().hex)
    city: str = ""
    name: str = ""
    mix: Mix | None = None
    base: Scenario | None = None
    base_name: str = ""
    mixes: dict[str, Mix] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)  # by question, the fingerprint
    version: int = 0  # of the widgets: a new one lets all of them start anew
    meet_target: str = ""
    report: ReportJob | None = None

    def open(self, city: str, name: str) -> None:
        """Open a scenario of a city, which becomes the pinned baseline too; raises InputError."""
        self.start(self.folders.read(city, name), city, name)

    def start(self, scenario: Scenario, city: str, name: str) -> None:
        """Edit a scenario of a city anew, pinned as the baseline."""
        self.city, self.name = city, name
        self.engine.drop(self.page)
        self.answers.clear()
        self.asked.clear()
        self.mixes.clear()
        self.mix, self.report, self.meet_target = Mix(scenario), None, ""
        self.version += 1
        self.pin(name)

    def pin(self, name: str) -> None:
        """Make the mix as it stands the baseline that others are held against."""
        assert self.mix is not None
        self.base, self.base_name = self.mix.scenario(), name
        self._ask("base", self.base)
        self._ask("mix", self.base)

    def move(self, mix: Mix) -> bool:
        """Take over what was moved and ask about it; return whether anything changed. Raises InputError."""
        scenario, fingerprint = mix.scenario(), mix.fingerprint
        self.mix = mix
        if not self._ask("mix", scenario, fingerprint):
            return False
        self._forget_meet()  # the larger doses were those of the mix before
        return True

    def undo(self) -> None:
        """Go back to the scenario as it was opened."""
        assert self.mix is not None
        self.version += 1
        self.move(Mix(self.mix.base))

    def put_beside(self, name: str) -> bool:
        """Put the mix beside the others under a name; return whether there was room."""
        if self.mix is None or (name not in self.mixes and len(self.mixes) >= MOST_MIXES):
            return False
        self.mixes[name] = self.mix
        self._ask(f"beside {name}", self.mix.scenario())
        return True

    def remove(self, name: str) -> None:
        """Take a mix out from beside the others."""
        self.mixes.pop(name, None)
        self._drop(f"beside {name}")

    def go_on_with(self, name: str) -> None:
        """Edit a mix that stands beside the others."""
        self.version += 1
        self.move(self.mixes[name])

    def meet(self, target: Target) -> tuple[str, ...]:
        """Ask which doses would meet a target; return the levers that are raised, none where none moves it."""
        from simulator.study.plan_doses import FACTORS, dosed, levers_for

        assert self.mix is not None
        scenario = self.mix.scenario()
        levers = levers_for(target, scenario)
        self.meet_target = target.id
        for factor in FACTORS:
            if levers:
                self._ask(f"meet {factor}", dosed(scenario, levers, factor))
            else:
                self._drop(f"meet {factor}")
        return levers

    def _forget_meet(self) -> None:
        self.meet_target = ""
        for question in [q for q in self.asked if q.startswith("meet ")]:
            self._drop(question)

    def take_over(self, target: Target, factor: int) -> None:
        """Raise the mix's measures that move a target by a factor."""
        from simulator.study.plan_doses import dosed, levers_for

        assert self.mix is not None
        scenario = self.mix.scenario()
        self.version += 1
        self.move(raised(self.mix, dosed(scenario, levers_for(target, scenario), factor)))

    def make_report(self, language: str) -> None:
        """Begin to make the report of the mix as it stands, unless this page waits for one."""
        assert self.mix is not None
        if self.report is None or not self.report.running:
            self.report = start_report(self.folders, self.mix.scenario(), language)

    def answer(self, question: str) -> Answer | None:
        """Return the latest answer to what is asked now under this name, None before the first."""
        found = self.answers.get(question)
        return found if found is not None and found.fingerprint == self.asked.get(question) else None

    def latest(self, question: str) -> Answer | None:
        """Return the latest answer under this name, be it to an earlier mix."""
        return self.answers.get(question)

    def pending(self) -> bool:
        """Return whether any answer is still to come or to be refined."""
        found = [self.answer(question) for question in list(self.asked)]
        return any(a is None or a.quick for a in found)

    def seen(self) -> tuple[tuple[str, int], ...]:
        """Return how many runs each answer rests on: it changes with every new answer."""
        found = {q: self.answer(q) for q in list(self.asked)}
        return tuple((q, 0 if a is None else a.runs) for q, a in found.items())

    def _ask(self, question: str, scenario: Scenario, fingerprint: str = "") -> bool:
        fingerprint = fingerprint or scenario.fingerprint()
        if self.asked.get(question) == fingerprint:
            return False
        self.asked[question] = fingerprint

        def tell(answer: Answer) -> None:
            if self.asked.get(question) == answer.fingerprint:  # the page may have moved on meanwhile
                self.answers[question] = answer

        self.engine.ask(self.page, scenario, tell, name=question)
        return True

    def _drop(self, question: str) -> None:
        self.asked.pop(question, None)
        self.answers.pop(question, None)
        self.engine.drop(self.page, question)
