"""Statements and branches of Vyper code, and what the program counters of a compiled contract say about them.

A branch is one side of an `if`, an `elif` or a conditional expression. An arc is a pair of integers, as coverage.py
has them: a statement is (ENTRY, its line), a side of an `if` is (line, line of the statement it leads to, or minus the
function's line for its end), a side of a conditional expression is (line, a number below -INLINE, made of its column).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from vyper import ast as vy

Arc = tuple[int, int]
Mark = tuple[str, Arc]  # file, arc

ENTRY = -1
INLINE = 10**6
JUMP, JUMPI, PUSH0, PUSH32 = 0x56, 0x57, 0x5F, 0x7F

REVERT = [0x5B, 0x5F, 0x80, 0xFD]  # JUMPDEST PUSH0 DUP1 REVERT: where failing checks without a reason lead
LEAVE = (vy.Return, vy.Raise, vy.Break, vy.Continue)

Instruction = tuple[int, int, int]  # program counter, opcode, value pushed or 0


# ---- the source ---------------------------------------------------------------------------------


def block_of(statement: vy.VyperNode) -> Sequence[vy.VyperNode] | None:
    """The list of statements that this one stands in; None for what is not a statement of a function."""
    parent = statement._parent
    if not isinstance(parent, (vy.FunctionDef, vy.If, vy.For)):
        return None
    for block in (parent.body, getattr(parent, "orelse", None) or []):
        if any(one is statement for one in block):
            return block
    return None


def statement_of(node: vy.VyperNode | None) -> vy.VyperNode | None:
    """The innermost statement that the node is a part of."""
    while node is not None and not isinstance(node, vy.FunctionDef):
        if block_of(node) is not None:
            return node
        node = node._parent
    return None


def following(statement: vy.VyperNode) -> int:
    """The line that control reaches after the statement; minus the function's line if that is its end."""
    block = block_of(statement)
    index = _index(block, statement)
    if index + 1 < len(block):
        return block[index + 1].lineno
    parent = statement._parent
    if isinstance(parent, vy.FunctionDef):
        return -parent.lineno
    if isinstance(parent, vy.For):
        return parent.lineno
    return following(parent)


def sides(node: vy.If | vy.IfExp) -> tuple[Arc, Arc]:
    """The arcs of the true and of the false side."""
    if isinstance(node, vy.IfExp):
        column = INLINE + 2 * node.col_offset
        return (node.lineno, -column), (node.lineno, -column - 1)
    false = node.orelse[0].lineno if node.orelse else following(node)
    return (node.lineno, node.body[0].lineno), (node.lineno, false)


def functions(module: vy.Module) -> list[vy.FunctionDef]:
    return module.get_children(vy.FunctionDef)


def branches(module: vy.Module) -> list[vy.If | vy.IfExp]:
    return [node for f in functions(module) for node in f.get_descendants((vy.If, vy.IfExp))]


def statements(body: Iterable[vy.VyperNode]) -> Iterator[vy.VyperNode]:
    for statement in body:
        yield statement
        for inner in (getattr(statement, "body", None), getattr(statement, "orelse", None)):
            if isinstance(statement, (vy.If, vy.For)) and inner:
                yield from statements(inner)


def _index(block: Sequence[vy.VyperNode], statement: vy.VyperNode) -> int:
    return next(i for i, one in enumerate(block) if one is statement)


# ---- the code -----------------------------------------------------------------------------------


