"""Find Streamlit calls that show a text which was not made safe for its place.

Reads app.py and pages/ as syntax trees, and follows a value from the call back to where it comes from: through local
variables, comprehensions, the results of functions in pages/ and, for a parameter, through all calls of its function.
Safe are our own words (literals, names in capitals, numbers with a format) and the results of the functions that make
a text safe for this kind of place: `escape_markdown` for Markdown, and `quote` in the address of a link there; `label`
for plain text; `file_name` for downloads. What cannot be followed is not safe.
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import streamlit as st

Kind = Literal["Markdown", "plain", "file"]
Part = Literal["all", "keys", "values"]
"""Part of a dictionary that is shown: iterating shows its keys, looking up shows its values."""

CLEANERS: Mapping[Kind, frozenset[str]] = {
    "Markdown": frozenset({"escape_markdown", "quote"}),
    "plain": frozenset({"label"}),
    "file": frozenset({"file_name"}),
}
FORMATTERS = frozenset(
    (
        "count",
        "score",
        "percent",
        "signed",
        "share",
        "duration",
        "milliseconds",
        "clock",
        "len",
        "int",
        "float",
        "round",
        "bool",
        "abs",
        "hash",
        "range",
        "get_args",
        "get_option",
    )
)
"""Results hold digits and our own words; `count` is checked further, because it repeats its noun."""
OWN_WORDS = frozenset({"doc"})
"""Functions in pages/ whose results are our own words: `fields.doc`, the docstring of a setting."""

_TEXTS = frozenset(
    (
        "label",
        "body",
        "help",
        "options",
        "captions",
        "text",
        "title",
        "caption",
        "delta",
        "value",
        "delta_description",
        "tabs",
        "args",
        "data",
    )
)
"""Parameters of Streamlit that hold text; which of them are Markdown depends on the element."""
_UNDOCUMENTED: Mapping[str, frozenset[str]] = {
    "radio": frozenset({"captions"}),
    "metric": frozenset({"delta_description"}),
    "write": frozenset({"args"}),
}
"""Markdown too, as Chromium and the frontend of Streamlit 1.67 show; its documentation does not say so."""
_PLAIN: Mapping[str, frozenset[str]] = {
    "selectbox": frozenset({"options", "placeholder"}),
    "multiselect": frozenset({"options", "placeholder"}),
    "text_input": frozenset({"placeholder"}),
    "text_area": frozenset({"placeholder"}),
    "number_input": frozenset({"placeholder"}),
    "set_page_config": frozenset({"page_title"}),
}
_NUMERIC = re.compile(r"[-+ ]?,?(\.\d+)?[,dfg%]|,|%[-A-Za-z].*")
"""Formats that a string does not take."""
_KEEPING = frozenset(
    (
        "join",
        "replace",
        "strip",
        "rstrip",
        "lstrip",
        "capitalize",
        "lower",
        "upper",
        "title",
        "removeprefix",
        "removesuffix",
        "format",
        "split",
        "copy",
    )
)
"""Methods whose result is safe when their object and their arguments are."""
_PASSING = frozenset(
    (
        "list",
        "tuple",
        "sorted",
        "reversed",
        "set",
        "enumerate",
        "zip",
        "zip_longest",
        "iter",
        "next",
        "str",
        "min",
        "max",
        "fromkeys",
    )
)
_ADDING = frozenset({"append", "insert", "extend", "add"})


class Finding(NamedTuple):
    """A call that shows a value which was not made safe."""

    where: str
    call: str
    parameter: str
    kind: Kind
    value: str
    because: str
    """The value behind it that was not made safe, with its module."""

    def __str__(self) -> str:
        return (
            f"{self.where}: {self.call}({self.parameter}=…) is {self.kind} and shows `{self.value}`, because of "
            f"{self.because}. Put it through {' or '.join(sorted(CLEANERS[self.kind]))}."
        )


Values = Callable[[], "list[tuple[Scope, ast.expr]] | None"]


@cache
def markdown_parameters(element: str) -> frozenset[str]:
    """Return the parameters of an element of Streamlit that are Markdown: as documented, and those found besides."""
    function = getattr(st, element, None)
    if function is None:
        return frozenset()
    parts = re.split(r"\n(?=\*?[a-z_]+(?:, [a-z_]+)* :|\*args)", inspect.getdoc(function) or "")
    named = {part.split(":")[0].split()[0].strip("*,"): part for part in parts[1:]}
    said = {name for name, part in named.items() if name in _TEXTS and "markdown" in part.lower()}
    if "options" in said and element in ("selectbox", "multiselect"):
        said.remove("options")
    return frozenset(said) | _UNDOCUMENTED.get(element, frozenset())


@cache
def _parameters(element: str) -> list[str]:
    function = getattr(st, element)
    return [name for name in inspect.signature(function).parameters if name != "self"]


@dataclass(eq=False)
class Scope:
    """A function, a lambda or a module, with the functions around it."""

    module: str
    node: ast.AST
    outer: "Scope | None" = None
    functions: dict[str, "Scope"] = field(default_factory=dict)

    @property
    def parameters(self) -> list[str]:
        args = getattr(self.node, "args", None)
        return [one.arg for one in (*args.posonlyargs, *args.args, *args.kwonlyargs)] if args else []

    def default(self, name: str) -> ast.expr | None:
        args: ast.arguments = self.node.args  # type: ignore[attr-defined]
        ordered = [*args.posonlyargs, *args.args]
        pairs = dict(zip([one.arg for one in ordered[::-1]], args.defaults[::-1], strict=False))
        pairs |= {one.arg: value for one, value in zip(args.kwonlyargs, args.kw_defaults, strict=True) if value}
        return pairs.get(name)

    def own(self) -> Iterator[ast.AST]:
        """Walk this scope without the functions in it."""
        body = self.node.body  # type: ignore[attr-defined]
        todo: list[ast.AST] = list(body) if isinstance(body, list) else [body]
        while todo:
            node = todo.pop()
            yield node
            if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
                todo.extend(ast.iter_child_nodes(node))
            elif isinstance(node, ast.FunctionDef):
                todo.extend(node.decorator_list)


class Checker:
    """All modules of the pages, and the questions about their values."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        """Take the sources by dotted module name (`pages.parts.ui`)."""
        self.modules = {name: Scope(name, ast.parse(source)) for name, source in sources.items()}
        self.imports = {name: dict(_imports(scope.node)) for name, scope in self.modules.items()}
        self.scopes: list[Scope] = []
        for scope in self.modules.values():
            self._add(scope)
        self.calls: dict[Scope, list[tuple[ast.Call, Scope, int]]] = {}
        self._because = ""
        self._asked: set[tuple[int, str, Kind, Part]] = set()
        for scope in self.scopes:
            for node in scope.own():
                if isinstance(node, ast.Call):
                    self._note_call(node, scope)

    def _add(self, scope: Scope) -> None:
        self.scopes.append(scope)
        for node in scope.own():
            if isinstance(node, ast.FunctionDef | ast.Lambda):
                inner = Scope(scope.module, node, scope)
                if isinstance(node, ast.FunctionDef):
                    scope.functions[node.name] = inner
                self._add(inner)

    def _note_call(self, call: ast.Call, scope: Scope) -> None:
        target, skip = call.func, 0
        if isinstance(target, ast.Name) and target.id == "partial" and call.args:
            target, skip = call.args[0], 1
        found = self._function(target, scope)
        if found:
            self.calls.setdefault(found, []).append((call, scope, skip))

    def _function(self, target: ast.expr, scope: Scope) -> Scope | None:
        """Return the function in app.py or pages/ that is called."""
        if isinstance(target, ast.Name):
            at: Scope | None = scope
            while at:
                if target.id in at.functions:
                    return at.functions[target.id]
                at = at.outer
            module, _, name = self.imports[scope.module].get(target.id, "").rpartition(".")
            return self.modules[module].functions.get(name) if module in self.modules else None
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            module = self.imports[scope.module].get(target.value.id, "")
            return self.modules[module].functions.get(target.attr) if module in self.modules else None
        return None

    # --- the calls -----------------------------------------------------------------------------------

    def findings(self) -> list[Finding]:
        """Return all calls that show a value which was not made safe."""
        return [
            Finding(
                f"{scope.module.replace('.', '/')}.py:{call.lineno}",
                name,
                parameter,
                kind,
                ast.unparse(value),
                self._because,
            )
            for scope in self.scopes
            for call in (node for node in scope.own() if isinstance(node, ast.Call))
            for name in _element(call)
            if self._function(call.func, scope) is None
            for parameter, value in self._arguments(call, name, scope)
            for kind in _kinds(name, parameter)
            if not self._is_shown_safely(call, name, parameter, value, scope, kind)
        ]

    def _arguments(self, call: ast.Call, name: str, scope: Scope) -> Iterator[tuple[str, ast.expr]]:
        names = ["label", "width", "help"] if name.endswith("Column") else _parameters(name)
        for number, value in enumerate(call.args):
            yield names[number] if number < len(names) and "args" not in names[:1] else "args", value
        for keyword in call.keywords:
            if keyword.arg:
                yield keyword.arg, keyword.value
            else:
                yield from self._unpacked(keyword.value, scope)

    def _unpacked(self, value: ast.expr, scope: Scope) -> Iterator[tuple[str, ast.expr]]:
        """Return the entries of a `**` argument; one that cannot be followed counts as a label."""
        for one in self._sources(value, scope):
            if isinstance(one, ast.Dict) and all(isinstance(key, ast.Constant) for key in one.keys):
                yield from ((str(key.value), part) for key, part in zip(one.keys, one.values, strict=True))  # type: ignore[union-attr]
            elif not (isinstance(one, ast.Name) and one.id.isupper()):
                yield "label", value

    def _sources(self, value: ast.expr, scope: Scope) -> list[ast.expr]:
        if isinstance(value, ast.IfExp):
            return [*self._sources(value.body, scope), *self._sources(value.orelse, scope)]
        if isinstance(value, ast.Call) and (function := self._function(value.func, scope)):
            return _returns(function)
        if isinstance(value, ast.Name) and not value.id.isupper():
            return [one for bound in _bindings(scope, value.id) for one in self._sources(bound, scope)] or [value]
        return [value]

    def _is_shown_safely(
        self, call: ast.Call, name: str, parameter: str, value: ast.expr, scope: Scope, kind: Kind
    ) -> bool:
        self._because = ""
        if parameter != "options":
            return self.is_safe(value, scope, kind)
        shape = next((word.value for word in call.keywords if word.arg == "format_func"), None)
        if shape is None:
            return self.is_safe(value, scope, kind, "keys")
        if isinstance(shape, ast.Attribute) and shape.attr == "__getitem__":
            return self.is_safe(shape.value, scope, kind, "values")
        if isinstance(shape, ast.Attribute) and shape.attr == "format":
            return self.is_safe(value, scope, kind, "keys")
        return self._makes_safe(shape, scope, kind)

    # --- the values ----------------------------------------------------------------------------------

    def is_safe(self, value: ast.expr, scope: Scope, kind: Kind, part: Part = "all") -> bool:
        """Return whether a value, or this part of it where it is a dictionary, is our own words or was made safe."""
        found = self._is_safe(value, scope, kind, part)
        if not found and not self._because:
            self._because = f"`{ast.unparse(value)}` in {scope.module}"
        return found

    def _is_safe(self, value: ast.expr, scope: Scope, kind: Kind, part: Part) -> bool:

        def safe(one: ast.expr) -> bool:
            return self.is_safe(one, scope, kind, part)

        match value:
            case ast.Constant() | ast.Compare() | ast.UnaryOp():
                return True
            case ast.JoinedStr(values=parts) | ast.BoolOp(values=parts):
                return all(map(safe, parts))
            case ast.FormattedValue(format_spec=ast.JoinedStr() as spec) if _NUMERIC.fullmatch(ast.unparse(spec)[2:-1]):
                return True
            case ast.FormattedValue() | ast.Starred() | ast.NamedExpr():
                return safe(value.value)
            case ast.IfExp():
                return safe(value.body) and safe(value.orelse)
            case ast.BinOp():
                numeric = isinstance(value.op, ast.Sub | ast.Div | ast.FloorDiv | ast.Pow)
                return numeric or (safe(value.left) and safe(value.right))
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                return all(
                    self.is_safe(one, scope, kind, part if isinstance(one, ast.Starred) else "all") for one in parts
                )
            case ast.Dict():
                keys = [key for key in value.keys if key is not None]
                return all(map(safe, {"keys": keys, "values": value.values, "all": [*keys, *value.values]}[part]))
            case ast.ListComp(elt=one) | ast.GeneratorExp(elt=one) | ast.SetComp(elt=one):
                return self.is_safe(one, scope, kind)
            case ast.DictComp():
                return (part == "values" or safe(value.key)) and (
                    part == "keys" or self.is_safe(value.value, scope, kind)
                )
            case ast.Subscript():
                return self.is_safe(value.value, scope, kind, "values")
            case ast.Attribute():
                return value.attr.isupper()
            case ast.Name():
                return self._is_safe_name(value, scope, kind, part)
            case ast.Call():
                return self._is_safe_call(value, scope, kind, part)
        return False

    def _makes_safe(self, function: ast.expr, scope: Scope, kind: Kind) -> bool:
        """Return whether all results of a function are safe, whatever it is given."""
        if isinstance(function, ast.Lambda):
            inner = next(one for one in self.scopes if one.node is function)
            return self.is_safe(function.body, inner, kind)
        if isinstance(function, ast.Name) and self._imported(function.id, scope) in CLEANERS[kind]:
            return True
        found = self._function(function, scope)
        return found is not None and self._returns_safely(found, kind, "all")

    def _imported(self, name: str, scope: Scope) -> str:
        """Return the name that a function has where it is defined: of `label as plain`, `label`."""
        return self.imports[scope.module].get(name, name).rpartition(".")[2]

    def _is_safe_call(self, call: ast.Call, scope: Scope, kind: Kind, part: Part) -> bool:
        name = (
            self._imported(call.func.id, scope) if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        )
        if name in CLEANERS[kind] or name in OWN_WORDS:
            return True
        if name == "count":
            return all(self.is_safe(one, scope, kind) for one in call.args[1:])
        if name in FORMATTERS:
            return True
        if name == "map":
            return self._makes_safe(call.args[0], scope, kind)
        if function := self._function(call.func, scope):
            return self._returns_safely(function, kind, part)
        arguments = [*call.args, *(word.value for word in call.keywords)]
        if isinstance(call.func, ast.Attribute):
            holder = call.func.value
            if name == "get":
                return self.is_safe(holder, scope, kind, "values") and all(
                    self.is_safe(one, scope, kind) for one in call.args[1:]
                )
            if name in ("items", "values", "keys"):
                return self.is_safe(holder, scope, kind, {"items": "all", "values": "values", "keys": "keys"}[name])
            arguments = [holder, *arguments]
        if name in _KEEPING:
            return all(self.is_safe(one, scope, kind, part) for one in arguments)
        return name in _PASSING and all(self.is_safe(one, scope, kind, "keys") for one in arguments)

    def _returns_safely(self, function: Scope, kind: Kind, part: Part) -> bool:
        returned = [(function, one) for one in _returns(function)]
        return self._once(function.node, "return", kind, part, lambda: returned)

    def _is_safe_name(self, name: ast.Name, scope: Scope, kind: Kind, part: Part) -> bool:
        if name.id.isupper() or self._function(name, scope):
            return True
        if bound := _bindings(scope, name.id):
            return self._once(scope.node, name.id, kind, part, lambda: [(scope, value) for value in bound])
        if name.id in scope.parameters:
            return self._once(scope.node, name.id, kind, part, lambda: self._passed(scope, name.id))
        return scope.outer is not None and self._is_safe_name(name, scope.outer, kind, part)

    def _passed(self, function: Scope, name: str) -> list[tuple[Scope, ast.expr]] | None:
        """Return what all calls of a function pass as one parameter; `None` where a call cannot be followed."""
        calls, default = self.calls.get(function, []), function.default(name)
        if not calls or isinstance(function.node, ast.Lambda):
            return None
        found: list[tuple[Scope, ast.expr]] = []
        for call, scope, skip in calls:
            given = dict(zip(function.parameters, call.args[skip:], strict=False))
            given |= {word.arg: word.value for word in call.keywords if word.arg}
            unpacked = [(scope, one.value) for one in call.args if isinstance(one, ast.Starred)]
            if unpacked:
                found += unpacked
            elif name in given:
                found.append((scope, given[name]))
            elif default is not None:
                found.append((function, default))
            else:
                return None
        return found

    def _once(self, node: ast.AST, name: str, kind: Kind, part: Part, values: Values) -> bool:
        """Ask about a name once at a time: where a value depends on itself, the other values decide."""
        key = (id(node), name, kind, part)
        if key in self._asked:
            return True
        self._asked.add(key)
        try:
            found = values()
            return found is not None and all(self.is_safe(value, scope, kind, part) for scope, value in found)
        finally:
            self._asked.remove(key)


def _kinds(name: str, parameter: str) -> Iterator[Kind]:
    if name == "html" and parameter == "body":
        yield "Markdown"
    if (name.endswith("Column") and parameter in ("label", "help")) or parameter in markdown_parameters(name):
        yield "Markdown"
    elif parameter in _PLAIN.get(name, ()):
        yield "plain"
    elif name == "download_button" and parameter == "file_name":
        yield "file"


def _element(call: ast.Call) -> Iterator[str]:
    """Return the name of Streamlit's element that is called, if one is."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    known = name and not name.startswith("_") and hasattr(st, name)
    if name.endswith("Column") or name == "html" or (known and (markdown_parameters(name) or name in _PLAIN)):
        yield name


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((one.asname or one.name, f"{node.module}.{one.name}") for one in node.names)
        elif isinstance(node, ast.Import):
            yield from ((one.asname or one.name, one.name) for one in node.names)


