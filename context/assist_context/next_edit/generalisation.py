"""From examples to patterns: what one edit says about other places, and what two have in common.

Two examples are generalised by anti-unification: equal tokens stay, differing ones become holes, and the new
text may use nothing but tokens and what the holes hold. Say `assertEqual(a, f(b))` became `assert a == f(b)`,
and `assertEqual(n, 1)` became `assert n == 1`. The old texts are aligned as trees of brackets:

    assertEqual ( a , f(b) )      what differs is `a` / `n`, which is hole 0, and `f(b)` / `1`, hole 1:
    assertEqual ( n , 1    )      assertEqual(<0>, <1>)

The new texts differ by the same two pairs, so each has its hole: `assert <0> == <1>`. Had the second been
`assert n == 2`, the pair `f(b)` / `2` would be no hole of the old text, and nothing would be generalised.
"""

from dataclasses import replace
from difflib import SequenceMatcher

from assist_context.next_edit.pattern import Hole, Items, Pattern, is_before_line, is_long_name, matches
from assist_context.next_edit.substitution import IDENTIFIER, CodeTokens, Site, depth, line_end, line_start

MAX_HOLES = 3  # matching takes longer with each
MAX_ANCHORS = 6  # tokens that a place without an own name needs around it
CONSTANTS_PER_HOLE = 4  # tokens of a deletion: with fewer, any statement of the form would be deleted

_PATH_SIGNS = frozenset({".", "::", "/", "-", "@"})
_IMPORT_STARTS = (["from"], ["import"], ["use"])

_Pair = tuple[CodeTokens, CodeTokens]


def make_pattern(site: Site) -> Pattern | None:
    """The pattern of one example; None if it says too little about where else it belongs."""
    if any(map(is_long_name, site.old)):
        before, right = _sides(site)
        return Pattern(before, site.old, site.new, right, _indent(site, ()))
    before = _anchor(tuple(reversed(site.left)))[::-1]
    right = _anchor(site.right)
    # What is typed before a name, such as a keyword, belongs to the name; all else to what is before it.
    if site.right and IDENTIFIER.fullmatch(site.right[0]) and right:
        before = ()
    elif before:
        right = right[:1] or site.right[:1]
    pattern = Pattern(before, site.old, site.new, right, _indent(site, right))
    return pattern if pattern.names and _has_text(site) else None


def generalise(one: Site, other: Site) -> tuple[Pattern, ...]:
    """The patterns of two examples, with the call around first; none if they have too little in common."""
    result = _generalise(one, other)
    return tuple(pattern for pattern in result if pattern.holes <= MAX_HOLES)


def _generalise(one: Site, other: Site) -> tuple[Pattern, ...]:
    if not _has_text(one) or not _may_agree(one, other):
        return ()
    if not one.old and not other.old and one.new[0][0] == other.new[0][0] == "\n":
        lines = _insertion_pattern(one, other)
        return () if lines is None else (lines,)
    own = _unify_site((), (), one, other)
    if own is not None and any(map(is_long_name, own.old)) and _is_special(own):
        before, right = _sides(one)
        return (replace(own, left=before, right=right) if (before, right) == _sides(other) else own,)
    phrases = _unify_site(_phrase(one.left), _phrase(other.left), one, other)
    before = line_end(_common(one.left[::-1], other.left[::-1])[::-1])
    right = line_start(_common(one.right, other.right))
    sides = _anchors(before, right)
    near = None if own is None else Pattern(sides[0], own.old, own.new, sides[1], own.indent)
    patterns = [
        pattern
        for pattern in (phrases, near)
        if pattern is not None and pattern.names and _is_anchored(pattern)
    ]
    return tuple(pattern for pattern in patterns if not any(says_less(pattern, other) for other in patterns))


def _sides(site: Site) -> tuple[CodeTokens, CodeTokens]:
    """Return what has to be around what a site replaces, where the old text alone may be something else.

    After `from a.errors` became `from b.errors`, whether there is a `b.status` is not known; where
    `Object.freeze` lost its qualifier, `Object.create` still needs it. A `key` that became `norm(key)` in
    calls of one function stays in others.
    """
    if not site.new and site.old[-1] in _PATH_SIGNS:
        return (), site.right[:1]
    if _wraps(site):
        return _anchor(site.left[::-1])[::-1], site.right[:1]
    line = line_end(site.left)
    words = [token for token in line if not token.isspace()]
    if words[:1] not in _IMPORT_STARTS and "from" not in words:
        return (), ()
    before = len(line)
    while before and _is_of_path(line[before - 1]):
        before -= 1
    following = next((at for at, token in enumerate(site.right) if not _is_of_path(token)), len(site.right))
    return line[before:], site.right[:following]