@dataclass
class Sites:
    """What the program counters of one compiled contract stand for.

    at: marks of the statement that an instruction belongs to
    jumps: of each conditional jump the side it falls into and the side it jumps to
    unclear: the same where the two cannot be told apart; both count once both ways were gone, and neither before
    """

    at: dict[int, tuple[Mark, ...]]
    jumps: dict[int, tuple[Mark, Mark]]
    unclear: dict[int, tuple[Mark, Mark]]
    seen: set[int | tuple[int, bool]] = field(default_factory=set)

    def news(self, trace: Sequence[int]) -> Iterator[Mark]:
        """The marks of one call frame, given by its program counters in order, that no frame has had before."""
        for pc in set(trace).difference(self.seen):
            yield from self.at.get(pc, ())
            self.seen.add(pc)
        ways = {
            (pc, after == pc + 1) for pc, after in pairwise(trace) if pc in self.jumps or pc in self.unclear
        }
        for pc, fell in ways.difference(self.seen):
            self.seen.add((pc, fell))
            if pc in self.jumps:
                yield self.jumps[pc][0 if fell else 1]
            elif (pc, not fell) in self.seen:
                yield from self.unclear[pc]


def read(code: bytes, nodes: Mapping[int, vy.VyperNode | None]) -> Sites:
    """Understand a contract's bytecode, given the syntax node that each program counter was made from."""
    listing = list(_instructions(code))
    reliable = _reliable(nodes)
    sites = Sites(_statement_marks(reliable), {}, {})
    for index, (pc, opcode, _) in enumerate(listing):
        found = _branch(listing, index, nodes, reliable) if opcode == JUMPI else None
        if found is not None:
            node, falls_into = found
            if pc not in nodes:
                # `if c: break` as one jump: what is pushed for it bears the signature of the `break`
                sites.at.pop(listing[index - 1][0], None)
            true, false = ((node.module_node.resolved_path, arc) for arc in sides(node))
            if falls_into is None:
                sites.unclear[pc] = (true, false)
            else:
                sites.jumps[pc] = (true, false) if falls_into else (false, true)
    return sites


def _statement_marks(nodes: Mapping[int, vy.VyperNode]) -> dict[int, tuple[Mark, ...]]:
    owner = {pc: found for pc, node in nodes.items() if (found := statement_of(node)) is not None}
    coded = {id(statement) for statement in owner.values()}
    marks: dict[int, tuple[Mark, ...]] = {}
    for statement in owner.values():
        if id(statement) not in marks:
            path = statement.module_node.resolved_path
            marks[id(statement)] = tuple((path, (ENTRY, line)) for line in sorted(_reached(statement, coded)))
    return {pc: marks[id(statement)] for pc, statement in owner.items()}


def _instructions(code: bytes) -> Iterator[Instruction]:
    pc = 0
    while pc < len(code):
        width = max(0, code[pc] - PUSH0) if code[pc] <= PUSH32 else 0
        yield pc, code[pc], int.from_bytes(code[pc + 1 : pc + 1 + width], "big")
        pc += 1 + width


def _reliable(nodes: Mapping[int, vy.VyperNode | None]) -> dict[int, vy.VyperNode]:
    """The program counters whose node is where the instruction came from.

    The compiler keeps one piece of IR for the place of each argument in calldata and signs it anew at every use: its
    first use bears the signature of the last. Nothing is concluded from these names.
    """
    return {pc: node for pc, node in nodes.items() if node is not None and not _is_argument(node)}


def _is_argument(node: vy.VyperNode) -> bool:
    """Of an external function or a constructor; those of internal functions lie in memory."""
    function = node.get_ancestor(vy.FunctionDef) if isinstance(node, vy.Name) else None
    if function is None or any(getattr(one, "id", "") == "internal" for one in function.decorator_list):
        return False
    return any(argument.arg == node.id for argument in function.args.args)


def _reached(statement: vy.VyperNode, coded: set[int]) -> set[int]:
    """The lines that were certainly executed if some instruction of the statement was.

    Vyper has no goto: whoever is in the middle of a block has come through all of it from its beginning, and
    into it from the statement around it.
    """
    block = block_of(statement)
    lines = {one.lineno for one in block[: _index(block, statement) + 1]} | _bare_after(statement, coded)
    around = statement._parent
    while not isinstance(around, vy.FunctionDef):
        outer = block_of(around)
        lines |= {one.lineno for one in outer[: _index(outer, around) + 1]}
        around = around._parent
    return lines


