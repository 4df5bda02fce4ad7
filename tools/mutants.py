# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Mutation testing of the core: break it in one place at a time, and see whether its tests notice.

Tools made for this rewrite files in place or copy a package; neither goes well with a core that lives in a namespace
package. Here a mutant is a changed syntax tree that the import system is handed instead of the file, in a process that
is forked from one where pytest and requests are loaded already. No file is written.

Texts for people (a string with a space in it) are left alone: their wording is not what a verdict depends on.

    tools/mutants.py [--jobs 2] [--show] [--again OUTPUT] [--lines 1-99] [-k EXPRESSION] [gate.py ...]

A run takes long where a test needs a server: leave out what cannot matter with -k (as in pytest), and run what survived
once more with all of it (--again).
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
PACKAGE = "ansible_collections.lumenfall.cloud.plugins.module_utils._core"
CORE = ROOT.joinpath(*PACKAGE.split("."))
# A mutant that hangs was noticed: its tests do not end.
TIMEOUT_SECONDS = 300

#: What concerns each file, the quickest first.
TESTS: dict[str, tuple[str, ...]] = {
    "gate.py": ("test_gate.py", "test_balance.py"),
    "balance.py": ("test_balance.py", "test_gate.py", "test_fuzz.py"),
    "retry.py": ("test_retry.py", "test_client.py", "test_fuzz.py"),
    "text.py": ("test_text.py", "test_gate.py", "test_settings.py", "test_fuzz.py"),
    "answer.py": ("test_answer.py", "test_client.py", "test_faults.py"),
    "client.py": ("test_client.py", "test_network.py", "test_settings.py", "test_faults.py"),
    "settings.py": ("test_settings.py", "test_client.py", "test_network.py"),
    "values.py": ("test_settings.py", "test_fuzz.py"),
    "credentials.py": ("test_settings.py",),
    "transport.py": ("test_transport.py", "test_settings.py", "test_client.py", "test_network.py", "test_faults.py"),
    "wire.py": ("test_client.py", "test_network.py", "test_faults.py"),
    "framing.py": ("test_client.py", "test_network.py", "test_faults.py"),
    "diagnosis.py": ("test_client.py", "test_network.py", "test_faults.py"),
    "proxy.py": ("test_proxy.py", "test_network.py"),
    "clocks.py": ("test_clocks.py",),
    "errors.py": ("test_gate.py", "test_answer.py", "test_client.py"),
}
#: Not broken: the list of what is public, and the version.
_PLAIN = {"__init__.py", "_version.py"}

_SWAPS: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.LShift: (ast.RShift,),
}


_CONDITIONAL = (ast.If, ast.While, ast.IfExp)


class Mutant(NamedTuple):
    """One change: where, what it says, and the whole tree with it."""

    line: int
    what: str
    tree: ast.Module


def mutants(source: str, lines: range) -> Iterator[Mutant]:
    """Every mutant of some lines of a file, in their order."""
    original = ast.parse(source)
    for index, (node, _) in enumerate(_candidates(original)):
        line = getattr(node, "lineno", 0)
        if line not in lines:
            continue
        for change in range(len(_changes(node))):
            tree = copy.deepcopy(original)
            target, place = _candidates(tree)[index]
            replacement = _changes(target)[change]
            before = _text(target)
            parent, field, position = place
            if position is None:
                setattr(parent, field, replacement)
            else:
                getattr(parent, field)[position] = replacement
            what = f"{before}  ->  {_text(replacement)}"
            if isinstance(target, _CONDITIONAL) and isinstance(replacement, _CONDITIONAL):
                what = f"if {_text(target.test)}  ->  if {_text(replacement.test)}"
            yield Mutant(line, what, ast.fix_missing_locations(tree))


_Place = tuple[ast.AST, str, "int | None"]


def _candidates(tree: ast.AST) -> list[tuple[ast.AST, _Place]]:
    """The nodes that can be changed, each with its place; no hints, no docstrings, nothing for checkers alone."""
    found: list[tuple[ast.AST, _Place]] = []

    def visit(parent: ast.AST) -> None:
        for field, value in ast.iter_fields(parent):
            if field in ("annotation", "returns", "decorator_list"):
                continue
            for position, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if not isinstance(node, ast.AST) or _is_skipped(node):
                    continue
                found.append((node, (parent, field, position)))
                if not isinstance(node, ast.JoinedStr):
                    visit(node)

    visit(tree)
    return found


