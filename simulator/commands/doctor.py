"""The command ``ris doctor``."""

from __future__ import annotations

from typing import Annotated

import typer

from simulator.commands.common import Json, Lang, chosen_language, dump, exits

FAULTS = 1
_MARKS = {
    "en": {"ok": "ok", "advice": "advice", "fault": "FAULT"},
    "zh": {"ok": "正常", "advice": "建议", "fault": "故障"},
}


def doctor(
    json_: Json = False,
    lang: Lang = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out the self-test, which runs both plans once.")
    ] = False,
) -> None:
    """Check the installation: versions, fonts, kernels, disk, and a self-test; says what to do about what it finds."""
    with exits():
        from simulator.study.doctor import examine, sound

        language, findings = chosen_language(lang), []
        zh = language == "zh"
        for finding in examine(quick=quick):
            findings.append(finding)
            if not json_:
                plain, mark = finding.plain(language), _MARKS[language][finding.level]
                typer.echo(f"[{mark}] {plain['check']}{'：' if zh else ': '}{plain['text']}")
                if plain["cure"]:
                    typer.echo(f"    {'→ ' if zh else '-> '}{plain['cure']}")
        if json_:
            typer.echo(dump({"ok": sound(findings), "findings": [f.plain(language) for f in findings]}))
        if not sound(findings):
            raise typer.Exit(FAULTS)