def _wraps(site: Site) -> bool:
    """Return whether the old text stays and gets a call around it."""
    size = len(site.old)
    inside = range(1, len(site.new) - size)
    return site.new[-1:] == (")",) and any(site.new[at : at + size] == site.old for at in inside)


def _is_of_path(token: str) -> bool:
    return token in _PATH_SIGNS or IDENTIFIER.fullmatch(token) is not None


def _unify_site(head: CodeTokens, left_of_other: CodeTokens, one: Site, other: Site) -> Pattern | None:
    """Return what two sites have in common, with what is before them if that is given."""
    pairs: list[_Pair] = []
    before = _unify(_tree(head), _tree(left_of_other), pairs, grow=True)
    old = None if before is None else _unify(_tree(one.old), _tree(other.old), pairs, grow=True)
    new = None if old is None else _unify(_tree(one.new), _tree(other.new), pairs, grow=False)
    if before is None or old is None or new is None or (head and not before):
        return None
    right = line_start(_common(one.right, other.right))[:1] if before and _opens(head) else ()
    return Pattern(before, old, new, right, _indent(one, right))


def _is_anchored(pattern: Pattern) -> bool:
    """Return whether a deletion of anything has a name before it and something after it."""
    whole = bool(pattern.left) and bool(pattern.right)
    return whole or bool(pattern.new) or not all(isinstance(item, Hole) for item in pattern.old)


def _is_special(pattern: Pattern) -> bool:
    """Return whether a deletion has enough of its own tokens, so that it fits few places."""
    constants = len(pattern.old) - pattern.holes
    return bool(pattern.new) or pattern.holes * CONSTANTS_PER_HOLE <= constants


def _anchors(head: CodeTokens, right: CodeTokens) -> tuple[CodeTokens, CodeTokens]:
    """Choose the tokens around a place that say enough: up to a long name on one side, one on the other."""
    following = _anchor(right)
    if following:
        return head[-1:], following
    before = _anchor(head[::-1])[::-1]
    return before, right[:1]


def _opens(part: CodeTokens) -> bool:
    """Return whether a bracket is still open at the end of some tokens."""
    return depth(part) > 0


def _phrase(before: CodeTokens) -> CodeTokens:
    """The call that a place is in, from its name on, or else the expression that ends there."""
    line = line_end(before)
    open_brackets = 0
    for at in range(len(line) - 1, -1, -1):
        open_brackets -= depth(line[at : at + 1])
        if open_brackets < 0:
            return line[_start_of_name(line, at) :] if at > 0 else ()
    start = _start_of_name(line, len(line))
    return line[start:]


def _start_of_name(line: CodeTokens, end: int) -> int:
    """Find where a dotted name or call begins that ends before a token."""
    at = end
    level = 0
    while at > 0:
        word = line[at - 1]
        level -= depth((word,))
        if level < 0 or (level == 0 and word not in (".", "::", *"([{") and not IDENTIFIER.fullmatch(word)):
            break
        at -= 1
    return at


def _may_agree(one: Site, other: Site) -> bool:
    """Say if two examples share a token that says something, in what they replace and in the new text."""
    if not _share(one.new, other.new) or bool(one.old) != bool(other.old):
        return False
    if one.old and _share(one.old, other.old):
        return True
    return (one.left[-1:], one.right[:1]) == (other.left[-1:], other.right[:1]) or (
        not one.old and _share((*one.left, *one.right), (*other.left, *other.right))
    )


def _share(one: CodeTokens, other: CodeTokens) -> bool:
    return (not one and not other) or any(not token.isspace() and token in other for token in one)


def _insertion_pattern(one: Site, other: Site) -> Pattern | None:
    """The pattern of lines that were inserted after or before lines that have something in common."""
    best: Pattern | None = None
    for above in (False, True):
        pairs: list[_Pair] = []
        sides = [_line_above(site.left) if above else _line_below(site.right) for site in (one, other)]
        anchor = _unify(_tree(sides[0]), _tree(sides[1]), pairs, grow=True)
        new = None if anchor is None else _unify(_tree(one.new), _tree(other.new), pairs, grow=False)
        if anchor is None or new is None or not any(is_long_name(token) for token in anchor):
            continue
        right = () if above else anchor
        pattern = Pattern(anchor if above else (), (), new, right, _indent(one, right))
        if best is None or _constants(pattern) > _constants(best):
            best = pattern
    return best


def _line_above(before: CodeTokens) -> CodeTokens:
    """The tokens of the line that ends where an insertion is, from its own line end on."""
    start = next((at for at in range(len(before) - 1, -1, -1) if before[at][0] == "\n"), None)
    return () if start is None else before[start:]


def _line_below(right: CodeTokens) -> CodeTokens:
    """The tokens of the line below an insertion, up to its line end."""
    if not right or right[0][0] != "\n":
        return ()
    end = next((at for at in range(1, len(right)) if right[at][0] == "\n"), len(right))
    return right[:end]


