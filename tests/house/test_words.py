"""Names and messages use the field's words: the house's old private dialect does not come back."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import plimsoll

ROOT: Final = Path(plimsoll.__file__).parent
DIALECT: Final = frozenset({"told", "heard", "held", "nobody", "whoever"})
"""Words that no name under src may have as a whole word (`on_host_told`, `Told`, `_held`)."""
DOCSTRING: Final = re.compile(r"\b(?:told|heard|nobody|whoever)\b", re.IGNORECASE)
MESSAGE: Final = re.compile(r"(?<!there )\bis no (?=\w)|\b(?:nobody|whoever)\b", re.IGNORECASE)


def _names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case _:
                continue


def _messages(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every string that is not a docstring."""
    docs = {id(node) for node in _docstrings(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def _docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    """Every string that stands alone: docstrings, and what is said below a constant or a field."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value


def dialect(source: str) -> list[str]:
    r"""What a module has of the dialect: `line: name, message or docstring`.

    >>> dialect('def is_told(whoever): return f"{whoever} is no host"')
    ['1: is_told', '1: whoever', '1:  is no host']
    >>> dialect('def untold(): return "there is no such host"')
    []
    >>> dialect('def f():\n    "What people are told."')
    ['2: What people are told.']
    """
    tree = ast.parse(source)
    found = [f"{line}: {name}" for line, name in _names(tree) if DIALECT & set(_words(name))]
    found += [f"{line}: {text}" for line, text in _messages(tree) if MESSAGE.search(text)]
    docstrings = ((node.lineno, str(node.value)) for node in _docstrings(tree))
    return found + [f"{line}: {text}" for line, text in docstrings if DOCSTRING.search(text)]


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z]+", re.sub(r"([A-Z])", r"_\1", name).lower())


def _found() -> dict[str, list[str]]:
    files = {path.relative_to(ROOT).as_posix(): path for path in sorted(ROOT.rglob("*.py"))}
    return {name: found for name, path in files.items() if (found := dialect(path.read_text(encoding="utf-8")))}


def test_names_messages_and_docstrings_use_the_field_s_words() -> None:
    """Report, receive, coverage, silent, open: what a reader of monitoring knows, not told, heard, held or nobody."""
    assert _found() == {}