def _bare_after(statement: vy.VyperNode, coded: set[int]) -> set[int]:
    """The plain statements behind this one that have no instruction of their own: a bare `return`, `pass`, the
    `return` of an external function. They count with what comes before them."""
    block = block_of(statement)
    lines: set[int] = set()
    if isinstance(statement, LEAVE):
        return lines
    for one in block[_index(block, statement) + 1 :]:
        if id(one) in coded or isinstance(one, (vy.If, vy.For)):
            return lines
        lines.add(one.lineno)
        if isinstance(one, LEAVE):
            return lines
    around = statement._parent
    return lines | _bare_after(around, coded) if isinstance(around, vy.If) else lines


def _branch(
    listing: Sequence[Instruction],
    index: int,
    nodes: Mapping[int, vy.VyperNode | None],
    reliable: Mapping[int, vy.VyperNode],
) -> tuple[vy.If | vy.IfExp, bool | None] | None:
    """The branch that a conditional jump decides, and whether falling through is its true side (None: unclear)."""
    node = nodes.get(listing[index][0])
    target = next((i for i, one in enumerate(listing) if one[0] == listing[index - 1][2]), len(listing))
    if node is None:
        return _merged(listing, index, target, reliable)
    if not isinstance(node, (vy.If, vy.IfExp)):
        return None
    if isinstance(node, vy.If) and not node.orelse:
        # the code generator puts the body behind the jump, which leads past it
        return node, True
    # the optimiser may have swapped the two: see whose code lies where
    fallen, jumped = _side_at(listing, index + 1, node, reliable), _side_at(listing, target, node, reliable)
    if fallen is jumped:
        return node, None
    return node, fallen if fallen is not None else not jumped


def _merged(
    listing: Sequence[Instruction], index: int, target: int, reliable: Mapping[int, vy.VyperNode]
) -> tuple[vy.If, bool] | None:
    """The jump over a side that is nothing but a jump: `if c: break`, `continue`, a bare `return`.

    The optimiser makes one of the two, without a node, which is taken for that side and leads where it led. It is
    known by its place, behind the test and before anything else; and it does not lead to a revert as a check does.
    """
    if [one[1] for one in listing[target : target + 4]] == REVERT:
        return None
    test = next((reliable[one[0]] for one in listing[index - 1 :: -1] if one[0] in reliable), None)
    if isinstance(test, (vy.Break, vy.Continue)):
        test = test._parent
    branch = statement_of(test)
    after = next((reliable[one[0]] for one in listing[index + 1 :] if one[0] in reliable), None)
    if not isinstance(branch, vy.If) or statement_of(after) is branch:
        return None
    true, false = _only_jumps(branch.body), _only_jumps(branch.orelse)
    return (branch, false) if true is not false else None


def _only_jumps(block: Sequence[vy.VyperNode]) -> bool:
    first = block[0] if block else None
    return isinstance(first, (vy.Break, vy.Continue)) or (
        isinstance(first, vy.Return) and first.value is None
    )


def _side_at(
    listing: Sequence[Instruction],
    start: int,
    branch: vy.If | vy.IfExp,
    nodes: Mapping[int, vy.VyperNode | None],
) -> bool | None:
    """Which side of the branch the code from there on belongs to; None if it does not say."""
    for pc, opcode, _ in listing[start:]:
        node = nodes.get(pc)
        if node is not None and node is not branch:
            return _side_of(node, branch)
        if opcode in (JUMP, JUMPI):
            return None
    return None


def _side_of(node: vy.VyperNode | None, branch: vy.If | vy.IfExp) -> bool | None:
    true = branch.body if isinstance(branch.body, list) else [branch.body]
    false = branch.orelse if isinstance(branch.orelse, list) else [branch.orelse]
    while node is not None and node is not branch:
        if any(one is node for one in true):
            return True
        if any(one is node for one in false):
            return False
        node = node._parent
    return None
