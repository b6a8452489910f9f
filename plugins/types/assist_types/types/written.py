"""The types in a written type: `Optional[Cart]` is a Cart, `Cart[]` holds Carts. It knows no file."""

import re

from assist_context.code.trees.fragments import split_outside
from assist_types.types.expressions import Written
from assist_types.types.words import words_of

_PYTHON = re.compile(r"(?P<name>\w+(?:\.\w+)*)\s*(?:\[(?P<inside>.*)\])?", re.DOTALL)
_SCRIPT = re.compile(r"(?P<name>[\w$]+(?:\.[\w$]+)*)\s*(?:<(?P<inside>.*)>)?", re.DOTALL)
_RUST = re.compile(r"(?P<name>\w+(?:::\w+)*)\s*(?:<(?P<inside>.*)>)?", re.DOTALL)
_GO = re.compile(r"(?P<name>\w+(?:\.\w+)?)\s*(?:\[(?P<inside>.*)\])?", re.DOTALL)
_FORMS = {"python": _PYTHON, "script": _SCRIPT, "rust": _RUST, "go": _GO}
_MOST = 400  # characters; a longer type says too much


def written_types(text: str, family: str) -> tuple[Written, ...]:
    """The types that a written type may be, none if one of them is unknown. Nothing (`None`) is left out.

    >>> written_types("Optional[nodes.Node] | None", "python"), written_types("Cart[] | null", "script")
    ((Written(name='nodes.Node', arguments=()),), (Written(name='[]', arguments=('Cart', 'Array')),))
    >>> written_types("Any", "python"), written_types("&'a mut Box<Node>", "rust")
    ((), (Written(name='Node', arguments=()),))
    """
    if len(text) > _MOST:
        return ()
    found: list[Written] = []
    for part in _parts(text.strip(), family):
        if not part or words_of(family).has("nothing", part):
            continue
        written = _one(part, family)
        if not written:
            return ()
        found += written
    return tuple(dict.fromkeys(found))


def _parts(text: str, family: str) -> list[str]:
    if family == "python" and text[:1] in ("'", '"') and text[-1:] == text[:1]:
        text = text[1:-1].strip()
    if family == "python":
        return split_outside(text, "|")
    if family == "script":
        text = re.sub(r"^(?::\s*)|\breadonly\s+", "", text).strip()
        # The members of an intersection are those of all its parts, those of a union one of them has.
        return split_outside(text, "|&")
    return [text]


def _one(part: str, family: str) -> tuple[Written, ...]:
    """Return the types that one alternative may be."""
    special = {"script": _of_script, "rust": _of_rust, "go": _of_go}.get(family)
    if special is not None:
        part, found = special(part)
        if found:
            return found
    if family == "script" and part.startswith("(") and part.endswith(")") and "=>" not in part:
        return written_types(part[1:-1], family)
    match = _FORMS[family].fullmatch(part)
    return () if match is None else _by_name(match["name"], split_outside(match["inside"] or "", ","), family)


def _of_script(part: str) -> tuple[str, tuple[Written, ...]]:
    if part.endswith("[]"):
        return part, (Written("[]", (part[:-2], "Array")),)
    query = re.fullmatch(r"typeof\s+([\w$.]+)", part)
    return part, (Written("typeof", (query[1],)),) if query is not None else ()


def _of_rust(part: str) -> tuple[str, tuple[Written, ...]]:
    part = re.sub(r"^(?:&|'\w+\s|mut\s|\s)+", "", part)
    array = re.fullmatch(r"\[([^;]+)(?:;.*)?\]", part)
    return part, (Written("[]", (array[1],)),) if array is not None else ()


def _of_go(part: str) -> tuple[str, tuple[Written, ...]]:
    part = part.lstrip("*")
    if (array := re.match(r"\.\.\.|\[\w*\]", part)) is not None:
        return part, (Written("[]", (part[array.end() :],)),)
    map_type = re.fullmatch(r"map\[[^\]]*\](.*)", part)
    return part, (Written("{}", (map_type[1],)),) if map_type is not None else ()


def _by_name(name: str, arguments: list[str], family: str) -> tuple[Written, ...]:
    last = re.split(r"\.|::", name)[-1]
    words = words_of(family)
    known = tuple(argument for argument in arguments if argument)
    if words.has("vague", last):
        return ()
    if words.has("clear", last):
        return _clear(known if last == "Union" else known[:1], family)
    of_several = words.has("tuples", last) and len(known) > 1 and known[1:] != ("...",)
    if words.has("holders", last) and not of_several:
        return (Written("[]", (*known[:1], last)),) if known else (Written(last),)
    if words.has("maps", last):
        return (Written("{}", (known[1], last)),) if len(known) == 2 else (Written(last),)
    if words.has("promises", last):
        return (Written("promise", (known[-1], last)),) if known else ()
    return (Written(name, known),)


def _clear(arguments: tuple[str, ...], family: str) -> tuple[Written, ...]:
    """The types that are in another one."""
    found = [written_types(argument, family) for argument in arguments]
    telling = [
        bool(one) or words_of(family).has("nothing", argument)
        for one, argument in zip(found, arguments, strict=True)
    ]
    return tuple(one for some in found for one in some) if all(telling) else ()
