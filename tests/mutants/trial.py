"""One trial: a forked process takes a change in and runs what should notice it.

Three kinds of parent process wait warm. ``compiled`` has the model with its kernels compiled: functions of plain
Python get the changed code object in their place, and a lever's module is put in the old one's place. ``plain`` has
the model without the compiler, for the kernels, which are plain functions there. ``bare`` has only what the model
imports: a change outside functions is imported anew.
"""

from __future__ import annotations

import functools
import gc
import importlib
import importlib.abc
import importlib.util
import io
import json
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

from tests.mutants.operators import ROOT, Mutant

KERNELS = ("luck", "terms_kernels", "population", "elementary", "common")
TESTS = {  # what is run for a module, besides the figures; the fast ones first
    "declare": ("test_terms", "test_parameters"),
    "elementary": ("test_elementary",),
    "ledger": ("test_ledger", "test_terms"),
    "luck": ("test_luck",),
    "memory": ("test_memory",),
    "parameters": ("test_parameters", "test_scenario"),
    "population": ("test_population",),
    "problems": ("test_reading", "test_scenario"),
    "reading": ("test_reading", "test_scenario"),
    "terms": ("test_terms",),
    "terms_kernels": ("test_terms",),
    "units": ("test_reading", "test_scenario"),
    "common": ("test_levers", "test_lever_offers"),
}
SLOW = (  # properties whose examples take seconds each
    "tests/test_scenario.py::test_a_value_of_any_shape_anywhere_is_read_or_refused",
    "tests/test_scenario.py::test_no_bytes_raise_anything_but_an_input_error",
    "tests/test_reading.py::test_plain_undoes_node_of",
)
SURVIVORS = "test_survivors"  # written for changes that nothing else saw
SEEN, UNSEEN = 1, 0


def module_of(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".")


def short(file: str) -> str:
    return module_of(file).rpartition(".")[2]


def is_lever(file: str) -> bool:
    return "/levers/" in file and short(file) != "common"


def kind_of(mutant: Mutant) -> str:
    """Return which parent process a change needs."""
    if short(mutant.file) in KERNELS:
        return "plain" if mutant.scope else "bare"
    if short(mutant.file) == "memory":
        return "bare"  # is run when it is imported
    return "compiled" if mutant.scope or is_lever(mutant.file) else "bare"


# ---- the parent ---------------------------------------------------------------------------------------


def without_the_compiler() -> None:
    import numba

    numba.config.DISABLE_JIT = 1  # type: ignore[attr-defined]
    from tests.currency import without_the_compiler as plain

    plain()


@dataclass
class Warm:
    """What a parent process holds for its children: the right figures, and every cache of the model."""

    kind: str
    right: dict[bool, list[dict[str, Any]]]  # by whether it is without the compiler
    caches: list[Any]
    scenarios: list[Any]  # where a child need not read them anew


def warm(kind: str) -> Warm:
    """Make this process a parent of one kind."""
    import hypothesis
    import numba  # noqa: F401
    import pytest  # noqa: F401
    import ruamel.yaml  # noqa: F401

    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    hypothesis.settings.register_profile("mutants", deadline=None, derandomize=True, max_examples=25, database=None)
    if kind == "bare":
        import matplotlib  # noqa: F401
        import pandas  # noqa: F401
        import pyarrow.parquet  # noqa: F401
        import scipy.stats  # noqa: F401
        import typer  # noqa: F401

        return Warm(kind, {plain: _in_a_child(plain) for plain in (False, True)}, [], [])
    if kind == "plain":
        without_the_compiler()
    from tests.mutants import figures

    scenarios = figures.scenarios(kind == "plain")
    right = {kind == "plain": [figures.figures(s) for s in scenarios]}
    import simulator.cli
    import simulator.report.odd  # noqa: F401

    caches = [
        o
        for o in gc.get_objects()
        if type(o) is functools._lru_cache_wrapper and (o.__module__ or "").startswith(("simulator", "tests"))
    ]
    gc.collect()
    gc.freeze()
    return Warm(kind, right, caches, scenarios if kind == "plain" else [])


def _in_a_child(plain: bool) -> list[dict[str, Any]]:
    """Return the right figures from a process of their own, so that this one has imported nothing of the model."""
    with tempfile.TemporaryFile("w+") as file:
        pid = os.fork()
        if not pid:
            try:
                if plain:
                    without_the_compiler()
                from tests.mutants import figures

                json.dump([figures.figures(s) for s in figures.scenarios(plain)], file)
                file.flush()
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        file.seek(0)
        return json.load(file)


# ---- taking a change in -------------------------------------------------------------------------------


def _codes(code: CodeType) -> Iterator[CodeType]:
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield const
            yield from _codes(const)


def _function(module: ModuleType, scope: str) -> FunctionType:
    """Return a function of a module by its qualified name, without what is wrapped around it."""
    *owners, name = scope.split(".")
    owner: Any = module
    for part in owners:
        owner = getattr(owner, part)
    found = vars(owner)[name]
    while not isinstance(found, FunctionType) or hasattr(found, "__wrapped__"):
        found = next(
            getattr(found, inner) for inner in ("__wrapped__", "fget", "pyfunc", "__func__") if hasattr(found, inner)
        )
    return found


def put_function(mutant: Mutant, text: str) -> None:
    """Give a function its changed code, wherever it has been imported to."""
    module = importlib.import_module(module_of(mutant.file))
    function = _function(module, mutant.scope)
    new = [c for c in _codes(compile(text, str(ROOT / mutant.file), "exec")) if c.co_qualname == mutant.scope]
    function.__code__ = new[-1].replace(co_freevars=function.__code__.co_freevars)
    layouts = getattr(module, "_LAYOUTS", None)
    if layouts is not None:
        layouts.clear()


