"""boa's coverage plugin with its counting put right.

`boa.coverage` (titanoboa 0.2.8) hands coverage.py the syntax node of every program counter and lets it draw its own
conclusions, which are wrong in both directions:

* A node reports all lines from its first to its last. Whoever evaluates the test of an `if` has "executed" its body,
  and whoever leaves a function through its shared exit has "executed" the whole function.
* An arc is recorded between neighbouring lines of one such range, not between statements. `if` to its body counts as
  taken whenever the test was evaluated; `if` to the statement behind its body is never recorded at all.
* A first line of an expression that is not the statement's counts as a line of its own; statements without a node of
  their own (a bare `return`, a zero that was there already) count as never executed.
* Conditional expressions are no branches.
* Nodes come out of titanoboa's disk cache with the paths they were first compiled under: after a move of
  the folder nothing is recorded.

Here a branch is a conditional jump of the EVM that belongs to an `if` or a conditional expression, and a side of it is
covered when a call went that way (`coverage_branches`). Everything else is upstream's: the hook into its environment,
the syntax tree, the reporter. Later versions of titanoboa look at the jumps too, but want the optimiser turned off;
this counts in the code that is deployed.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import Any

import boa
import coverage
from boa.coverage import TitanoboaPlugin, TitanoboaReporter
from boa.environment import Env

from tests.support.coverage_branches import (
    ENTRY,
    INLINE,
    Arc,
    Sites,
    branches,
    functions,
    read,
    sides,
    statements,
)

ROOT = Path(__file__).resolve().parents[2]


class VyperPlugin(TitanoboaPlugin):
    """Branch coverage of Vyper files, recorded straight into coverage.py's data."""

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self._pending: dict[str, set[Arc]] = defaultdict(set)

    def configure(self, config: Any) -> None:
        if not config.get_option("run:branch"):
            raise coverage.CoverageException("coverage of the contracts is measured with branches only")

    def file_tracer(self, filename: str) -> None:
        """No Python frame stands for a line of Vyper."""

    def file_reporter(self, filename: str) -> VyperReporter:
        return VyperReporter(filename)

    def record(self, env: Env, computation: Any, contract: Any = None) -> None:
        """Take in a call and all the calls it made. It replaces Env._trace_computation."""
        self._gather(env, computation, contract)
        running = coverage.Coverage.current()
        if self._pending and running is not None:
            data = running.get_data()
            data.add_arcs(self._pending)
            data.add_file_tracers(dict.fromkeys(self._pending, f"{__name__}.{type(self).__name__}"))
            self._pending.clear()

    def _gather(self, env: Env, computation: Any, contract: Any) -> None:
        sites = _sites(computation, contract)
        if sites is not None:
            for path, arc in sites.news(computation.code._trace):
                # the compiler's own helpers and boa's evaluated expressions come from no file
                if path is not None and path.endswith(".vy"):
                    self._pending[path].add(arc)
        for child in computation.children:
            called = env._lookup_contract_fast(child.msg.code_address) if child.msg.code_address else None
            # a test may have put other code at the address
            same = getattr(called, "bytecode", None) == child.code._raw_code_bytes
            self._gather(env, child, called if same else None)


def _sites(computation: Any, contract: Any) -> Sites | None:
    """Made once for each compilation, and kept where its source map is."""
    source_map = getattr(contract, "source_map", None)
    if source_map is None:
        return None
    if "sites" not in source_map:
        code = computation.code._raw_code_bytes
        if computation.msg.is_create:
            # behind the constructor lies the code to be deployed, which does not run here
            code = code.partition(contract.compiler_data.bytecode_runtime)[0]
        source_map["sites"] = read(code, source_map["pc_raw_ast_map"])
    return source_map["sites"]


class VyperReporter(TitanoboaReporter):
    """What there is to cover in a file."""

    @cached_property
    def _branches(self) -> list[Any]:
        return branches(self._ast)

    @cached_property
    def _lines(self) -> set[int]:
        return {one.lineno for function in functions(self._ast) for one in statements(function.body)}

    def arcs(self) -> set[Arc]:
        entries = {(ENTRY, line) for line in self._lines}
        return entries | {arc for node in self._branches for arc in sides(node)}

    def exit_counts(self) -> dict[int, int]:
        counts: dict[int, int] = defaultdict(int)
        for node in self._branches:
            counts[node.lineno] += 2
        return dict(counts)

    def describe(self, line: int, target: int) -> str:
        """A side in words: `63 never false`, `90:12 never true` for a conditional expression in column 12."""
        node, truth = next(
            (node, truth)
            for node in self._branches
            for truth, arc in zip((True, False), sides(node))
            if arc == (line, target)
        )
        place = f"{line}:{node.col_offset}" if target <= -INLINE else str(line)
        return f"{place} never {str(truth).lower()}"


def coverage_init(registry: Any, options: Any) -> None:
    """Called by coverage.py for each plugin that its configuration names."""
    plugin = VyperPlugin(options)
    registry.add_file_tracer(plugin)
    registry.add_configurer(plugin)
    # set on the class, as upstream does: environments come and go
    Env._coverage_enabled = True
    Env._trace_computation = lambda env, computation, contract=None: plugin.record(env, computation, contract)
    place = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    boa.interpret.set_cache_dir(str(ROOT / ".cache" / f"titanoboa-{place}"))
