"""The place of a name in the tree: the nodes around it, the rules for it, and the scopes that it sees.

It descends once from the root for each place. It does not know what other places mean.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter

from assist_context.code.names.scope_rules import FIRST, PlaceRule, ScopeRules
from assist_context.code.trees.parsed_text import ParsedText

Step = tuple[tree_sitter.Node, str]  # a node, and its field in the one around it
_USE = PlaceRule("use")


@dataclass(frozen=True, slots=True)
class ScopeStep:
    """A scope around a place: its index among the steps. A `skipped` one is not seen from there."""

    index: int
    node: tree_sitter.Node
    kind: str
    skipped: bool


@dataclass(frozen=True, slots=True)
class NamePlace:
    """A name in code: bytes, the `steps` from the root to it, and the rule of the node at `definer`."""

    start: int
    end: int
    steps: tuple[Step, ...]
    scopes: tuple[ScopeStep, ...]  # the innermost first
    definer: int
    rule: PlaceRule

    @property
    def leaf(self) -> tree_sitter.Node:
        return self.steps[-1][0]

    @property
    def node(self) -> tree_sitter.Node:
        """The node that says what the name is there."""
        return self.steps[self.definer][0]


def find_receiver(rules: ScopeRules, node: tree_sitter.Node) -> tree_sitter.Node | None:
    """Return the object whose member a node names: by its field, or the first child if it has none."""
    field = rules.receivers.get(node.type)
    return node.child_by_field_name(field) if field else node.named_children[0] if field == "" else None


def find_place(text: ParsedText, rules: ScopeRules, start: int, end: int) -> NamePlace | None:
    """The place of some bytes, `None` if they are not a name of the language."""
    steps = _steps(text, start)
    while len(steps) > 1 and steps[-2][0].type in rules.names:  # a name in one with its sigil
        steps.pop()
    leaf = steps[-1][0] if steps else None
    if leaf is None or leaf.type not in rules.names or leaf.end_byte != end or leaf.start_byte < start - 1:
        return None
    rule, definer = match_rule(rules, steps, len(steps) - 2, steps[-1][1])
    return NamePlace(start, end, tuple(steps), tuple(_scopes(rules, steps)), definer, rule)


def match_rule(
    rules: ScopeRules, steps: list[Step] | tuple[Step, ...], index: int, field: str
) -> tuple[PlaceRule, int]:
    """The rule for a child that is `field` of the node at `index`, seen through patterns, and its node."""
    first = index
    while index >= 0:
        node = steps[index][0]
        for rule in rules.places.get(node.type, ()):
            if _fits(rule, steps, index, field):
                return rule, index
        if node.type not in rules.through and f"{node.type}.{field}" not in rules.through:
            break
        field = steps[index][1]
        index -= 1
    return _USE, max(first, 0)


def _steps(text: ParsedText, start: int) -> list[Step]:
    if text.root is None:
        return []
    cursor = text.root.walk()
    steps = [(text.root, "")]
    while cursor.goto_first_child_for_byte(start) is not None:
        node = cursor.node
        if node is None:
            break
        steps.append((node, cursor.field_name or ""))
    return steps


def _fits(rule: PlaceRule, steps: list[Step] | tuple[Step, ...], index: int, field: str) -> bool:
    node, own = steps[index]
    if rule.field and rule.field != field:
        return False
    if rule.above:
        above = steps[index - 1][0].type if index else ""
        if rule.above not in (above, f"{above}.{own}"):
            return False
    if rule.child == FIRST:
        return steps[index + 1][0].start_byte == node.start_byte
    if rule.child:
        wants = not rule.child.startswith("!")
        return any(child.type == rule.child.removeprefix("!") for child in node.children) == wants
    return True


def _scopes(rules: ScopeRules, steps: list[Step]) -> Iterator[ScopeStep]:
    kinds = rules.scopes
    types = [node.type for node, _ in steps]
    is_skipped = False
    for index in range(len(steps) - 2, -1, -1):
        own = types[index]
        if own in rules.outside:
            is_skipped = is_skipped or _is_outside(rules, steps[index][0], steps[index + 1][1])
        above = types[index - 1] if index else ""
        kind = kinds.get(own) or (kinds.get(f"{above}>{own}") if own in rules.nested else None)
        if kind and not (rules.bodies and steps[index][1] == "body" and kinds.get(above) == "function"):
            yield ScopeStep(index, steps[index][0], kind, is_skipped)
            is_skipped = False


def _is_outside(rules: ScopeRules, node: tree_sitter.Node, field: str) -> bool:
    fields = rules.outside[node.type]
    if field in fields:
        return True
    if f"{field}?first" not in fields:
        return False
    before = node.prev_named_sibling
    return before is None or before.type != node.type