def put_lever(mutant: Mutant, text: str) -> None:
    """Put a changed lever in the old one's place."""
    import simulator.levers
    from simulator.model import LEVERS

    name = module_of(mutant.file)
    module = ModuleType(name)
    module.__file__ = str(ROOT / mutant.file)
    module.__package__ = "simulator.levers"
    old, sys.modules[name] = sys.modules[name], module
    exec(compile(text, module.__file__, "exec"), vars(module))
    setattr(simulator.levers, short(mutant.file), module)
    LEVERS[old.LEVER.name] = module.LEVER


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a changed text."""

    def __init__(self, mutant: Mutant, text: str) -> None:
        self.name, self.file, self.text = module_of(mutant.file), str(ROOT / mutant.file), text

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.file, loader=self)

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.text, self.file, "exec"), vars(module))


def take_in(mutant: Mutant, held: Warm) -> None:
    text = mutant.text((ROOT / mutant.file).read_bytes())
    for cache in held.caches:
        cache.cache_clear()
    if held.kind == "bare":
        sys.meta_path.insert(0, Changed(mutant, text))
        importlib.import_module(module_of(mutant.file))
    elif is_lever(mutant.file):
        put_lever(mutant, text)
    else:
        put_function(mutant, text)


# ---- noticing it --------------------------------------------------------------------------------------


class OnlyOne:
    """Leaves out the cases of a test that are about other levers."""

    def __init__(self, lever: str) -> None:
        self.lever = lever

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        def other(item: Any) -> bool:
            one = getattr(item, "callspec", None) and item.callspec.params.get("lever")
            return one is not None and getattr(one, "name", self.lever) != self.lever

        items[:] = [i for i in items if not other(i)]


def passes(tests: Iterable[str], lever: str | None = None) -> bool:
    import pytest

    files = [f"tests/{name}.py" for name in tests if (ROOT / "tests" / f"{name}.py").exists()]
    options = ["-x", "-q", "-m", "not slow", "--hypothesis-profile=mutants", "-W", "ignore"]
    options += ["-p", "no:cacheprovider", "-p", "_hypothesis_pytestplugin", *(f"--deselect={test}" for test in SLOW)]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return pytest.main([*options, *files], plugins=[OnlyOne(lever)] if lever else []) == 0


def figures_hold(file: str, held: Warm) -> bool:
    from tests.mutants import figures

    plain = short(file) in KERNELS
    scenarios = held.scenarios or figures.scenarios(plain)
    return all(figures.same(was, figures.figures(s)) for was, s in zip(held.right[plain], scenarios, strict=True))


def declarations_hold() -> bool:
    """Return whether the committed tables of parameters and of settings are those of the code."""
    from simulator.report import odd

    page = odd.PAGE.read_text(encoding="utf-8")
    return all(f"\n\n{odd.SECTIONS[name]()}\n" in page for name in ("parameters", "levers"))


def offers_hold(lever: str) -> bool:
    """Return whether a lever makes the offers that are written down."""
    from tests.lever_offers import FILE, all_offers

    was = json.loads(FILE.read_text(encoding="utf-8"))["offers"]
    mine = {k: v for k, v in was.items() if k.partition(":")[0] == lever}
    return mine == json.loads(json.dumps(all_offers([lever])))


def checks(file: str, held: Warm) -> Iterator[Callable[[], bool]]:
    """Yield what should notice a change of a file, in the order in which it is tried."""
    if is_lever(file):
        yield declarations_hold
        yield lambda: offers_hold(short(file))
        yield lambda: figures_hold(file, held)
        yield lambda: passes(("test_levers",), short(file))
        return
    yield lambda: passes((*TESTS.get(short(file), ()), SURVIVORS))
    yield lambda: figures_hold(file, held)


def seen(mutant: Mutant | None, file: str, held: Warm) -> bool:
    try:
        if held.kind == "bare" and short(file) in KERNELS:
            without_the_compiler()
        if mutant is not None:
            take_in(mutant, held)
        return not all(check() for check in checks(file, held))
    except BaseException:
        return True


def _be_quiet() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.stdout = sys.stderr = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), line_buffering=True)


def fork(mutant: Mutant | None, file: str, held: Warm, seconds: float) -> int:
    """Start a trial in a child process and return its id; it ends with SEEN or UNSEEN, or by the time limit."""
    pid = os.fork()
    if pid:
        return pid
    code = SEEN
    try:
        signal.setitimer(signal.ITIMER_REAL, 40.0 * seconds)  # others may use the processor too
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
        _be_quiet()
        code = SEEN if seen(mutant, file, held) else UNSEEN
    finally:
        os._exit(code)


def outcome(status: int) -> str:
    """Return how a trial ended, by the status of its process."""
    if os.WIFSIGNALED(status):
        return "timeout" if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGALRM, signal.SIGKILL) else "killed"
    return "survived" if os.WEXITSTATUS(status) == UNSEEN else "killed"


def normal(file: str, held: Warm) -> float:
    """Return the processor time (s) that a trial of a file takes where nothing is changed.

    Raises RuntimeError if the tests see a change where there is none.
    """
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    _, status = os.waitpid(fork(None, file, held, 600.0), 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if outcome(status) != "survived":
        raise RuntimeError(f"the tests of {file} do not pass as it is ({held.kind})")
    return after.ru_utime + after.ru_stime - began.ru_utime - began.ru_stime