def _is_skipped(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return True
    return isinstance(node, (ast.Import, ast.ImportFrom)) or (
        isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("Layer", "__slots__")
    )


def _of_compare(node: ast.Compare) -> Iterator[ast.AST]:
    for position, operator in enumerate(node.ops):
        for other in _SWAPS.get(type(operator), ()):
            changed = copy.deepcopy(node)
            changed.ops[position] = other()
            yield changed


def _of_bool_op(node: ast.BoolOp) -> Iterator[ast.AST]:
    changed = copy.deepcopy(node)
    changed.op = _SWAPS[type(node.op)][0]()
    yield changed
    # Without one of its parts.
    for position in range(len(node.values)):
        rest = [copy.deepcopy(value) for index, value in enumerate(node.values) if index != position]
        yield rest[0] if len(rest) == 1 else ast.BoolOp(op=copy.deepcopy(node.op), values=rest)


def _of_bin_op(node: ast.BinOp) -> Iterator[ast.AST]:
    for other in _SWAPS.get(type(node.op), ()):
        changed = copy.deepcopy(node)
        changed.op = other()
        yield changed


def _of_unary_op(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, (ast.Not, ast.USub)):
        yield copy.deepcopy(node.operand)


def _of_constant(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, (int, float)):
        yield ast.Constant(value + 1)
    elif isinstance(value, str) and " " not in value.strip(" "):
        yield ast.Constant(f"XX{value}")
    elif isinstance(value, bytes):
        yield ast.Constant(b"XX" + value)


def _of_condition(node: ast.If | ast.While | ast.IfExp) -> Iterator[ast.AST]:
    for fixed in (False,) if isinstance(node, ast.While) else (True, False):
        changed = copy.deepcopy(node)
        changed.test = ast.Constant(fixed)
        yield changed


def _of_return(node: ast.Return) -> Iterator[ast.AST]:
    if node.value is not None and ast.unparse(node.value) != "None":
        yield ast.Return(ast.Constant(None))


def _of_statement(node: ast.AST) -> Iterator[ast.AST]:
    if not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call):
        yield ast.Pass()


def _of_handler(node: ast.ExceptHandler) -> Iterator[ast.AST]:
    for position in range(len(node.type.elts) if isinstance(node.type, ast.Tuple) else 0):
        changed = copy.deepcopy(node)
        assert isinstance(changed.type, ast.Tuple)
        del changed.type.elts[position]
        yield changed


def _of_call(node: ast.Call) -> Iterator[ast.AST]:
    for position in range(len(node.keywords)):
        changed = copy.deepcopy(node)
        del changed.keywords[position]
        yield changed


_CHANGES: dict[type[ast.AST], Callable[[Any], Iterator[ast.AST]]] = {
    ast.Compare: _of_compare,
    ast.BoolOp: _of_bool_op,
    ast.BinOp: _of_bin_op,
    ast.UnaryOp: _of_unary_op,
    ast.Constant: _of_constant,
    **dict.fromkeys(_CONDITIONAL, _of_condition),
    ast.Return: _of_return,
    **dict.fromkeys((ast.Raise, ast.Break, ast.Continue, ast.AugAssign, ast.Delete, ast.Expr), _of_statement),
    ast.ExceptHandler: _of_handler,
    ast.Call: _of_call,
}


def _changes(node: ast.AST) -> list[ast.AST]:
    """What a node can be changed into."""
    change = _CHANGES.get(type(node))
    return [ast.copy_location(each, node) for each in change(node)] if change else []


def _text(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 100 else f"{text[:97]}..."


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Hands out one module from a tree."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self._name, self._path, self._tree = name, path, tree

    def find_spec(self, fullname: str, _path: object, _target: object = None) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)

    def exec_module(self, module: object) -> None:
        exec(compile(self._tree, str(self._path), "exec"), module.__dict__)  # noqa: S102 - our own source, changed


def _run(file: str, tree: ast.Module | None, log: int, keep: str) -> int:
    """In a child: run the tests of a file against a mutant (or, without one, against the file as it is)."""
    import pytest

    os.setpgid(0, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if tree is not None:
        sys.meta_path.insert(0, _Mutated(f"{PACKAGE}.{file.removesuffix('.py')}", CORE / file, tree))
    tests = [f"tests/unit/{name}" for name in TESTS[file]]
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-profile=mutants"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning", "-k", keep]
    return int(pytest.main([*options, *tests]))


