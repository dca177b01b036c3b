"""Every small change to a module that could change a result.

The changes of single operators, numbers, arguments and words are those of mutmut. Conditions that are forced to one
side, comprehensions without their filter and assignments to a name that exists already are added here. Left out are
changes that only break the program at once or only change a sentence: docstrings, annotations, messages of errors,
texts with blanks, and ``x = None`` for any x.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation import mutators

# Calls that cannot run with None, or for which it is the default.
LEFT_ALONE = frozenset({"len", "isinstance", "zip", "errstate", "astype", "fillna", "float", "int", "str", "bool"})
SILENT = frozenset({"cast", "ArtExtractError", "progress", "tqdm", "TypeVar"})  # what is inside is never a result
KEYWORDS_LEFT_ALONE = frozenset({"strict", "dtype", "desc", "unit", "total"})

Change = Callable[[Any], Iterable[cst.CSTNode]]


@dataclass(frozen=True)
class Mutant:
    """One change to one module.

    Attributes:
        file: The module, relative to the repository.
        line: Its first changed line, from 1.
        last: Its last one.
        was: The lines as they are, without indentation.
        becomes: The lines after the change.
        source: The whole module after the change.
        inside: The change is in a function, whose lines run when it is called.
    """

    file: str
    line: int
    last: int
    was: str
    becomes: str
    source: str
    inside: bool

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies the mutant, wherever in the file its line stands."""
        return self.file, self.was, self.becomes


def _number(node: cst.Integer | cst.Float) -> Iterator[cst.CSTNode]:
    yield from mutators.operator_number(node)
    if node.evaluated_value == 1:
        yield node.with_changes(value=repr(node.evaluated_value - 1))


def _string(node: cst.SimpleString) -> Iterator[cst.CSTNode]:
    if " " in node.value:
        return  # a sentence for people
    yield from list(mutators.operator_string(node))[:1]  # another word; other cases of the letters say no more


def _argument(node: cst.Call) -> Iterator[cst.CSTNode]:
    """Each argument replaced by None, or left out where it has a name."""
    if _name(node) in LEFT_ALONE:
        return
    for i, argument in enumerate(node.args):
        before, after = node.args[:i], node.args[i + 1 :]
        if argument.keyword is not None:
            if argument.keyword.value not in KEYWORDS_LEFT_ALONE:
                yield node.with_changes(args=[*before, *after])
        elif argument.star == "" and not (isinstance(argument.value, cst.Name) and argument.value.value == "None"):
            yield node.with_changes(args=[*before, argument.with_changes(value=cst.Name("None")), *after])


def _forced(node: cst.If | cst.IfExp) -> Iterator[cst.CSTNode]:
    for value in ("True", "False"):
        yield (
            node.with_changes(test=cst.Name(value), whitespace_before_test=cst.SimpleWhitespace(" "))
            if isinstance(node, cst.If)
            else node.with_changes(test=cst.Name(value))
        )


def _filter(node: cst.CompFor) -> Iterator[cst.CSTNode]:
    for i in range(len(node.ifs)):
        yield node.with_changes(ifs=[*node.ifs[:i], *node.ifs[i + 1 :]])


def _sign(node: cst.UnaryOperation) -> Iterator[cst.CSTNode]:
    if isinstance(node.operator, cst.Minus):
        yield node.expression
    yield from mutators.operator_remove_unary_ops(node)


CHANGES: Sequence[tuple[type | tuple[type, ...], Change]] = [
    ((cst.Integer, cst.Float), _number),
    (cst.SimpleString, _string),
    (cst.Name, mutators.operator_name),
    (cst.AugAssign, mutators.operator_augmented_assignment),
    (cst.UnaryOperation, _sign),
    (cst.Call, _argument),
    (cst.Call, mutators.operator_symmetric_string_methods_swap),
    (cst.Call, mutators.operator_unsymmetrical_string_methods_swap),
    ((cst.If, cst.IfExp), _forced),
    (cst.CompFor, _filter),
    (cst.CSTNode, mutators.operator_keywords),
    ((cst.BinaryOperation, cst.BooleanOperation, cst.ComparisonTarget, cst.AugAssign), mutators.operator_swap_op),
]


Found = tuple[cst.CSTNode, cst.CSTNode, bool]  # what is there, what it may become, whether it is in a function


