"""The only files that the live page reads and writes: scenarios of a folder, results in another."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.core.problems import InputError, Problem

if TYPE_CHECKING:
    from simulator.scenario import Scenario

OWN = ("targets.yaml", "measures.yaml", "leads.yaml")  # of a city, no scenarios
MB = 1024 * 1024  # bytes
LARGEST_UPLOAD = MB  # as the page says; what is read as YAML has its own limit just under it
MARK = "# Saved from the live page.\n"
_NAME = re.compile(r"[\w][\w-]{0,63}\Z")  # letters of any script, digits, _ and -
_CITY = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")


@dataclass(frozen=True)
class Folders:
    """The folder of scenarios (one folder a city) and that of results; every path is held inside them."""

    scenarios: Path
    outputs: Path

    def cities(self) -> list[str]:
        """Return the ids of the cities with a region and a scenario, in the alphabet's order."""
        root = self.scenarios.resolve()
        if not root.is_dir():
            return []
        found = [p.name for p in sorted(root.iterdir()) if _CITY.match(p.name) and (p / "region").is_dir()]
        return [name for name in found if self.names(name)]

    def names(self, city: str) -> list[str]:
        """Return the scenarios of a city, the plan first, then in the alphabet's order."""
        folder = self._city(city)
        names = [
            p.stem
            for p in sorted(folder.glob("*.yaml"))
            if p.name not in OWN and _NAME.match(p.stem) and self._inside(p, self.scenarios)
        ]
        return sorted(names, key=lambda name: (name != "plan", name))

    def read(self, city: str, name: str) -> Scenario:
        """Return a scenario of a city; raises InputError for what cannot be run."""
        from simulator.study.ensemble import opened

        return opened(self._file(city, name))

    def save(self, city: str, name: str, scenario: Scenario) -> Path:
        """Write a scenario into its city's folder and return the path.

        A file that was not saved from the live page is never replaced. Raises InputError.
        """
        from simulator.study.output import write_scenario

        path = self._file(city, name)
        if path.is_symlink() or (path.exists() and not _is_ours(path)):
            raise _problem(path, "a file of this name is there and was not saved here", name, "another name")
        part = path.with_name(f".{secrets.token_hex(8)}.part")
        try:
            write_scenario(scenario, part)
            text = part.read_text(encoding="utf-8")
            if scenario.baseline and (path.parent / scenario.baseline).is_file():
                text += f"baseline: {scenario.baseline}\n"
            part.write_text(MARK + text, encoding="utf-8")
            os.replace(part, path)
        except OSError as error:
            raise _problem(path, f"cannot be written: {error.strerror}", name, "a folder that can be written") from None
        finally:
            part.unlink(missing_ok=True)
        return path

    def upload(self, city: str, name: str, data: bytes) -> Scenario:
        """Return the scenario in uploaded bytes, read as if it lay in the city's folder; raises InputError."""
        from simulator.study.ensemble import opened

        stem = Path(name).stem if _NAME.match(Path(name).stem) else "uploaded"
        path = self._file(city, stem)
        if len(data) > LARGEST_UPLOAD:
            raise _problem(path, "the file is too large", f"{len(data)} bytes", f"at most {LARGEST_UPLOAD} bytes")
        beside = path.with_name(f".{secrets.token_hex(8)}.yaml")
        try:
            beside.write_bytes(data)
            found = opened(beside)
        except InputError as error:
            raise InputError(replace(p, file=f"{stem}.yaml") for p in error.problems) from None
        finally:
            beside.unlink(missing_ok=True)
        if found.region.id != city:
            raise _problem(path, "a scenario of another city", found.region.id, city)
        return replace(found, path=path)

    def results(self, fingerprint: str) -> Path:
        """Return the folder of results of a scenario of this fingerprint, not made yet."""
        path = self.outputs.resolve() / f"dashboard-{fingerprint[:12]}"
        if not self._inside(path, self.outputs):
            raise _problem(path, "outside the folder of results", path.name, "a folder inside it")
        return path

    def _city(self, city: str) -> Path:
        folder = self.scenarios.resolve() / city
        if not _CITY.match(city) or not self._inside(folder, self.scenarios) or not folder.is_dir():
            raise _problem(self.scenarios, "no such city", city, "a folder of the scenarios")
        return folder.resolve()

    def _file(self, city: str, name: str) -> Path:
        if not _NAME.match(name) or f"{name}.yaml" in OWN:
            raise _problem(self.scenarios / city, "not a name of a scenario", name, "letters, digits, _ and -")
        path = self._city(city) / f"{name}.yaml"
        if not self._inside(path, self.scenarios):
            raise _problem(path, "outside the folder of scenarios", name, "a file inside it")
        return path

    @staticmethod
    def _inside(path: Path, root: Path) -> bool:
        """Return whether a path, symbolic links resolved, lies inside a folder."""
        with suppress(OSError, RuntimeError, ValueError):
            return path.resolve().is_relative_to(root.resolve())
        return False


def _is_ours(path: Path) -> bool:
    with suppress(OSError, UnicodeDecodeError), path.open(encoding="utf-8") as file:
        return file.readline() == MARK
    return False


def _problem(path: Path, what: str, read: str, allowed: str) -> InputError:
    return InputError([Problem(path.name, 1, 1, what, read[:80], allowed)])
