"""What the report says of the calibration behind a run, and of the gates of the region's latest validation."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from simulator.report.html.labels import label
from simulator.report.words import capital, plain_number, semicolon
from simulator.study.checked import items_of, json_of
from simulator.study.output import DEFAULT_PARENT, digest
from simulator.study.posterior import paths_of
from simulator.study.tables import Tables

FILE = "validation.json"
NAMED = 3  # gates that fail, in a line


@dataclass(frozen=True)
class Gates:
    """The gates of a validation as plain rows, and what the posterior's manifest says; empty where none was found."""

    region: str
    name: str
    language: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    posterior: str = ""

    @property
    def asked(self) -> list[dict[str, Any]]:
        """Return the gates that ask for something."""
        return [row for row in self.rows if row["ok"] is not None]

    @property
    def failed(self) -> list[dict[str, Any]]:
        """Return the gates that fail."""
        return [row for row in self.asked if not row["ok"]]

    def line(self) -> Markup:
        """Return in a sentence how many gates pass, and which fail."""
        if not self.asked:
            return Markup('<p class="dim">{}</p>').format(label("gates none", self.language, region=self.region))
        if not self.failed:
            text = label("gates ok", self.language, asked=len(self.asked), region=self.name)
            return Markup("<p>{}</p>").format(capital(text))
        names = semicolon(self.language).join(f"{r['name']} {r['figure']}" for r in self.failed[:NAMED])
        names += "…" if len(self.failed) > NAMED else ""
        given = {"asked": len(self.asked), "failed": len(self.failed), "names": names}
        return Markup('<p class="unlikely">{}</p>').format(label("gates failed", self.language, **given))


def gates_of(tables: Tables, language: str) -> Gates:
    """Return what is known of a run's calibration: from the posterior's manifest and the validation nearest to it."""
    run = tables.meta["runs"][0] if "runs" in tables.meta else tables.meta
    region, name = run["region"], run["region_name"][language]
    found = validation_beside(region, tables.folder) if run["calibration"] != "plan" else {}
    zh, posterior = language == "zh", posterior_text(region, run["calibration"], language)
    rows = []
    for gate in (g for g in items_of(found.get("gates")) if isinstance(g, dict)):
        name_of = gate.get("name_zh" if zh else "name") or gate.get("name", "")
        rows.append({k: gate.get(k) for k in ("group", "figure", "asked", "ok")} | {"name": str(name_of)})
    notes = [str(x) for x in items_of(found.get("notes_zh" if zh else "notes"))]
    return Gates(region, name, language, rows, notes, posterior)


def validation_beside(region: str, folder: str | None) -> dict[str, Any]:
    """Return the validation of the region's posterior: from the folder beside a run's, the default one, or that kept.

    A validation of another posterior than the one that is there is left out; empty where there is none.
    """
    places = [DEFAULT_PARENT] if folder is None else [Path(folder).parent, DEFAULT_PARENT]
    files = [place / f"{region}-validation" / FILE for place in places]
    posterior = posterior_digest(region)
    for file in [*files, gates_path(region)]:
        found = json_of(file)
        if found.get("region") == region and found.get("posterior") == posterior:
            return found
    return {}


def posterior_digest(region: str) -> str:
    """Return the SHA-256 of the region's posterior of its history; nothing where there is none."""
    path, _ = paths_of(region, "history")
    return digest(path.read_bytes()) if path.is_file() else ""


def gates_path(region: str) -> Path:
    """Return where the gates of the committed posterior lie."""
    return paths_of(region, "history")[1].with_name(f"{region}-gates.json")


def posterior_text(region: str, calibration: str, language: str) -> str:
    """Return in words what the draws of the parameters come from."""
    _, path = paths_of(region, calibration)
    with suppress(KeyError, TypeError, ValueError):
        found = json_of(path)
        cover = found["coverage"]
        return label(
            "posterior", language, draws=plain_number(found["draws"]), runs=plain_number(found["bank"]["runs"]),
            learned=len(found["learned"]), unknown=len(found["not_identified"]), pooled=f"{cover['pooled']:.3f}",
            planted=cover["planted"],
        )  # fmt: skip
    return label("no posterior", language)
