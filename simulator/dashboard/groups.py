"""The entries of a scenario as the plan groups its measures: by section, with who leads it and the plan's own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.report.words import capital, lead_text, section_text, semicolon
from simulator.study.plans import Lead, Measure, lead_of, load_leads, load_measures, measure_of

if TYPE_CHECKING:
    from simulator.scenario import Scenario
    from simulator.scenario_entries import Entry

OLDER = ""  # the section of entries that carry no measure of the plan


@dataclass(frozen=True)
class Group:
    """A section of the plan: who leads it, and its entries, each with the measure that it carries out."""

    section: str
    lead: str
    entries: tuple[tuple[Entry, Measure | None], ...]

    def title(self, language: str, older: str) -> str:
        """Return what a list shows of it, short enough for a line: section, first entry, how many more."""
        head = older if self.section == OLDER else capital(section_text(self.section, language))
        more = f" +{len(self.entries) - 1}" if len(self.entries) > 1 else ""
        return f"{head} · {title_of(self.entries[0][0], language)}{more}"

    def whole(self, language: str) -> str:
        """Return who leads it and the names of all its entries."""
        names = semicolon(language).join(title_of(e, language) for e, _ in self.entries)
        lead = f"{capital(lead_text(self.lead, language))} · " if self.section != OLDER else ""
        return f"{lead}{names}"


def groups_of(scenario: Scenario) -> tuple[Group, ...]:
    """Return the sections of the plan that a scenario has entries of, in the plan's order, earlier programmes last."""
    region = scenario.region
    measures = {m.id: m for m in load_measures(region.id, region.folder.parent)}
    leads = load_leads(region.folder.parent)
    found: dict[str, list[tuple[Entry, Measure | None]]] = {}
    for entry in scenario.entries:
        name = measure_of(entry.id, measures)
        measure = measures[name] if name is not None else None
        found.setdefault(measure.section if measure else OLDER, []).append((entry, measure))
    ordered = [*(m.section for m in measures.values()), OLDER]
    return tuple(
        Group(section, _lead(leads, region.id, section), tuple(found[section]))
        for section in dict.fromkeys(ordered)
        if section in found
    )


def title_of(entry: Entry, language: str) -> str:
    """Return an entry's own title, else its lever's."""
    return (entry.title or entry.lever.label)[language]


def _lead(leads: tuple[Lead, ...], region: str, section: str) -> str:
    found = lead_of(leads, region, section) if section else None
    return found.lead if found is not None else ""


def first_group(groups: tuple[Group, ...], levers: tuple[str, ...]) -> int:
    """Return the group to open first: the first that has an entry of one of some levers, else the first."""
    return next((k for k, g in enumerate(groups) if any(e.lever.name in levers for e, _ in g.entries)), 0)
