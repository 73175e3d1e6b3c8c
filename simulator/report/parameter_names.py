"""What a parameter is called on a page: its meaning, whose it is, its dotted name."""

from __future__ import annotations

import re

from simulator.core.declare import Label
from simulator.core.parameters import ParameterRow
from simulator.report.catalogue import parameter_doc
from simulator.report.plan_words import said
from simulator.study.priors import parameter_rows


def rows_by_name() -> dict[str, ParameterRow]:
    """Return all declared parameters by their dotted names."""
    return {row.name: row for row in parameter_rows()}


def owner_label(parameter: str) -> Label:
    """Return the name of the mechanism or lever that a parameter belongs to."""
    from simulator.model import LEVERS, SCHEDULE

    owner = parameter.partition(".")[0]
    labels = {m.name: m.label for m in SCHEDULE} | {lever.name: lever.label for lever in LEVERS.values()}
    return labels.get(owner, Label(owner, owner))


def first_clause(doc: str) -> str:
    """Return the first clause of what a parameter is, without what stands in brackets."""
    return re.split("[;:；：]", without_brackets(doc))[0].strip()


def without_brackets(doc: str) -> str:
    """Return a text without what stands in brackets."""
    return re.sub(r"\s*[(（][^)）]*[)）]", "", doc)


def parameter_words(name: str, language: str) -> str:
    """Return what a parameter is: its meaning, whose it is, and its dotted name."""
    label, doc = owner_label(name)[language], first_clause(parameter_doc(name, language))
    return said("parameter" if doc else "undescribed", language, doc=doc, owner=label, name=name)
