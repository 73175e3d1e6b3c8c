"""Checks of an installation: what is there, what is missing, and what to do about it."""

from __future__ import annotations

import platform
import re
import shutil
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from simulator.core.declare import Label
from simulator.core.problems import InputError
from simulator.study.output import DEFAULT_PARENT, ROOT, nearest
from simulator.study.reproduce_environment import version

Level = Literal["ok", "advice", "fault"]
CONSTRAINTS = ROOT / "constraints.txt"
LEAST_FREE, FREE_ENOUGH = 0.5e9, 5e9  # bytes: a run's folder takes some 5 MB, a large study a few GB
OLDEST_PYTHON = (3, 11)
NAMES_SHOWN = 6
LONG_AGO = 3600.0  # seconds since its last piece, after which a run counts as stopped
_REINSTALL = Label("make, or pip install -c constraints.txt -e .", "运行 make，或 pip install -c constraints.txt -e .")
_NOTHING = Label("", "")


@dataclass(frozen=True)
class Finding:
    """What one check found: ``ok``, ``advice`` (it works, but) or ``fault``; and what to do about it."""

    check: Label
    level: Level
    text: Label
    cure: Label = _NOTHING

    def plain(self, language: str) -> dict[str, str]:
        """Return it as plain values in a language."""
        zh = language == "zh"
        check, text, cure = ((v.zh if zh else v.en) for v in (self.check, self.text, self.cure))
        return {"check": check, "level": self.level, "text": text, "cure": cure}


def examine(outputs: Path = DEFAULT_PARENT, *, quick: bool = False) -> Iterator[Finding]:
    """Yield what each check finds; ``quick`` leaves out the self-test."""
    checks: list[Callable[[], Iterator[Finding]]] = [_python, _packages, _extras, _data, _fonts, _kernels, _cores]
    checks += [lambda: _outputs(outputs), lambda: _unfinished(outputs)]
    for check in (*checks, *(() if quick else (_self_test,))):
        yield from check()


# ---- what is installed --------------------------------------------------------------------------------


def _python() -> Iterator[Finding]:
    check, found = Label("Python", "Python"), platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        cure = Label("install Python 3.11 or newer", "请安装 Python 3.11 或更高版本")
        yield Finding(check, "fault", Label(f"{found} is too old", f"{found} 版本过低"), cure)
        return
    yield Finding(check, "ok", Label(f"{found} ({platform.machine()})", f"{found}（{platform.machine()}）"))


def _packages() -> Iterator[Finding]:
    """Hold what is installed against what is needed and against the versions that the project is tested with."""
    from packaging.requirements import Requirement

    check = Label("packages", "软件包")
    if version("ris-simulator") is None:
        text = Label("the simulator is not installed", "模拟器尚未安装")
        yield Finding(check, "fault", text, _REINSTALL)
        return
    needed = [Requirement(text) for text in _declared()[0]]
    wrong = []
    for need in (n for n in needed if n.marker is None or n.marker.evaluate()):
        found = version(need.name)
        if found is None or not need.specifier.contains(found, prereleases=True):
            wrong.append(f"{need.name} {found or '-'} ({need.specifier})")
    if wrong:
        text = Label(f"missing or of a wrong version: {_some(wrong)}", f"缺少或版本不符：{_some(wrong)}")
        yield Finding(check, "fault", text, _REINSTALL)
        return
    if not CONSTRAINTS.is_file():
        text = Label("constraints.txt is not there to compare with", "缺少 constraints.txt，无法比对版本")
        yield Finding(check, "advice", text, _REINSTALL)
        return
    tested = [Requirement(line) for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines() if _is_pin(line)]
    here = [t for t in tested if (t.marker is None or t.marker.evaluate()) and version(t.name) is not None]
    other = [
        f"{t.name} {found}{str(t.specifier).replace('==', ' / ')}"
        for t in here
        if not t.specifier.contains(found := version(t.name) or "", prereleases=True)
    ]
    if other:
        text = Label(
            f"not the versions the project is tested with (installed / tested): {_some(other)}",
            f"与测试所用版本不同（已装 / 测试）：{_some(other)}",
        )
        yield Finding(check, "advice", text, _REINSTALL)
        return
    count = len(here)
    yield Finding(check, "ok", Label(f"{count} of the tested versions", f"{count} 个软件包，均为测试所用版本"))


