"""What a compared scenario sets differently, with names and units in the page's language."""

from __future__ import annotations

import re
from typing import Any

from simulator.report.board import records
from simulator.report.catalogue import choice_name
from simulator.report.html.labels import label
from simulator.report.sweep_words import factor_unit_text, setting_name
from simulator.report.words import is_money, listed, number, word
from simulator.study.tables import Tables

CHANGES = ("changed", "added", "removed")
MOST_ENTRIES = 20  # added or removed entries that are told one by one
NUMBER = r"[+-]?[\d,]*\.?\d+(?:e[+-]?\d+)?"
GIVEN = re.compile(rf"(\w+)=({NUMBER})((?: (?!to\b)[A-Za-z0-9/]+)*)(?=,|$)")
CHOSEN = re.compile(r"(\w+)=([a-z_]+(?:, [a-z_]+)*)(?=, |$)")
YEARS = re.compile(r"(\d{4}(?:-\d\d)?) to (\d{4}(?:-\d\d)?)")


def settings_rows(tables: Tables, scenario: str, language: str) -> list[dict[str, str]]:
    """Return a row a difference: what kind it is, the entry, what it is set to; long lists of entries in one row."""
    if tables.settings is None:
        return []
    rows = records(tables.settings[tables.settings["scenario"] == scenario])
    titles = {e["id"]: e[language] for run in tables.meta["runs"] for e in run["entries"]}
    out = []
    for change in CHANGES:
        mine, said = [r for r in rows if r["change"] == change], word(change, language)
        if change != "changed" and len(mine) > MOST_ENTRIES:
            names = listed([str(r["entry"]) for r in mine], language)
            out.append({"change": said, "entry": str(len(mine)), "what": names})
            continue
        for r in mine:
            entry = f"{r['entry']} {titles.get(r['entry'], '')}".strip() if r["entry"] else ""
            out.append({"change": said, "entry": entry, "what": _what(r, language)})
    return out


def _what(row: dict[str, Any], language: str) -> str:
    if row["change"] != "changed":
        return given(row, language)
    return f"{_name(str(row['what']), row, language)} {from_to(row, language)}"


def from_to(row: dict[str, Any], language: str) -> str:
    """Return both values of a setting with their unit; the dates of an entry stay as they are (2020, not 2,020)."""
    unit, both = str(row.get("unit") or ""), [str(row[k] or "–") for k in ("baseline_value", "scenario_value")]
    if row["what"] in ("from", "to"):
        return " → ".join(both)
    return " → ".join(value(text, unit, language) for text in both)


def _name(setting: str, row: dict[str, Any], language: str) -> str:
    if setting in ("from", "to"):
        return label(f"entry {setting}", language)
    return setting_name(setting, language, str(row["lever"])) if row["lever"] else setting


def given(row: dict[str, Any], language: str) -> str:
    """Return the settings of an entry that one scenario alone has, with names, choices and units in words."""

    def one(found: re.Match[str]) -> str:
        return f"{_name(found[1], row, language)} {value(found[2], found[3].strip(), language)}"

    def chosen(found: re.Match[str]) -> str:
        names = listed((choice_name(x, language) for x in found[2].split(", ")), language)
        return f"{_name(found[1], row, language)} {names}"

    said = CHOSEN.sub(chosen, GIVEN.sub(one, str(row["scenario_value"] or row["baseline_value"] or "")))
    if language == "zh":
        return YEARS.sub(r"\1 至 \2 年", said).replace(", ", "，")
    return said


def value(text: str, unit: str, language: str) -> str:
    """Return a value of a setting with its unit: ``CNY 40 mn / year``, ``4,000 万元/年``; a text stays as it is."""
    if not re.fullmatch(NUMBER, text):
        return text or "–"
    amount = float(text.replace(",", ""))
    if not is_money(unit):
        name = "" if unit in ("", "1") else factor_unit_text(unit, language)
        shown = f"{amount:,.6g}"
        return f"{shown}{name}" if language == "zh" else f"{shown} {name}".rstrip()
    shown = number(amount, "CNY", language)
    if language == "zh":
        return f"{shown}{factor_unit_text(unit, language)}"
    return f"CNY {shown}{unit.removeprefix('CNY')}"
