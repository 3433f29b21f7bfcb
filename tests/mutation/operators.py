"""Small mistakes, made on purpose: the operators by which `make mutants` changes one thing in one file.

They were fixed before the first run. A mutant is known by its line and its words; the same file gives the same ones.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

Change = tuple[str, ast.AST]
_COMPARED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_EXTREMES: Final = {"min": "max", "max": "min"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: where it is, what it is, and the whole file with it."""

    line: int
    operator: str
    words: str
    text: str


def _comparison(node: ast.AST) -> Iterator[Change]:
    """< becomes <=, == becomes !=, is becomes is not, in becomes not in, and back."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARED:
        changed = copy.deepcopy(node)
        changed.ops[0] = _COMPARED[type(node.ops[0])]()
        yield "comparison", changed


def _condition(node: ast.AST) -> Iterator[Change]:
    """The test of an if, a while or a choice is negated."""
    if isinstance(node, ast.If | ast.While | ast.IfExp) and "TYPE_CHECKING" not in ast.unparse(node.test):
        changed = copy.deepcopy(node)
        changed.test = ast.UnaryOp(ast.Not(), changed.test)
        yield "condition", changed


def _statement(node: ast.AST) -> Iterator[Change]:
    """A call whose answer nobody takes, a sum that is added, a raise: left out."""
    call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await)
    if call or isinstance(node, ast.AugAssign | ast.Raise):
        yield "statement", ast.Pass()


def _constant(node: ast.AST) -> Iterator[Change]:
    """A whole number is one more."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield "constant", ast.Constant(node.value + 1)


def _extreme(node: ast.AST) -> Iterator[Change]:
    """Min becomes max, and back."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _EXTREMES:
        changed = copy.deepcopy(node)
        changed.func = ast.Name(_EXTREMES[node.func.id], ast.Load())
        yield "extreme", changed


def _junction(node: ast.AST) -> Iterator[Change]:
    """And becomes or, and back."""
    if isinstance(node, ast.BoolOp):
        changed = copy.deepcopy(node)
        changed.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "junction", changed


def _answer(node: ast.AST) -> Iterator[Change]:
    """What is returned is None."""
    if isinstance(node, ast.Return) and node.value is not None and ast.unparse(node.value) != "None":
        yield "answer", ast.Return(ast.Constant(None))


OPERATORS: Final[tuple[Callable[[ast.AST], Iterator[Change]], ...]] = (
    _comparison,
    _condition,
    _statement,
    _constant,
    _extreme,
    _junction,
    _answer,
)


def mutants(source: str) -> list[Mutant]:
    """Every mutant of a file, in the order of its lines."""
    found: list[Mutant] = []
    tree = ast.parse(source)
    for parent, field, index, node in _places(tree):
        for operator in OPERATORS:
            for name, changed in operator(node):
                ast.copy_location(changed, node)
                _put(parent, field, index, changed)
                line = getattr(node, "lineno", 0)
                words = f"{_brief(node)} -> {_brief(changed)}"
                found.append(Mutant(line, name, words, ast.unparse(ast.fix_missing_locations(tree)) + "\n"))
                _put(parent, field, index, node)
    return sorted(found, key=lambda one: (one.line, one.operator, one.words))


def _places(tree: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Every node with where it hangs; what only types and documentation read is left out."""
    for field, value in ast.iter_fields(tree):
        if field in ("annotation", "returns", "decorator_list"):
            continue
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            if isinstance(node, ast.AST):
                yield tree, field, index, node
                yield from _places(node)


def _put(parent: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _brief(node: ast.AST) -> str:
    """The first line of a node, cut."""
    text = ast.unparse(node.test) if isinstance(node, ast.If | ast.While) else ast.unparse(node)
    return text.split("\n")[0][:70]
