"""What ``ris run --from manifest.json`` prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from simulator.commands.common import GATE_FAILED, Language, chosen_language, command_line, dump, progress_bar

if TYPE_CHECKING:
    from simulator.study.reproduce import Change, Reproduction

SHOWN = 20
_KINDS_ZH = {
    "code": "代码",
    "input": "输入文件",
    "version": "软件版本",
    "machine": "计算环境",
    "scenario": "情景",
    "run": "运行",
}


def run_again(
    source: Path, jobs: int | None, out: Path | None, quiet: bool, as_json: bool, lang: Language | None
) -> None:
    """Run a manifest again and print whether the figures are the same; ends with exit code 4 where they are not."""
    from simulator.study.reproduce import reproduce

    language = chosen_language(lang)
    with progress_bar(quiet) as progress:
        found = reproduce(source, jobs=jobs, out=out, language=language, command=command_line(), progress=progress)
    if as_json:
        typer.echo(dump(found.plain()))
    else:
        lines = text(found, language)
        typer.echo(lines[0] if quiet else "\n".join(lines))
    if not found.same:
        raise typer.Exit(GATE_FAILED)


def text(found: Reproduction, language: str) -> list[str]:
    """Return the outcome as lines: the verdict, tables that differ, and what is not as it was."""
    zh = language == "zh"
    lines = [_verdict(found, zh)]
    for table in (t for t in found.tables if not t.same):
        if table.different:
            recorded, here = (_figure(v, zh) for v in (table.recorded, table.here))
            apart = _apart(table.largest, zh)
            lines.append(
                f"  {table.table}：{table.figures} 个数值中有 {table.different} 个不同，最大相对差异 {apart}"
                f"（{table.where}：原为 {recorded}，现为 {here}）"
                if zh
                else f"  {table.table}: {table.different} of {table.figures} figures differ, by at most {apart}"
                f" ({table.where}: recorded {recorded}, here {here})"
            )
        lines += [f"  {table.table}{'：' if zh else ': '}{other}" for other in table.other]
    mattering = [c for c in found.changes if c.matters]
    if mattering:
        lines.append("与记录不一致之处：" if zh else "not as recorded:")
        lines += [_change(c, zh) for c in mattering[:SHOWN]]
        if len(mattering) > SHOWN:
            more = len(mattering) - SHOWN
            lines.append(f"  另有 {more} 项" if zh else f"  and {more} more")
    elif not found.same:
        lines.append(
            "代码、输入、软件版本和计算环境均与记录一致：请报告此问题"
            if zh
            else "code, inputs, versions and machine are as recorded: please report this"
        )
    if found.folder is not None:
        lines.append(f"{'结果：' if zh else 'results: '}{found.folder}")
    return lines


def _verdict(found: Reproduction, zh: bool) -> str:
    figures = sum(t.figures for t in found.tables)
    largest = _apart(found.largest.largest, zh)
    if found.same and found.by_digest:
        return (
            f"结果一致：{len(found.tables)} 张表逐字节相同"
            if zh
            else f"the same: {len(found.tables)} tables, byte for byte"
        )
    if found.same:
        return (
            f"结果一致：{len(found.tables)} 张表，{figures} 个数值，最大相对差异 {largest}"
            if zh
            else f"the same: {len(found.tables)} tables, {figures} figures, largest relative difference {largest}"
        )
    wrong = sum(not t.same for t in found.tables)
    return (
        f"结果不一致：{len(found.tables)} 张表中有 {wrong} 张不同"
        + ("" if found.by_digest else f"，最大相对差异 {largest}")
        if zh
        else f"not the same: {wrong} of {len(found.tables)} tables differ"
        + ("" if found.by_digest else f", largest relative difference {largest}")
    )


def _change(change: Change, zh: bool) -> str:
    kind = _KINDS_ZH[change.kind] if zh else change.kind
    recorded, here = (v or ("无" if zh else "none") for v in (change.recorded, change.here))
    if zh:
        return f"  {kind} {change.name}：原为 {recorded}，现为 {here}"
    return f"  {kind} {change.name}: recorded {recorded}, here {here}"


def _apart(value: float, zh: bool) -> str:
    if value == float("inf"):
        return "无穷大" if zh else "without bound"
    return f"{value:.2g}"


def _figure(value: float | None, zh: bool) -> str:
    return ("无数值" if zh else "no number") if value is None else f"{value:.12g}"