def _constants(pattern: Pattern) -> int:
    return sum(isinstance(item, str) for item in (*pattern.left, *pattern.right))


def says_less(pattern: Pattern, other: Pattern) -> bool:
    """Return whether a pattern makes the same as another one, at all its places and at more of them."""
    same = (pattern.old, pattern.new) == (other.old, other.new)
    more = len(other.left) - len(pattern.left)
    before = more > 0 and other.left[more:] == pattern.left and Hole not in map(type, other.left[:more])
    return same and before and other.right[: len(pattern.right)] == pattern.right


def explains(pattern: Pattern, site: Site) -> bool:
    """Return whether a pattern makes exactly what was done at a site."""
    if not pattern.holes and (pattern.old, pattern.new) != (site.old, site.new):
        return False
    if not pattern.holes and pattern.old and not (pattern.left or pattern.right):
        return True
    text = "".join(("\n", *site.left, *site.old, *site.right))
    start = 1 + len("".join(site.left))
    end = start + len("".join(site.old))
    for match in matches(pattern, text):
        if (match.start, match.end) == (start, end):
            return match.new.split() == "".join(site.new).split()
    return False


# Tokens with each pair of brackets and what is in it as one group.
_Tree = tuple["str | _Tree", ...]
_CLOSES = {"(": ")", "[": "]", "{": "}"}


def _tree(part: CodeTokens) -> _Tree:
    """Tokens as groups; a bracket without its other half is a token like any other."""
    stack: list[list[str | _Tree]] = [[]]
    for token in part:
        stack[-1].append(token)
        if token in _CLOSES:
            stack.append([stack[-1].pop()])
        elif len(stack) > 1 and token == _CLOSES[str(stack[-1][0])]:
            group = tuple(stack.pop())
            stack[-1].append(group)
    while len(stack) > 1:
        rest = stack.pop()
        stack[-1] += rest
    return tuple(stack[0])


def _key(part: "str | _Tree") -> str:
    """Return what is aligned: a token, or for a group its bracket alone, as its inside is compared later."""
    if isinstance(part, str):
        return part[0] if part[0] == "\n" else part  # a line end fits at any indentation
    return f"group {part[0]}"


def _flat(part: _Tree) -> CodeTokens:
    return tuple(token for group in part for token in ((group,) if isinstance(group, str) else _flat(group)))


def _unify(one: _Tree, other: _Tree, pairs: list[_Pair], *, grow: bool) -> Items | None:
    """The tokens of two texts with holes where they differ; None where a difference can be no hole.

    With `grow` a difference becomes a new hole if each text may fill one; else it has to be one of `pairs`.
    """
    keys = [_key(token) for token in one]
    others = [_key(token) for token in other]
    items: list[str | Hole] = []
    for kind, a, b, c, d in SequenceMatcher(None, keys, others, autojunk=False).get_opcodes():
        if kind == "equal":
            for one_token, right in zip(one[a:b], other[c:d], strict=True):
                if isinstance(one_token, str) or isinstance(right, str):
                    items.append(str(one_token))
                    continue
                inner = _unify(one_token[1:-1], right[1:-1], pairs, grow=grow)
                if inner is None:
                    return None
                items += [str(one_token[0]), *inner, str(one_token[-1])]
            continue
        pair = (_flat(one[a:b]), _flat(other[c:d]))
        if grow and pair not in pairs and _is_whole(pair[0]) and _is_whole(pair[1]):
            pairs.append(pair)
        if pair not in pairs:
            return None
        items.append(Hole(pairs.index(pair)))
    return tuple(items)


def _is_whole(part: CodeTokens) -> bool:
    """Return whether tokens may fill a hole: text of one line, its brackets balanced."""
    level = 0
    for token in part:
        level += depth((token,))
        if level < 0 or token[0] == "\n":
            return False
    return level == 0 and any(not token.isspace() for token in part)


def _anchor(side: CodeTokens) -> CodeTokens:
    """The tokens next to a site up to the first long name; none if there is none near it on its line."""
    for at, token in enumerate(side[:MAX_ANCHORS]):
        if token[0] == "\n":
            break
        if is_long_name(token):
            return side[: at + 1]
    return ()


def _common(one: CodeTokens, other: CodeTokens) -> CodeTokens:
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    return one[: min(len(one), len(other)) if same is None else same]


def _indent(site: Site, right: Items) -> str:
    """The indentation that new lines are relative to: the site's, or that of the line below in a pattern."""
    if is_before_line(right):
        return site.right[0][1:]
    return next((token[1:] for token in reversed(site.left) if token[0] == "\n"), "")


def _has_text(site: Site) -> bool:
    return any(not token.isspace() for token in (*site.old, *site.new))