def _is_pin(line: str) -> bool:
    return bool(re.match(r"[A-Za-z0-9]", line))


def _declared() -> tuple[list[str], dict[str, list[str]]]:
    """Return what the project needs, and what each of its extras does; none where its file did not come along."""
    file = ROOT / "pyproject.toml"
    if not file.is_file():
        return [], {}
    project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
    return project["dependencies"], project.get("optional-dependencies", {})


def _extras() -> Iterator[Finding]:
    from packaging.requirements import Requirement

    have: list[str] = []
    lack: list[str] = []
    for extra, needs in sorted(_declared()[1].items()):
        (have if all(version(Requirement(need).name) for need in needs) else lack).append(extra)
    check = Label("optional extras", "可选组件")
    en, zh = ", ".join(have) or "none", "、".join(have) or "无"
    if not lack:
        yield Finding(check, "ok", Label(en, zh))
        return
    text = Label(f"{en}; not installed: {', '.join(lack)}", f"{zh}；未安装：{'、'.join(lack)}")
    way = f"pip install -c constraints.txt -e '.[{','.join(lack)}]'"
    yield Finding(check, "ok", text, Label(f"only if you need them: {way}", f"仅在需要时安装：{way}"))


def _data() -> Iterator[Finding]:
    check = Label("scenarios and calibration", "情景与校准数据")
    wanted = (ROOT / "scenarios" / "national_rules.csv", ROOT / "calibration" / "targets.yaml")
    lost = [p.relative_to(ROOT).as_posix() for p in wanted if not p.is_file()]
    if lost:
        text = Label(f"not found: {', '.join(lost)}", f"未找到：{'、'.join(lost)}")
        cure = Label(
            "install from the repository with pip install -e . : the data are read from there",
            "请在代码库中用 pip install -e . 安装：数据从代码库读取",
        )
        yield Finding(check, "fault", text, cure)
        return
    cities = sorted(p.parent.parent.name for p in (ROOT / "scenarios").glob("*/region/region.yaml"))
    yield Finding(check, "ok", Label(", ".join(cities), "、".join(cities)))


# ---- the machine --------------------------------------------------------------------------------------


def _fonts() -> Iterator[Finding]:
    from simulator.report.style import FONT_PACKAGE, cjk_font

    check, found = Label("Chinese font", "中文字体"), cjk_font()
    if found is None:
        text = Label("none: figures come out in English", "未找到：图形将以英文输出")
        way = f"install Noto Sans CJK ({FONT_PACKAGE} on Debian and Ubuntu)"
        cure = Label(way, f"请安装 Noto Sans CJK 字体（Debian、Ubuntu 上为 {FONT_PACKAGE}）")
        yield Finding(check, "advice", text, cure)
        return
    yield Finding(check, "ok", Label(found, found))


def _kernels() -> Iterator[Finding]:
    from simulator.study.doctor_kernels import kernels

    found, check = kernels(), Label("compiled kernels", "编译缓存")
    kept, known = len(found.kept), len(found.known)
    warm = Label("make warm", "运行 make warm")
    if found.stale:
        text = Label(
            f"{len(found.stale)} of {kept} are older than code they call and may give wrong figures:"
            f" {_some(found.stale)}",
            f"{kept} 个中有 {len(found.stale)} 个早于其调用的代码，结果可能有误：{_some(found.stale)}",
        )
        yield Finding(check, "fault", text, warm)
    elif not found.writable:
        text = Label("cannot be kept: each start compiles for a minute", "无法写入缓存：每次启动需编译约一分钟")
        cure = Label("set NUMBA_CACHE_DIR to a folder that can be written", "将 NUMBA_CACHE_DIR 设为可写入的文件夹")
        yield Finding(check, "advice", text, cure)
    elif found.folder:
        yield Finding(check, "ok", Label(f"kept in {found.folder}", f"保存在 {found.folder}"))
    elif not kept:
        text = Label("none kept yet: the first run compiles for a minute", "尚无缓存：首次运行需编译约一分钟")
        yield Finding(check, "advice", text, warm)
    else:
        yield Finding(
            check, "ok", Label(f"{kept} of {known} kept, none stale", f"共 {known} 个，已缓存 {kept} 个，均有效")
        )


