"""Small faults in code, as they are made by hand: one place of a function with another text.

It reads the tree itself and knows nothing of the product's own small changes: whether those contain what
repairs a fault is what a benchmark asks.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import tree_sitter

from assist_context.code.definitions import FUNCTIONS
from assist_context.code.symbols import symbols
from assist_context.code.trees.fragments import errors
from assist_context.code.trees.parsed_text import ParsedText, node_text
from assist_context.documents import Document, split_lines
from assist_context.languages import language_of

_ORDERED = ("<", "<=", ">", ">=")
_COMPARISONS = (_ORDERED, ("==", "!="), ("===", "!=="), ("is", "is not"), ("in", "not in"))
_OPERATORS = (
    *(("+", "-"), ("*", "/"), ("//", "/"), ("%", "/"), ("<<", ">>"), ("&", "|"), ("+=", "-=")),
    *(("++", "--"), ("*=", "/="), ("|=", "&="), ("..", "..=")),
)
_CONNECTIONS = (("and", "or"), ("&&", "||"))
_BOTH = ("and", "or", "&&", "||", "??")
_ONE_WAY = ("-", "/", "//", "%", "<<", ">>", "**", *_ORDERED)
# Functions and methods that a hand mixes up.
_MIXED_UP = """
any all / min max / some every / startswith endswith / startsWith endsWith / HasPrefix HasSuffix /
starts_with ends_with / lower upper / toLowerCase toUpperCase / ToLower ToUpper / lstrip rstrip / strip
lstrip / trim trimEnd / append extend / push unshift / shift pop / popleft pop / floor ceil / split
rsplit / find rfind / indexOf lastIndexOf / Index LastIndex / keys values / items values / is_some
is_none / is_ok is_err / first last / takewhile dropwhile / to_lowercase to_uppercase / push push_str /
trim_start trim_end / match search / take skip / is_alphanumeric is_alphabetic / checked_add checked_sub
/ Lock Unlock / slice splice / TrimLeft TrimRight
"""
_PAIRS = [tuple(row.split()) for row in _MIXED_UP.split("/")]


@dataclass(frozen=True)
class SmallFault:
    """The characters from `start` up to `end` of a file become `text`; `line` is where, from 1."""

    path: str
    line: int
    kind: str
    start: int
    end: int
    text: str

    def apply_to(self, text: str) -> str:
        """The file with the fault."""
        return text[: self.start] + self.text + text[self.end :]


_Made = tuple[
    tree_sitter.Node, tree_sitter.Node, str
]  # from one node to another, and the text in their place
_Maker = Callable[[tree_sitter.Node, ParsedText, random.Random], Iterator[_Made]]


def faults_in(path: str, text: str, kind: str, rng: random.Random) -> Iterator[SmallFault]:
    """The faults of a kind in the functions of a file, in random order; each text is sound."""
    language = language_of(path)
    parsed = ParsedText(Document(path, split_lines(text), language))
    sites = [site for site in symbols(language, text).definitions if site.kind in FUNCTIONS]
    if parsed.root is None:
        return
    inside = {line for site in sites for line in range(site.start_line + 1, site.end_line + 1)}
    found = [node for node in _nodes(parsed.root) if node.start_point[0] + 1 in inside]
    rng.shuffle(found)
    for node in found:
        for first, last, new in MAKERS[kind](node, parsed, rng):
            start, end = (_offset(parsed, byte) for byte in (first.start_byte, last.end_byte))
            fault = SmallFault(path, first.start_point[0] + 1, kind, start, end, new)
            after = fault.apply_to(text)
            if after != text and not _in_test(path, node) and not errors(language, after):
                yield fault


def _nodes(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.children)


def _offset(parsed: ParsedText, byte: int) -> int:
    return len(parsed.source.data[:byte].decode("utf-8"))


def _in_test(path: str, node: tree_sitter.Node | None) -> bool:
    """Whether a place of Rust is in a module of tests."""
    while node is not None and path.endswith(".rs"):
        if node.type == "mod_item" and "test" in node_text(node.child_by_field_name("name")):
            return True
        node = node.parent
    return False


def _tokens(groups: tuple[tuple[str, ...], ...], parents: str) -> _Maker:
    """Another token of the same group, below a node whose type matches."""

    def make(node: tree_sitter.Node, _: ParsedText, rng: random.Random) -> Iterator[_Made]:
        text = node_text(node)
        if node.child_count and " " not in text:
            return
        group = next((group for group in groups if text in group), ())
        if group and node.parent is not None and re.search(parents, node.parent.type):
            yield node, node, rng.choice([other for other in group if other != text])

    return make


def _negations(node: tree_sitter.Node, parsed: ParsedText, _: random.Random) -> Iterator[_Made]:
    operand = node.children[-1] if node.children else None
    if operand is not None and node.type in ("not_operator", "unary_expression"):
        if node_text(node.children[0]) in ("not", "!"):
            yield node, node, node_text(operand)
        return
    field = node.parent.child_by_field_name("condition") if node.parent is not None else None
    if field == node and node.parent is not None and "for" not in node.parent.type:
        python = parsed.document.language.name == "python"
        text = node_text(node)
        inner = text[1:-1] if text.startswith("(") and text.endswith(")") else text
        plain = re.fullmatch(r"[\w.]+(?:\([^()]*\))?", inner)
        turned = f"not {inner}" if python and plain else f"not ({inner})" if python else f"!{inner}"
        if not python and not plain:
            turned = f"!({inner})"
        yield node, node, f"({turned})" if inner != text else turned


def _constants(node: tree_sitter.Node, _: ParsedText, rng: random.Random) -> Iterator[_Made]:
    text = node_text(node)
    turned = {"True": "False", "False": "True", "true": "false", "false": "true"}
    if node.child_count == 0 and node.is_named and text in turned:
        yield node, node, turned[text]
    if re.search("integer|number|int_literal", node.type) and re.fullmatch(r"0|[1-9]\d{0,5}", text):
        yield node, node, str(max(0, int(text) + rng.choice((1, -1))))


def _swap(first: tree_sitter.Node, second: tree_sitter.Node, parsed: ParsedText) -> _Made:
    between = parsed.source.data[first.end_byte : second.start_byte].decode("utf-8")
    return first, second, f"{node_text(second)}{between}{node_text(first)}"


def _swapped_arguments(node: tree_sitter.Node, parsed: ParsedText, rng: random.Random) -> Iterator[_Made]:
    given = [one for one in node.named_children if not re.search("keyword|spread|splat|comment", one.type)]
    if node.type in ("argument_list", "arguments") and len(given) > 1:
        at = rng.randrange(len(given) - 1)
        yield _swap(given[at], given[at + 1], parsed)


def _swapped_operands(node: tree_sitter.Node, parsed: ParsedText, _: random.Random) -> Iterator[_Made]:
    if re.search("binary|comparison", node.type) and node.child_count == 3:
        first, sign, second = node.children
        if node_text(sign) in _ONE_WAY:
            yield _swap(first, second, parsed)


def _swapped_branches(node: tree_sitter.Node, parsed: ParsedText, _: random.Random) -> Iterator[_Made]:
    if node.type == "conditional_expression" and len(node.named_children) == 3:
        yield _swap(node.named_children[0], node.named_children[2], parsed)
    first, second = (node.child_by_field_name(name) for name in ("consequence", "alternative"))
    if second is not None and second.type == "else_clause":
        second = second.named_children[-1]
    if first is not None and second is not None and not second.type.startswith(("if", "elif")):
        yield _swap(first, second, parsed)


def _names(node: tree_sitter.Node, _: ParsedText, rng: random.Random) -> Iterator[_Made]:
    """Another variable of the function, or another member that is taken of the same object."""
    parent = node.parent
    if parent is None or not re.fullmatch(r"identifier|(?:field|property)_identifier", node.type):
        return
    function = node
    while function.parent is not None and not re.search("function|method", function.type):
        function = function.parent
    inside = [one for one in _nodes(function) if one.type == node.type and one.parent is not None]
    if node.type != "identifier":
        same = [one for one in inside if one.parent and _owner(one.parent) == _owner(parent)]
    else:
        same = [one for one in inside if one.parent and not _names_a_function(one)]
    if _names_a_function(node) or re.search("parameter|declarator|left|import|type", parent.type):
        return
    known = sorted({node_text(one) for one in same} - {node_text(node), "self", "this", "cls"})
    if known:
        yield node, node, rng.choice(known)


def _owner(member: tree_sitter.Node) -> str:
    return node_text(member.children[0])


def _names_a_function(node: tree_sitter.Node) -> bool:
    parent = node.parent
    if parent is None:
        return True
    called = parent.parent.child_by_field_name("function") if parent.parent is not None else None
    return parent.child_by_field_name("function") == node or called == parent or "keyword" in parent.type


def _mixed_up(node: tree_sitter.Node, _: ParsedText, rng: random.Random) -> Iterator[_Made]:
    text = node_text(node)
    others = [one for pair in _PAIRS if text in pair for one in pair if one != text]
    if node.child_count == 0 and "identifier" in node.type and others:
        yield node, node, rng.choice(others)


def _leaving(node: tree_sitter.Node, _: ParsedText, __: random.Random) -> Iterator[_Made]:
    """A `return` or an `await` that is forgotten."""
    value = node.named_children[-1] if node.named_children else None
    if value is not None and re.match("return_|await", node.type):
        yield node, node, node_text(value)


def _ends(node: tree_sitter.Node, _: ParsedText, rng: random.Random) -> Iterator[_Made]:
    """The end of a slice, a range or an index, one off; or a slice from the other end."""
    parent = node.parent
    text = node_text(node)
    if parent is None or not node.is_named:
        return
    of_range = parent.type in ("argument_list", "arguments") and re.search(
        r"(?:range|slice|substring|charAt)$", node_text(parent.parent.children[0]) if parent.parent else ""
    )
    if parent.type in ("slice", "slice_expression", "range_expression") or of_range:
        if parent.type == "slice_expression" and parent.child_by_field_name("operand") == node:
            return
        if re.fullmatch(r"\d+", text):
            yield node, node, str(max(0, int(text) + rng.choice((1, -1))))
        elif re.search(r"(?:-|\+) 1$", text):
            yield node, node, text[:-4]
        else:
            yield node, node, f"{text} {rng.choice('+-')} 1"
    if node.type == "slice" and text in ("1:", ":-1"):
        yield node, node, ":-1" if text == "1:" else "1:"


def _guards(node: tree_sitter.Node, _: ParsedText, rng: random.Random) -> Iterator[_Made]:
    """A condition or a default that is forgotten: one side of `a and b`, of `a or b`."""
    if re.search("boolean_operator|binary_expression", node.type) and node.child_count == 3:
        first, sign, second = node.children
        if node_text(sign) in _BOTH:
            yield node, node, node_text(rng.choice((first, second)))


MAKERS: Mapping[str, _Maker] = {
    "comparison": _tokens(_COMPARISONS, "comparison|binary"),
    "operator": _tokens(_OPERATORS, "binary|augmented|assignment|update|inc_|dec_|range"),
    "connection": _tokens(_CONNECTIONS, "boolean|binary"),
    "negation": _negations,
    "constant": _constants,
    "swapped arguments": _swapped_arguments,
    "swapped operands": _swapped_operands,
    "swapped branches": _swapped_branches,
    "name": _names,
    "twin function": _mixed_up,
    "return or await": _leaving,
    "slice end": _ends,
    "guard or default": _guards,
}
