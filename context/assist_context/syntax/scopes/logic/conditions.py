"""Conditions as formulas whose negations are at their innermost parts, so that opposites are known.

An item is a part of a formula in words: what holds at a place is a set of items. This module knows no nodes.
"""

import re

Formula = tuple[str, tuple["Formula", ...]] | tuple[str, bool]
JOINS = {"and": "and", "&&": "and", "or": "or", "||": "or"}
OTHER_JOIN = {"and": "or", "or": "and"}
# The opposite of a comparison is the same comparison, negated.
OPPOSITES = {"!=": "==", "!==": "===", "not in": "in", "is not": "is", ">=": "<", "<=": ">"}
COMPARED = frozenset({*OPPOSITES, *OPPOSITES.values()})
MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
CHECKER_ONLY = frozenset({"TYPE_CHECKING", "t . TYPE_CHECKING", "typing . TYPE_CHECKING"})


def negated_word(operator: str) -> str:
    """The operator that a negation makes of a comparison.

    >>> negated_word("in"), negated_word("<")
    ('not in', '>=')
    """
    return next(word for word, plain in OPPOSITES.items() if plain == operator)


def negate(formula: Formula) -> Formula:
    """The opposite, by the laws of De Morgan."""
    kind, rest = formula
    if isinstance(rest, bool):
        return kind, not rest
    return OTHER_JOIN[kind], tuple(negate(part) for part in rest)


def words_of(formula: Formula) -> str:
    """A formula in words that are the same for the same formula."""
    kind, rest = formula
    if isinstance(rest, bool):
        return kind if rest else f"not {kind}"
    return "( " + f" {kind} ".join(sorted(words_of(part) for part in rest)) + " )"


def items_of(formula: Formula) -> frozenset[str]:
    """What holds where a condition does."""
    kind, rest = formula
    if kind == "and" and isinstance(rest, tuple):
        return frozenset(words_of(part) for part in rest)
    return frozenset({words_of(formula)})


def negation_of(item: str) -> str:
    """The opposite of one item of a context; "" of one that has parts.

    >>> negation_of("not x in y"), negation_of("x in y")
    ('x in y', 'not x in y')
    """
    if item.startswith("("):
        return ""
    return item[4:] if item.startswith("not ") else f"not {item}"


def turned_words(item: str) -> str:
    """What happened to a condition that an item of a context is from.

    >>> turned_words("x in y"), turned_words("not x == y"), turned_words("not x")
    ('`in` became `not in`', '`!=` became `==`', 'a negation is gone')
    """
    bare = item.removeprefix("not ")
    found = re.search(r" (in|is|===|==|<|>) ", bare)
    if found is None:
        return "a negation was added" if bare == item else "a negation is gone"
    words = [found[1], negated_word(found[1])]
    return "`{}` became `{}`".format(*(words if bare == item else reversed(words)))


def plain_item(item: str) -> str:
    """An item as it is shown to people."""
    return item.replace(" . ", ".")[:60]
