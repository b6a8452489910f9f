"""The functions and methods of one text with their parameters, and the calls of a name with their arguments.

The rules for the languages are data (`calls.toml`). It knows which definitions a text has and how calls
are written; which definition a call means is for others to judge. Spans are in bytes.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

import tree_sitter

from assist_context.code.language_rules import as_rules, language_rules
from assist_context.code.trees.grammars import ByteSpan
from assist_context.code.trees.parsed_text import ParsedText, node_text
from assist_context.languages import Language

# "positional" is one that no call can name, "keyword" one that each call has to name.
ParameterKind = Literal["plain", "positional", "keyword", "variadic", "receiver"]

MAX_CALLS = 400  # of one name in one text that are looked at
MAX_DEEP = 60  # nodes around a place

_HERITAGE_WORDS = frozenset({"extends", "implements", "metaclass"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `span` is all of it; `type` is its type as written, "" for none.

    `optional` says whether a call may leave it out. A pattern such as `{ a, b }` is its own name.
    """

    name: str
    span: ByteSpan
    kind: ParameterKind = "plain"
    optional: bool = False
    type: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """A function, method or constructor. `span` is all of it, `listing` its parameters with the brackets.

    `owner` is the class, interface or type that it is a method of. `scope` is the function in which it is
    defined, `None` at the top and in a class. `bare` says whether it is called without an object of its
    owner: a static method, or a path's last part.
    """

    name: str
    span: ByteSpan
    listing: ByteSpan
    parameters: tuple[Parameter, ...]
    owner: str = ""
    scope: ByteSpan | None = None
    constructor: bool = False
    bare: bool = False
    name_span: ByteSpan = (0, 0)

    @property
    def is_method(self) -> bool:
        return bool(self.owner)

    @property
    def passed(self) -> tuple[Parameter, ...]:
        """The parameters for which a call has arguments."""
        return tuple(parameter for parameter in self.parameters if parameter.kind != "receiver")


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call. `keyword` is the name it is passed by; `value` is its span without the name."""

    span: ByteSpan
    value: ByteSpan
    keyword: str = ""
    spread: bool = False


@dataclass(frozen=True, slots=True)
class CallSite:
    """A call of a name. `listing` are the arguments with the brackets; `receiver` is what is before the name.

    `broken` says that the arguments cannot be told apart: an error, a comment or a comprehension.
    """

    name: str
    span: ByteSpan
    name_span: ByteSpan
    listing: ByteSpan
    arguments: tuple[Argument, ...]
    receiver: str = ""
    broken: bool = False


@dataclass(frozen=True, slots=True)
class CallRules:
    """The rules of one language, as in the file."""

    functions: frozenset[str]
    nameless: Mapping[str, str]
    named_by: Mapping[str, str]
    owners: Mapping[str, str]
    parameters: Mapping[str, list[str]]
    calls: Mapping[str, list[str]]
    members: Mapping[str, list[str]]
    spread: frozenset[str]
    keyword: str = ""
    heritage: frozenset[str] = frozenset()
    receivers: frozenset[str] = frozenset()
    constructors: frozenset[str] = frozenset()
    wrappers: Mapping[str, str] = field(default_factory=dict)
    static: str = ""
    receiver: str = ""
    tokens: str = ""


@lru_cache
def call_rules(language: Language) -> CallRules | None:
    """The rules of a language, `None` for one whose calls are not known."""
    row = language_rules(language.name, "calls")
    return None if row is None else as_rules(CallRules, row)


def find_definitions(text: ParsedText, name: str) -> list[Signature]:
    """The functions, methods and constructors of a name, in the order of the text."""
    rules = call_rules(text.document.language)
    signatures: dict[ByteSpan, Signature] = {}
    if rules is None or text.root is None:
        return []
    for start, end in text.words(name):
        node = text.node(start, end)
        if node is None or node.byte_range != (start, end):
            continue
        for definition in _defined_by(rules, node):
            signature = _signature(text, rules, definition)
            if signature and signature.name_span == (start, end):
                signatures[signature.span] = signature
    return list(signatures.values())


def find_call_sites(text: ParsedText, name: str) -> Iterator[CallSite]:
    """The calls of a name in the order of the text, whatever they mean; at most `MAX_CALLS` places."""
    rules = call_rules(text.document.language)
    if rules is None or text.root is None:
        return
    for count, (start, end) in enumerate(text.words(name)):
        if count == MAX_CALLS:
            return
        node = text.node(start, end)
        if node is not None and node.byte_range == (start, end):
            site = _token_call(text, rules, node) if _in_tokens(rules, node) else _call(rules, node)
            if site is not None:
                yield site


def list_parameters(language: Language, function: tree_sitter.Node) -> tuple[Parameter, ...]:
    """The parameters of a function by its node, in order; none of another node."""
    rules = call_rules(language)
    listing = _listing(rules, function) if rules is not None else None
    return tuple(_parameters(rules, listing)) if rules is not None and listing is not None else ()


def find_owner(text: ParsedText, byte: int) -> tuple[str, frozenset[str]]:
    """The class or type whose body is around a byte, and the names of what it extends or implements."""
    rules = call_rules(text.document.language)
    node = text.node(byte, byte)
    while rules is not None and node is not None:
        if node.type in rules.owners:
            return _owner_name(rules, node), frozenset(_heritage(rules, node))
        if rules.receiver and (receiver := node.child_by_field_name(rules.receiver)) is not None:
            return _type_name(node_text(receiver)), frozenset()
        node = node.parent
    return "", frozenset()


def _ancestors(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    current: tree_sitter.Node | None = node
    for _ in range(MAX_DEEP):
        if current is None:
            return
        yield current
        current = current.parent


def _plain(text: str) -> str:
    """A name or a type on one line.

    >>> _plain("{ a,\\n  b }")
    '{ a, b }'
    """
    return " ".join(text.split())


def _defined_by(rules: CallRules, name: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """The functions that may have a name: the node around it, or the nameless ones next to it."""
    parent = name.parent
    if parent is not None and parent.type in rules.functions:
        yield parent
    if parent is not None and parent.type == "expression_list":
        parent = parent.parent
    if parent is not None and parent.type in rules.named_by:
        for child in parent.named_children:
            yield child
            yield from child.named_children if child.type == "expression_list" else ()


def _listing(rules: CallRules, node: tree_sitter.Node) -> tree_sitter.Node | None:
    """The parameters of a node, `None` if it is not a function."""
    if node.type in rules.functions:
        return node.child_by_field_name("parameters")
    if node.type in rules.nameless:
        listing = node.child_by_field_name(rules.nameless[node.type])
        return listing or node.child_by_field_name("parameter")
    return None


def _signature(tree: ParsedText, rules: CallRules, node: tree_sitter.Node) -> Signature | None:
    """A node as a definition, `None` if it is not one, or has no name."""
    listing = _listing(rules, node)
    if listing is None:
        return None
    is_named = node.type in rules.functions
    name = node.child_by_field_name("name") if is_named else _name_around(rules, node)
    if name is None:
        return None
    parameters = tuple(_parameters(rules, listing))
    own_name = node_text(name)
    owner, scope = _owner_and_scope(rules, node)
    before = _decorators(node)
    static = bool(rules.static and rules.static in before)
    if owner and tree.document.language.name == "python" and not static and parameters:
        parameters = (replace(parameters[0], kind="receiver"), *parameters[1:])
    if rules.receiver and (receiver := node.child_by_field_name(rules.receiver)) is not None:
        owner = _type_name(node_text(receiver))
    selfless = not any(parameter.kind == "receiver" for parameter in parameters)
    java = tree.document.language.name == "java" and node.type == "constructor_declaration"
    return Signature(
        own_name,
        node.byte_range,
        listing.byte_range,
        parameters,
        owner,
        None if owner else scope,
        bool(owner) and (own_name in rules.constructors or java),
        static or "classmethod" in before or (bool(rules.tokens) and bool(owner) and selfless),
        name.byte_range,
    )


def _name_around(rules: CallRules, node: tree_sitter.Node) -> tree_sitter.Node | None:
    """The name that the node around a function gives it."""
    parent = node.parent
    if parent is not None and parent.type == "expression_list" and parent.named_child_count == 1:
        parent = parent.parent  # Go: `f := func() {}`
    if parent is None or parent.type not in rules.named_by:
        return None
    name = parent.child_by_field_name(rules.named_by[parent.type])
    if name is not None and name.type == "expression_list" and name.named_child_count == 1:
        name = name.named_child(0)
    return name if name is not None and not name.named_child_count else None


def _owner_and_scope(rules: CallRules, node: tree_sitter.Node) -> tuple[str, ByteSpan | None]:
    """The owner of a definition, and the function around it if that is nearer."""
    for around in _ancestors(node):
        if around == node:
            continue
        if around.type in rules.owners:
            return _owner_name(rules, around), None
        if around.type in rules.functions or around.type in rules.nameless:
            return "", around.byte_range
        if around.type == "object":
            return "", around.byte_range
    return "", None


def _owner_name(rules: CallRules, node: tree_sitter.Node) -> str:
    name = node.child_by_field_name(rules.owners[node.type])
    return _type_name(node_text(name))


def _type_name(text: str) -> str:
    """The name of a type: of `(s *Store[K])`, of `Store<'a, T>`, of `pkg.Store`.

    >>> _type_name("(s *Store[K])"), _type_name("a::Store<'a, T>")
    ('Store', 'Store')
    """
    bare = re.sub(r"[<\[].*", "", text.strip("()"), flags=re.DOTALL)
    words: list[str] = re.findall(r"\w+", bare)
    return words[-1] if words else ""


def _heritage(rules: CallRules, node: tree_sitter.Node) -> Iterator[str]:
    for child in node.children:
        if child.type in rules.heritage:
            yield from (word for word in re.findall(r"\w+", node_text(child)) if word not in _HERITAGE_WORDS)
    trait = node.child_by_field_name("trait") if "trait" in rules.heritage else None
    if trait is not None:
        yield _type_name(node_text(trait))


def _decorators(node: tree_sitter.Node) -> str:
    """Return what is written before a definition that changes what it is: decorators and modifiers."""
    parent = node.parent
    words = [
        node_text(child)
        for child in node.children
        if child.type in ("static", "static_modifier", "modifiers")
    ]
    if parent is not None and parent.type == "decorated_definition":
        words += [node_text(child) for child in parent.children if child.type == "decorator"]
    return " ".join(words)


def _parameters(rules: CallRules, listing: tree_sitter.Node) -> Iterator[Parameter]:
    """The parameters of a list, or of the only one without brackets."""
    if listing.type in rules.parameters and not listing.named_child_count:
        yield Parameter(node_text(listing), listing.byte_range)
        return
    kind: ParameterKind = "plain"
    parameters: list[Parameter] = []
    for node in listing.named_children:
        row = rules.parameters.get(node.type)
        if row is None:
            continue
        if row[0] == "keywords":
            kind = "keyword"
        elif row[0] == "positionals":
            parameters = [replace(parameter, kind="positional") for parameter in parameters]
        else:
            parameters += _parameter(node, row, kind)
            if parameters[-1].kind == "variadic":
                kind = "keyword"
    yield from parameters


def _parameter(node: tree_sitter.Node, row: list[str], kind: ParameterKind) -> Iterator[Parameter]:
    """The parameters of one node: Go has `a, b int`."""
    field_name = row[1] if len(row) > 1 else None
    names: list[tree_sitter.Node | None] = [node]
    if field_name:
        names = [*node.children_by_field_name(field_name)]
        if not names and node.type == "spread_parameter":  # Java's `int... a` has it further down
            names = [child.child_by_field_name(field_name) for child in node.named_children[-1:]]
    elif field_name == "":
        names = [*node.named_children[:1]]  # Python's `a: int` has no field for the name
    hint = node.child_by_field_name("type")
    type_text = _plain(node_text(hint)).lstrip(": ")
    optional = row[0] == "optional" or any(
        node.child_by_field_name(key) for key in ("value", "default_value")
    )
    for name in names or [None]:
        text = _plain(node_text(name))
        variadic = row[0] == "variadic" or (name is not None and "splat" in name.type) or text[:3] == "..."
        own = "receiver" if row[0] == "receiver" or text == "this" else "variadic" if variadic else kind
        yield Parameter(
            text.lstrip("*.") if variadic else text,
            name.byte_range if name is not None and len(names) > 1 else node.byte_range,
            own,
            optional or variadic,
            type_text,
        )


def _call(rules: CallRules, name: tree_sitter.Node) -> CallSite | None:
    """The call whose function is a name, or a member of that name."""
    callee = name
    receiver = ""
    parent = name.parent
    row = rules.members.get(parent.type) if parent is not None else None
    if parent is not None and row is not None and parent.child_by_field_name(row[1]) == name:
        owner = parent.child_by_field_name(row[0])
        receiver = node_text(owner)
        callee = parent
    around: tree_sitter.Node | None = callee
    if callee.type not in rules.calls:
        around = callee.parent
        while around is not None and around.type in rules.wrappers:
            callee = around
            around = around.parent
    fields = rules.calls.get(around.type) if around is not None else None
    if around is None or fields is None or (fields[0] and around.child_by_field_name(fields[0]) != callee):
        return None
    listing = around.child_by_field_name(fields[1]) or _child(around, fields[1])
    if listing is None:
        return None
    comprehension = listing.type in ("generator_expression", "template_string")
    broken = comprehension or listing.has_error or any("comment" in node.type for node in listing.children)
    arguments = () if broken else tuple(_arguments(rules, listing))
    return CallSite(
        node_text(name), around.byte_range, name.byte_range, listing.byte_range, arguments, receiver, broken
    )


def _arguments(rules: CallRules, listing: tree_sitter.Node) -> Iterator[Argument]:
    for node in listing.named_children:
        name = node.child_by_field_name("name") if node.type == rules.keyword else None
        value = node if name is None else node.child_by_field_name("value") or node.named_children[-1]
        inner = node.named_children[:1] if node.type == rules.keyword else []
        spread = any(argument.type in rules.spread for argument in (node, *inner))
        yield Argument(node.byte_range, value.byte_range, node_text(name), spread)


def _child(node: tree_sitter.Node, kind: str) -> tree_sitter.Node | None:
    """The first child of a type, where the grammar gives it no field."""
    return next((child for child in node.named_children if child.type == kind), None)


def _in_tokens(rules: CallRules, name: tree_sitter.Node) -> bool:
    return bool(rules.tokens) and name.parent is not None and name.parent.type == rules.tokens


def _token_call(text: ParsedText, rules: CallRules, name: tree_sitter.Node) -> CallSite | None:
    """A call among the tokens of a macro, as in `assert_eq!(f(a), b)`, whose tree has no calls."""
    listing = name.next_sibling
    if any(around.type.endswith("attribute_item") for around in _ancestors(name)):
        return None  # `#[cfg(any(a, b))]`
    if listing is None or listing.type != rules.tokens or text.source.data[listing.start_byte] != ord("("):
        return None
    arguments = []
    inside: list[tree_sitter.Node] = []
    for node in listing.children[1:]:
        if node.type in (",", ")"):
            if inside:
                span = (inside[0].start_byte, inside[-1].end_byte)
                arguments.append(Argument(span, span))
            inside = []
        else:
            inside.append(node)
    before = name.prev_sibling
    receiver = ""
    if before is not None and before.type in (".", "::") and before.prev_sibling is not None:
        receiver = node_text(before.prev_sibling)
    return CallSite(
        node_text(name),
        (name.start_byte, listing.end_byte),
        name.byte_range,
        listing.byte_range,
        tuple(arguments),
        receiver,
        b"|" in (listing.text or b"") or bool(inside),
    )