def _outdated() -> list[str]:
    """What `TESTS` names and is not there, and which files of the core it does not name."""
    named = {file for tests in TESTS.values() for file in tests}
    missing = sorted(file for file in named if not (ROOT / "tests" / "unit" / file).exists())
    differing = sorted({file.name for file in CORE.glob("*.py")} ^ {*TESTS, *_PLAIN})
    return [
        *(f"no tests/unit/{file}" for file in missing),
        *(f"in the core or in TESTS alone: {name}" for name in differing),
    ]


def _preload() -> None:
    """Load what every child needs, and nothing of the core."""
    import hypothesis
    import pytest  # noqa: F401
    import requests  # noqa: F401
    import trustme  # noqa: F401

    import support.fault_server
    import support.faults  # noqa: F401

    # The same examples for each mutant, and few: most die of the first.
    hypothesis.settings.register_profile("mutants", derandomize=True, max_examples=100, database=None, deadline=None)
    loaded = [name for name in sys.modules if name.startswith(PACKAGE)]
    assert not loaded, loaded


def _survived(file: str, mutant: Mutant) -> str:
    return f"  survived {file}:{mutant.line}  {mutant.what}"


def survivors(file: str, jobs: int, earlier: str | None, lines: range, keep: str) -> tuple[int, list[Mutant]]:
    """Run the mutants of a file: how many there are, and those that no test noticed.

    Args:
        file: Its name.
        jobs: How many to run at once.
        earlier: The output of an earlier run: of it, only the survivors are run again.
        lines: Of the file, the ones that are changed.
        keep: Which tests: pytest's -k.
    """
    log = os.open(os.devnull, os.O_WRONLY)
    running: dict[int, tuple[Mutant, float]] = {}
    alive: list[Mutant] = []
    # One at a time: a child is forked sooner from a parent that holds little.
    pending = mutants((CORE / file).read_text(encoding="utf-8"), lines)
    total, exhausted = 0, False
    while not exhausted or running:
        while not exhausted and len(running) < jobs:
            mutant = next(pending, None)
            if mutant is None:
                exhausted = True
                break
            total += 1
            if earlier is not None and _survived(file, mutant) not in earlier:
                continue
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    code = _run(file, mutant.tree, log, keep)
                finally:
                    os._exit(code)
            running[pid] = (mutant, time.monotonic())
        pid, status = os.waitpid(-1, os.WNOHANG) if running else (0, 0)
        if pid:
            mutant, _started = running.pop(pid)
            if os.waitstatus_to_exitcode(status) == 0:
                alive.append(mutant)
                print(_survived(file, mutant), flush=True)
            continue
        for pid, (_mutant, started) in running.items():
            if time.monotonic() - started > TIMEOUT_SECONDS:
                os.killpg(pid, signal.SIGKILL)
        time.sleep(0.05)
    os.close(log)
    return total, alive


def main(arguments: Sequence[str]) -> int:
    """Run the mutants of the files, and print what survived and the score."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--show", action="store_true", help="list the mutants and run nothing")
    parser.add_argument("--again", type=Path, help="run only the survivors that an earlier run's output lists")
    parser.add_argument("--lines", default="1-99999", help="only the mutants of these lines, such as 100-199")
    parser.add_argument("-k", default="not test_fault or not slow", help="which tests, as in pytest")
    parser.add_argument("files", nargs="*", default=list(TESTS))
    options = parser.parse_args(arguments)
    outdated = _outdated()
    if outdated:
        print("\n".join(f"tools/mutants.py: {what}" for what in outdated), file=sys.stderr)
        return 1
    first, last = map(int, options.lines.split("-"))
    lines = range(first, last + 1)
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    if options.show:
        for file in options.files:
            for mutant in mutants((CORE / file).read_text(encoding="utf-8"), lines):
                print(f"{file}:{mutant.line}  {mutant.what}")
        return 0
    earlier = options.again and options.again.read_text(encoding="utf-8")
    _preload()
    rows = []
    for file in options.files:
        pid = os.fork()
        if pid == 0:
            os._exit(_run(file, None, 2, options.k))
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
            print(f"{file}: its tests fail without a mutant too", file=sys.stderr)
            return 1
        started = time.monotonic()
        total, alive = survivors(file, options.jobs, earlier, lines, options.k)
        rows.append((file, total, total - len(alive)))
        print(f"{file}: {total} mutants, {total - len(alive)} noticed ({time.monotonic() - started:.0f} s)", flush=True)
    total, noticed = sum(row[1] for row in rows), sum(row[2] for row in rows)
    print("\n| file | mutants | noticed | score |\n|---|---|---|---|")
    for file, all_of_it, some in [*rows, ("all", total, noticed)]:
        print(f"| {file} | {all_of_it} | {some} | {some / all_of_it:.1%} |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
