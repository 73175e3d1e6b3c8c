"""The documentation says what is there: generated tables, links, commands, and names of parameters and terms."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from simulator.cli import app
from simulator.core.declare import Mechanism
from simulator.model import SCHEDULE, SWITCHES
from simulator.report import odd
from simulator.world.terms import TERMS

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    "README.md",
    "CHANGELOG.md",
    "simulator/ODD.md",
    "simulator/DECISIONS.md",
    "calibration/README.md",
    "outputs/README.md",
)
README = (ROOT / "README.md").read_text("utf-8")
ODD = odd.PAGE.read_text("utf-8")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as they are made on the web."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def _blocks(language: str) -> list[str]:
    blocks = re.findall(r"^```([^\n]*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [text for mine, text in blocks if mine == language]


def _commands() -> Iterator[str]:
    for block in _blocks(""):
        yield from (line for line in block.splitlines() if line.strip())
    yield from re.findall(r"`((?:make|ris|python -m) [^`<]+)`", README)


def test_the_generated_tables_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert odd.main(["--check"]) == 0, capsys.readouterr().out + "write them with: python -m simulator.report.odd"


def test_a_stale_page_is_noticed_and_written_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "ODD.md"
    page.write_text(ODD.replace("| `relabelling` | `on` |", "| `relabelling` | `off` |"), "utf-8")
    assert odd.main(["--check"], page) == 1
    assert "relabelling" in capsys.readouterr().out
    assert odd.main([], page) == 0
    assert page.read_text("utf-8") == odd.filled(ODD)


def test_a_page_without_a_marker_is_refused() -> None:
    with pytest.raises(odd.MarkerError):
        odd.filled(ODD.replace("<!-- generated:terms -->", ""))


@pytest.mark.parametrize("mechanism", SCHEDULE, ids=lambda m: m.name)
def test_every_mechanism_has_a_submodel_whose_names_exist(mechanism: Mechanism) -> None:
    section = re.search(rf"### 7\.\d+ [^\n]*\(`{mechanism.name}`\)\n(.*?)(?=\n### )", ODD, re.DOTALL)
    assert section, f"ODD.md has no submodel section for {mechanism.name}"
    own = {f.name for f in fields(mechanism.Parameters)}
    named = set(re.findall(r"`(\w+)`", section[1]))
    unknown = sorted(named - own - set(TERMS) - set(SWITCHES))
    assert not unknown, f"ODD.md, {mechanism.name}: these are neither its parameters nor terms nor switches"
    assert len(named & own) >= len(own) / 3, f"ODD.md, {mechanism.name}: most parameters go unmentioned"


def test_every_term_is_named_and_used_on_both_sides() -> None:
    prose = ODD[ODD.index("## 7 Submodels") : ODD.index("## Tables")]
    assert [t for t in TERMS if f"`{t}`" not in prose] == []
    assert [t for t in TERMS if not odd.offered_by(t)] == []
    assert [t for t in TERMS if not odd.taken_up_by(t)] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_resolve(page: str) -> None:
    here = ROOT / page
    broken = []
    for link in _LINK.findall(here.read_text("utf-8")):
        target, _, anchor = link.partition("#")
        if target.startswith(("http://", "https://")):
            continue
        path = (here.parent / target).resolve() if target else here
        if not path.exists() or (anchor and anchor not in _anchors(path)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("command", sorted(set(_commands())))
def test_commands_exist(command: str) -> None:
    words = shlex.split(command)
    program, rest = Path(words[0]).name, words[1:]
    if program == "make":
        makefile = (ROOT / "Makefile").read_text("utf-8")
        assert all(re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE) for target in rest)
    elif program == "python":
        assert rest[0] == "-m"
        assert importlib.util.find_spec(rest[1])
    else:
        assert program == "ris"
        group = get_command(app)
        assert isinstance(group, TyperGroup)
        found = group.commands.get(rest[0])
        assert found, f"no command {rest[0]}"
        arguments = [word for word in rest[1:] if word != "--help"]
        if arguments:
            found.make_context(rest[0], arguments)  # raises for an unknown option or value
        missing = [word for word in arguments if word.endswith(".yaml") and not (ROOT / word).is_file()]
        assert not missing


def test_the_python_examples_are_python_and_their_names_exist() -> None:
    examples = _blocks("python")
    names = [
        a.name for text in examples for n in ast.walk(ast.parse(text)) if isinstance(n, ast.ImportFrom) for a in n.names
    ]
    package = importlib.import_module("simulator")
    assert names
    assert all(hasattr(package, name) for name in names)


def test_places_in_the_readme_exist() -> None:
    named = set(re.findall(r"`((?:simulator|calibration|scenarios|outputs|tests)/[\w/.]+)`", README))
    assert [place for place in sorted(named) if not (ROOT / place).exists()] == []


def test_exit_codes_are_those_of_the_command() -> None:
    from simulator import cli

    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert {0, cli.INPUT_WRONG, cli.RUNS_FAILED, cli.INTERRUPTED} <= listed