class _Finder(cst.CSTVisitor):
    """Collects nodes and what they may become."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Found] = []
        self._assigned: list[set[str]] = []  # by function, from the outermost: names that have a value
        self._defaults = False  # of arguments: they run when the function is defined

    def on_visit(self, node: cst.CSTNode) -> bool:
        if _says_nothing(node):
            return False
        self._defaults |= isinstance(node, cst.Parameters)
        for kinds, change in CHANGES:
            if isinstance(node, kinds):
                self.found += [(node, changed, bool(self._assigned) and not self._defaults) for changed in change(node)]
        self._reassigned(node)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.FunctionDef) and not _says_nothing(original_node):
            self._assigned.pop()
        if isinstance(original_node, cst.Parameters):
            self._defaults = False

    def _reassigned(self, node: cst.CSTNode) -> None:
        """``x = ...`` is left out where x is there already: an argument, or assigned further up."""
        if isinstance(node, cst.FunctionDef):
            parameters = node.params
            listed = (*parameters.params, *parameters.kwonly_params, *parameters.posonly_params)
            self._assigned.append({p.name.value for p in listed})
        elif isinstance(node, cst.SimpleStatementLine) and self._assigned and len(node.body) == 1:
            statement = node.body[0]
            if isinstance(statement, cst.Assign) and len(statement.targets) == 1:
                target = statement.targets[0].target
                if isinstance(target, cst.Name):
                    if target.value in self._assigned[-1]:
                        self.found.append((statement, cst.Pass(), True))
                    self._assigned[-1].add(target.value)
                elif isinstance(target, cst.Subscript | cst.Attribute):
                    self.found.append((statement, cst.Pass(), True))
            elif isinstance(statement, cst.Expr) and isinstance(statement.value, cst.Call):
                self.found.append((statement, cst.Pass(), True))
            elif isinstance(statement, cst.AugAssign):
                self.found.append((statement, cst.Pass(), True))


def _says_nothing(node: cst.CSTNode) -> bool:
    """Code that no result depends on: annotations, docstrings, errors, imports, and calls that only look."""
    if isinstance(node, cst.Annotation | cst.Raise | cst.Import | cst.ImportFrom | cst.Decorator):
        return True
    if isinstance(node, cst.Expr) and isinstance(node.value, cst.SimpleString | cst.ConcatenatedString):
        return True
    if "__all__" in _targets(node):
        return True
    if isinstance(node, cst.Arg) and node.keyword is not None:
        return node.keyword.value in KEYWORDS_LEFT_ALONE
    if isinstance(node, cst.Subscript) and isinstance(node.value, cst.Name):
        return node.value.value in ("Literal", "dict", "list", "tuple", "Callable", "Mapping", "Sequence")
    return isinstance(node, cst.Call) and _name(node) in SILENT


def _targets(node: cst.CSTNode) -> list[str]:
    targets = node.targets if isinstance(node, cst.Assign) else ()
    return [target.target.value for target in targets if isinstance(target.target, cst.Name)]


def _name(node: cst.Call) -> str:
    """The last part of the name of what is called."""
    if isinstance(node.func, cst.Attribute):
        return node.func.attr.value
    return node.func.value if isinstance(node.func, cst.Name) else ""


@dataclass(frozen=True)
class Module:
    """A module and all that it may become.

    Attributes:
        file: Relative to the repository.
        source: As it is.
    """

    file: str
    source: str

    @classmethod
    def read(cls, root: Path, file: str) -> Module:
        """From the repository."""
        return cls(file, (root / file).read_text(encoding="utf-8"))

    @cached_property
    def _parsed(self) -> tuple[cst.Module, list[Found]]:
        wrapper = MetadataWrapper(cst.parse_module(self.source))
        finder = _Finder()
        wrapper.visit(finder)
        return wrapper.module, finder.found

    def __len__(self) -> int:
        """Number of changes; those that change nothing are among them."""
        return len(self._parsed[1])

    def mutant(self, number: int) -> Mutant | None:
        """The module after one change; None where the text stays the same or is no longer Python."""
        tree, found = self._parsed
        there, instead, inside = found[number]
        source = cst.ensure_type(tree.deep_replace(there, instead), cst.Module).code
        try:
            if ast.dump(ast.parse(source)) == ast.dump(ast.parse(self.source)):
                return None
        except SyntaxError:
            return None
        return Mutant(self.file, *_difference(self.source, source), source, inside)


def _difference(before: str, after: str) -> tuple[int, int, str, str]:
    """The first and the last changed line, and what they say in two versions of a text."""
    one, other = before.splitlines(), after.splitlines()
    codes = difflib.SequenceMatcher(a=one, b=other, autojunk=False).get_opcodes()
    parts = [part for part in codes if part[0] != "equal"]
    (_, start, _, first, _), (_, _, end, _, last) = parts[0], parts[-1]
    was, becomes = (" ".join(line.strip() for line in lines) for lines in (one[start:end], other[first:last]))
    return start + 1, max(start + 1, end), was, becomes
