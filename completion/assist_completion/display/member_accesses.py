"""Member accesses of a text: the name after a dot, and the expression before it.

It reads the text backwards from each dot. It knows no types, and no text but the one it is given.
"""

import re
from collections.abc import Iterator

_MEMBER = re.compile(r"(?<![.\d])(?:\?\.|\.|->)(?:\n\s*)?(#?[^\W\d]\w*)")
_LINKS = ("?.", ".", "->", "::")
_OPENERS = {")": "(", "]": "["}
# Names that a text binds itself, with forms in which no condition and no argument is written.
_BINDINGS = (
    re.compile(r"\b(?:let|const|var|val|as|lambda|catch|def|fn|func|function|class)\s+\(?&?(?:mut\s+)?(\w+)"),
    re.compile(r"\bfor\s+(?:const|let|var)?\s*\(?\s*(?:const|let|var)?([\w, ()\[\]&]+?)\s+(?:in|of|:=)\b"),
    re.compile(r"(?:^|[;{])[ \t]*((?:\w+\s*,\s*)*\w+)\s*(?::[^=\n]+)?(?::=|=)(?![=>~])", re.MULTILINE),
    re.compile(r"\b((?:\w+\s*,\s*)*\w+)\s*:="),
    re.compile(r"\b(?:let|const|var)\s*[{\[]([^}\]]*)[}\]]"),
    re.compile(r"\|([^|\n]*)\|"),
    re.compile(r"\blambda\b([^:\n]*):"),
    re.compile(r"\(([\w\s,:<>?*&=.\[\]|{}]*)\)\s*(?:=>|->)"),
    re.compile(r"\bfunc(?:tion)?\b[^(\n]*\(([^)\n]*)\)"),
    re.compile(r"\b(\w+)\s*=>"),
    re.compile(r"\bdef\b[^(\n]*\(([^)\n]*)\)"),
)
_NAME = re.compile(r"[^\W\d]\w*")
_TARGET = re.compile(r"\s*(?::[^=\n]*)?=(?!=)")
_CALLED = re.compile(r"\s*(?:\(|::|!)")


def find_accesses(code: str, language: str) -> Iterator[tuple[str, str, int, int]]:
    """(receiver, member, first, last) of each access to a member that has to exist, in order.

    Strings and comments are blank in `code`. What is assigned to need not exist in languages where that makes
    it, and neither does a method of Rust, which may be of any trait.

    >>> [found[:2] for found in find_accesses("self.cart.find(a.b)[0].name", "python")]
    [('self', 'cart'), ('self.cart', 'find'), ('a', 'b'), ('self.cart.find(a.b)[0]', 'name')]
    """
    bound = {name for form in _BINDINGS for match in form.finditer(code) for name in _NAME.findall(match[1])}
    definitions: set[str] = set()
    for match in _MEMBER.finditer(code):
        receiver = receiver_before(code, match.start())
        first = _NAME.match(receiver.removeprefix("new ").lstrip("("))
        is_target = language in ("python", "javascript") and _TARGET.match(code, match.end()) is not None
        if is_target:
            definitions.add(match[1])
        if first is None or first[0] in bound or match[1] in definitions or match[1].startswith("#"):
            continue
        if language == "rust" and _CALLED.match(code, match.end()) is not None:
            continue
        yield receiver, match[1], match.start(1), match.end(1)


def receiver_before(code: str, at: int) -> str:
    """The expression that ends at a place, "" if there is none that can be read backwards.

    >>> receiver_before("x = (a + b).c(d)[0]", 19), receiver_before("return new Cart(x)", 18)
    ('(a + b).c(d)[0]', 'new Cart(x)')
    """
    end = len(code[:at].rstrip())
    start = end
    while True:
        part = start
        while start > 1 and code[start - 1] in "?!":
            start -= 1
        while start > 0 and code[start - 1] in _OPENERS:
            start = _opening(code, start - 1)
            if start < 0:
                return ""
        while start > 0 and (code[start - 1].isalnum() or code[start - 1] in "_$#"):
            start -= 1
        before = code[:start].rstrip()
        link = next((link for link in _LINKS if before.endswith(link)), "")
        if start == part or not link or before.endswith(".."):
            break
        start = len(before.removesuffix(link).rstrip())
    if (new := re.search(r"\bnew\s+\Z", code[:start])) is not None:
        start = new.start()
    receiver = re.sub(r"\s+", " ", code[start:end]).strip()
    return re.sub(r" ?(\.|\?\.|->) ?", r"\1", receiver)


def _opening(code: str, at: int) -> int:
    """Find where the bracket opens that closes at a place; -1 if it does not."""
    depth = 0
    while at >= 0:
        if code[at] in ")]}":
            depth += 1
        elif code[at] in "([{":
            depth -= 1
            if depth == 0:
                return at
        at -= 1
    return -1