def _cores() -> Iterator[Finding]:
    from simulator.study.replicates import processors

    count = processors()
    yield Finding(Label("processors", "处理器"), "ok", Label(f"{count} to run on", f"可用 {count} 个"))


def _outputs(folder: Path) -> Iterator[Finding]:
    check = Label("output folder", "输出文件夹")
    above = nearest(folder)
    try:
        with tempfile.TemporaryFile(dir=above) as file:
            file.write(b"ris")
    except OSError as error:
        text = Label(f"{above} cannot be written: {error.strerror}", f"{above} 无法写入：{error.strerror}")
        cure = Label("work in a folder of your own, or give --out", "请在有写入权限的文件夹中运行，或使用 --out")
        yield Finding(check, "fault", text, cure)
        return
    free = float(shutil.disk_usage(above).free)
    text = Label(f"{folder} can be written, {free / 1e9:.1f} GB free", f"{folder} 可写入，剩余 {free / 1e9:.1f} GB")
    if free >= FREE_ENOUGH:
        yield Finding(check, "ok", text)
        return
    cure = Label("delete old folders under outputs: each can be made again", "删除 outputs 下的旧结果：均可重新生成")
    yield Finding(check, "fault" if free < LEAST_FREE else "advice", text, cure)


def _unfinished(folder: Path) -> Iterator[Finding]:
    """Name runs that were stopped and that nobody has gone on with for an hour."""
    from simulator.study.unfinished import stopped_in

    found = stopped_in(folder, lambda last: time.time() - last > LONG_AGO)
    if not found:
        return
    names, size = _some([path.name for path, _ in found]), sum(size for _, size in found) / 1e6
    text = Label(f"{len(found)}, {size:.0f} MB: {names}", f"{len(found)} 个，共 {size:.0f} MB：{names}")
    way = f"ris resume {found[0][0]}"
    cure = Label(f"{way} goes on; or delete the folder", f"运行 {way} 继续，或删除该文件夹")
    yield Finding(Label("unfinished runs", "未完成的运行"), "advice", text, cure)


# ---- the self-test ------------------------------------------------------------------------------------


def _self_test() -> Iterator[Finding]:
    from simulator.study.doctor_selftest import COMMAND, self_test

    check = Label("self-test", "自检")
    try:
        found = self_test()
    except (InputError, KeyError) as error:
        line = str(error).splitlines()[0]
        text = Label(f"could not run: {line}", f"无法运行：{line}")
        yield Finding(check, "fault", text, Label("mend the file that is named", "请修正所指文件"))
        return
    if found.edited:
        text = Label(
            f"{', '.join(found.edited)}: the plan or its city's data were edited, so there is nothing to compare with",
            f"{'、'.join(found.edited)}：规划或城市数据已修改，无可比对的数值",
        )
        cure = Label(
            f"nothing, if the edit was meant ({COMMAND} writes the figures down anew)",
            f"若为有意修改则无需处理（{COMMAND} 可重新记录数值）",
        )
        yield Finding(check, "advice", text, cure)
    if found.different:
        text = Label(
            f"{found.different} of {found.figures} figures are off, by {found.largest:.2g} at most ({found.where})",
            f"{found.figures} 个数值中有 {found.different} 个不符，最大相对差异 {found.largest:.2g}（{found.where}）",
        )
        cure = Label(
            "make warm; if it stays, install the tested versions, and see whether the model's code was edited",
            "运行 make warm；若仍不符，请安装测试所用版本，并检查模型代码是否被修改",
        )
        yield Finding(check, "fault", text, cure)
    elif found.figures:
        text = Label(
            f"{found.figures} figures as they were written down, largest relative difference {found.largest:.2g}",
            f"{found.figures} 个数值与记录一致，最大相对差异 {found.largest:.2g}",
        )
        yield Finding(check, "ok", text)


def _some(names: list[str] | tuple[str, ...]) -> str:
    """Return names as one text, the first few of many."""
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" (+{more})" if more > 0 else "")


def sound(findings: Iterable[Finding]) -> bool:
    """Return whether no check found a fault."""
    return all(f.level != "fault" for f in findings)
