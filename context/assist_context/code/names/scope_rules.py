"""The rules by which names bind in each language, as in the file `names.toml` of its folder in `queries`.

It knows types of nodes as words, and no text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from assist_context.code.language_rules import as_rules, language_rules

ANY = frozenset({"value", "type"})  # a name that may mean either, as in an export
FIELD = "field"  # the space of fields where they have names of their own
FIRST = "^"


@dataclass(frozen=True, slots=True)
class PlaceRule:
    """A rule for a name at a place: `action` is "define" or another role, `kind` what is defined.

    `above` is the node around the parent, as type or type and field, `field` the name's own field, `child`
    what the parent has to have among its children; "" is anything.
    """

    action: str
    kind: str = ""
    where: str = ""
    spaces: frozenset[str] = frozenset()
    above: str = ""
    field: str = ""
    child: str = ""

    @property
    def weight(self) -> int:
        """The more a rule demands, the earlier it is asked."""
        return 4 * bool(self.above) + 2 * bool(self.child) + bool(self.field)


@dataclass(frozen=True, slots=True)
class ScopeRules:
    """The rules of a language. Keys of nodes are types, or a type and a field with a dot."""

    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    # The kind by the type of the node, or by that of the node above, ">" and its own.
    scopes: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, Sequence[PlaceRule]] = field(default_factory=dict)  # by the type of the parent
    through: frozenset[str] = frozenset()
    outside: Mapping[str, frozenset[str]] = field(default_factory=dict)  # fields by the type of their node
    nested: frozenset[str] = frozenset()  # nodes that are a scope only below certain others
    receivers: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, int] = field(default_factory=dict)  # words that mean a module, so many modules above
    owners: Mapping[str, Sequence[str]] = field(default_factory=dict)
    owner_fields: Sequence[str] = ("name",)
    weak_owners: frozenset[str] = frozenset()
    shorthands: frozenset[str] = frozenset()
    value_keys: frozenset[str] = frozenset()
    keywords: frozenset[str] = frozenset()
    self_words: frozenset[str] = frozenset()
    own_this: frozenset[str] = frozenset()
    bare_members: str = ""
    bodies: bool = False
    reuse: bool = False
    guesses: bool = False
    constants: bool = False
    overrides: bool = False
    fields_apart: frozenset[str] = frozenset()
    # How objects are made and passed on, for who follows them: nodes, and the field that says with what.
    calls: Mapping[str, str] = field(default_factory=dict)
    literals: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    wrappers: frozenset[str] = frozenset()
    one_binding: bool = False


NO_RULES = ScopeRules()


@lru_cache
def scope_rules(language: str) -> ScopeRules | None:
    """The rules of a language by its name, `None` if its names cannot be followed."""
    table = language_rules(language, "names")
    if table is None:
        return None
    scopes = {node: kind for kind, nodes in table["scopes"].items() for node in nodes}
    return as_rules(
        ScopeRules,
        {**table, **table["objects"], "self_words": table.get("self", [])},
        names={node: frozenset({space}) for node, space in table["names"].items()},
        scopes=scopes,
        places=_places(table),
        outside=_fields(table["outside"]),
        nested=frozenset(node.partition(">")[2] for node in scopes if ">" in node),
        keywords=frozenset(table["keywords"].split()),
    )


def _fields(keys: Sequence[str]) -> dict[str, frozenset[str]]:
    nodes = {key.partition(".")[0] for key in keys}
    return {
        node: frozenset(key.partition(".")[2] for key in keys if key.startswith(f"{node}.")) for node in nodes
    }


def _places(table: Mapping[str, Any]) -> dict[str, list[PlaceRule]]:
    places: dict[str, list[PlaceRule]] = {}
    spaces = table.get("spaces", {})
    for where, kinds in table["define"].items():
        for kind, keys in kinds.items():
            its = frozenset(spaces.get(kind, "value").split())
            for key in keys:
                parent, rule = _rule(key, PlaceRule("define", kind, where, its))
                places.setdefault(parent, []).append(rule)
    for action, keys in table["other"].items():
        for key in keys:
            parent, rule = _rule(key, PlaceRule(action))
            places.setdefault(parent, []).append(rule)
    return {parent: sorted(rules, key=lambda rule: -rule.weight) for parent, rules in places.items()}


def _rule(key: str, rule: PlaceRule) -> tuple[str, PlaceRule]:
    rest, _, child = key.partition("?")
    above, _, own = rest.rpartition(">")
    parent, _, field = own.partition(".")
    return parent, PlaceRule(rule.action, rule.kind, rule.where, rule.spaces, above, field, child)