def _returns(function: Scope) -> list[ast.expr]:
    if isinstance(function.node, ast.Lambda):
        return [function.node.body]
    return [
        node.value
        for node in function.own()
        if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom) and node.value is not None
    ]


def _bindings(scope: Scope, name: str) -> list[ast.expr]:
    """Return every value that a name gets in a scope, and everything that is added to it."""
    found: list[ast.expr] = []
    for node in scope.own():
        match node:
            case ast.Assign():
                found += [part for target in node.targets for part in _part(target, node.value, name)]
            case ast.AnnAssign(value=ast.expr() as value) | ast.AugAssign(value=value) | ast.NamedExpr(value=value):
                found += _part(node.target, value, name)
            case ast.For() | ast.comprehension():
                found += _part(node.target, _iterated(node.iter), name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=base), attr=verb)) if base == name and verb in _ADDING:
                found.append(node.args[-1])
    return found


def _iterated(value: ast.expr) -> ast.expr:
    """Return what a loop over a value takes from it: of a dictionary its keys."""
    kept = isinstance(value, ast.Call) and isinstance(value.func, ast.Name | ast.Attribute)
    return value if kept else ast.Call(ast.Name("list"), [value], [])


def _part(target: ast.expr, value: ast.expr, name: str) -> list[ast.expr]:
    """Return the part of a value that a name in the target gets."""
    match target:
        case ast.Name(id=own) if own == name:
            return [value]
        case ast.Subscript(value=ast.Name(id=own), slice=place) if own == name:
            is_list = isinstance(place, ast.UnaryOp | ast.Slice) or isinstance(getattr(place, "value", ""), int)
            return [value if is_list else ast.Dict([place], [value])]
        case ast.Starred():
            return _part(target.value, value, name)
        case ast.Tuple(elts=names) | ast.List(elts=names):
            return [part for at, one in enumerate(names) for part in _part(one, _share(value, at, len(names)), name)]
    return []


def _share(value: ast.expr, at: int, number: int) -> ast.expr:
    """Return what the name in one place of a tuple gets; the whole value where that cannot be told."""
    match value:
        case ast.Tuple(elts=parts) if len(parts) == number:
            return parts[at]
        case ast.Call(func=ast.Name(id="zip"), args=parts) if len(parts) == number:
            return _iterated(parts[at])
        case ast.Call(func=ast.Name(id="enumerate"), args=[inner, *_]):
            return _iterated(inner) if at else ast.Constant(0)
        case ast.Call(func=ast.Attribute(value=holder, attr="items")):
            return ast.Call(ast.Attribute(holder, "values") if at else ast.Name("list"), [] if at else [holder], [])
    return value


def sources(root: Path) -> dict[str, str]:
    """Return app.py and everything in pages/, by dotted name."""
    files = [root / "app.py", *sorted((root / "pages").rglob("*.py"))]
    return {".".join(path.relative_to(root).with_suffix("").parts): path.read_text("utf-8") for path in files}
