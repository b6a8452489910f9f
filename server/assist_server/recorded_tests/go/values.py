"""Expressions of Go types: a few values for each, the plainest first. Some need statements before them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assist_server.recorded_tests.go.package import GoPackage

MOST_VALUES = 12
DEEPEST = 3
_ZERO = ("nil", "0", '""', "false")
MOST_FIELDS = 6  # of a literal of a struct
_SIGNED = ("int", "int8", "int16", "int32", "int64", "rune")
_UNSIGNED = ("uint", "uint8", "uint16", "uint32", "uint64", "uintptr", "byte")
NUMBERS = (*_SIGNED, *_UNSIGNED, "float32", "float64")
_KNOWN = {
    "bool": ("true", "false"),
    "error": ("nil", 'errors.New("boom")'),
    "any": ('"a"', "1", "nil", "2.5", "true"),
    "interface{}": ('"a"', "1", "nil", "2.5", "true"),
    "comparable": ('"a"', "1"),
    "io.Reader": (
        'strings.NewReader("hello world\\n")', 'strings.NewReader("")', 'strings.NewReader("a,b\\nc,d\\n")',
    ),
    "io.ReadCloser": ('io.NopCloser(strings.NewReader("hello"))',),
    "*bufio.Reader": ('bufio.NewReader(strings.NewReader("hello world\\n"))',),
    "*strings.Reader": ('strings.NewReader("hello world\\n")',),
    "context.Context": ("context.Background()",),
    "time.Duration": ("time.Second", "0", "90 * time.Minute", "-time.Millisecond"),
    "time.Time": ("time.Date(2024, 2, 29, 12, 30, 0, 0, time.UTC)", "time.Time{}"),
    "*regexp.Regexp": ('regexp.MustCompile("a+")',),
    "http.ResponseWriter": ("httptest.NewRecorder()",),
    "*http.Request": ('httptest.NewRequest("GET", "/a/b?c=1", nil)', 'httptest.NewRequest("POST", "/", nil)'),
    "http.Handler": ("http.NotFoundHandler()",),
    "http.Header": ("http.Header{}", 'http.Header{"Accept": {"text/html"}}'),
    "url.Values": ('url.Values{"a": {"1", "2"}}', "url.Values{}"),
    "*url.URL": ('&url.URL{Scheme: "http", Host: "example.com", Path: "/a"}', "&url.URL{}"),
    "sort.Interface": ("sort.IntSlice{3, 1, 2}",),
    "reflect.Type": ("reflect.TypeOf(1)", 'reflect.TypeOf("")'),
    "reflect.Value": ("reflect.ValueOf(1)", 'reflect.ValueOf("a")', "reflect.ValueOf([]int{1})"),
    "fmt.Stringer": ("time.Second",),
}  # fmt: skip
# What is written to, and how a test reads it.
WRITERS = {
    "io.Writer": ("strings.Builder", "{}.String()"),
    "io.StringWriter": ("strings.Builder", "{}.String()"),
    "*strings.Builder": ("strings.Builder", "{}.String()"),
    "*bytes.Buffer": ("bytes.Buffer", "{}.String()"),
}


@dataclass(frozen=True, slots=True)
class GoValue:
    """An expression, the statements before it, and expressions that tell what it is after a call."""

    text: str
    setup: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GoHints:
    """What is known for values: the package, and literals that are near the function."""

    package: GoPackage
    literals: tuple[str, ...] = ()
    bounds: tuple[tuple[str, str], ...] = ()
    depth: int = 0


def values_of(kind: str, hints: GoHints) -> list[GoValue]:
    """A few values of a type; none if no one knows how to make one."""
    kind = kind.strip()
    if hints.depth > DEEPEST:
        return []
    deeper = replace(hints, depth=hints.depth + 1)
    for name, bound in hints.bounds:
        if kind == name:
            return values_of(plain_bound(bound), deeper)
    if kind in WRITERS:
        own, read = WRITERS[kind]
        return [GoValue("&out", (f"var out {own}",), (read.format("out"),))]
    if kind in _KNOWN and (known := _KNOWN[kind]):
        return [GoValue(text) for text in known]
    found = _basic(kind, hints) or _composite(kind, deeper) or _own_values(kind, deeper)
    return [GoValue(text) for text in dict.fromkeys(found)][:MOST_VALUES]


def plain_bound(bound: str) -> str:
    """A type that a bound of a type parameter takes.

    >>> plain_bound("~[]E"), plain_bound("cmp.Ordered"), plain_bound("~string | ~int"), plain_bound("any")
    ('[]E', 'int', 'string', 'int')
    """
    first = bound.partition("|")[0].strip()
    if first.startswith("~") or first in NUMBERS or first == "string":
        return first.lstrip("~")
    return "int"


def concrete(kind: str, bounds: Sequence[tuple[str, str]]) -> str:
    """A type without type parameters."""
    for name, bound in (*bounds, *bounds):
        kind = re.sub(rf"\b{name}\b", plain_bound(bound), kind)
    return kind


def _texts(kind: str, hints: GoHints) -> list[str]:
    return [value.text for value in values_of(kind, hints) if not value.setup]


def _basic(kind: str, hints: GoHints) -> list[str]:
    own = hints.literals
    if kind == "string":
        texts = [text for text in own if text[0] in '"`' and len(text) < 60 and "%" not in text]
        texts = [text for text in texts if text not in ('""', "``")]
        return [*texts[:7], '"Hello, World 42"', '""', '"a/b.c"', '"-7"', '"é x"'][:MOST_VALUES]
    numbers = [text for text in own if re.fullmatch(r"[1-9]\d{0,5}", text)][:4]
    near = [text for number in numbers for text in (number, str(int(number) + 1))]
    if kind == "rune" or kind in ("byte", "uint8"):
        quoted = [text for text in own if text[0] == "'" and text.isascii()][:6]
        return [*quoted, "'a'", "'Z'", "'5'", "' '", "'_'", "0"]
    if kind in _SIGNED:
        small = kind == "int8"
        return ["3", "0", "-1", "1", *[text for text in near if not small or int(text) < 128], "10", "-25"]
    if kind in _UNSIGNED:
        return ["3", "0", "1", *near, "10", "200"]
    if kind in ("float32", "float64"):
        return ["1.5", "0", "-2.25", "100", *near[:4]]
    return ["complex(1, 2)"] if kind in ("complex64", "complex128") else []


def _composite(kind: str, hints: GoHints) -> list[str]:
    whole = concrete(kind, hints.bounds)
    pair = re.match(r"map\[([^\]]+)\](.+)", kind)
    if kind == "[]byte":
        found = [*(f"[]byte({text})" for text in _basic("string", hints)[:8]), "nil"]
    elif kind.startswith("[]"):
        found = _slices(whole, _texts(kind[2:], hints))
    elif pair:
        keys, inner = _texts(pair[1], hints), _texts(pair[2], hints)
        pairs = [f"{key}: {text}" for key, text in zip(keys, inner * len(keys), strict=False) if inner]
        some = [f"{whole}{{{', '.join(pairs[:count])}}}" for count in (2, 1) if pairs]
        found = [*some, f"{whole}{{}}", "nil"]
    elif kind.startswith("func("):
        found = _functions(whole, hints)
    elif kind.startswith("*"):
        found = _pointers(kind[1:], hints)
    else:
        found = [f"{whole}{{}}"] if kind.startswith("[") else []
    return found


def _slices(whole: str, inner: Sequence[str]) -> list[str]:
    some = [f"{whole}{{{', '.join(inner[:count])}}}" for count in (3, 1, 2, 5) if len(inner) >= count]
    turned = [f"{whole}{{{', '.join(reversed(inner[:3]))}}}"] if len(inner) > 1 else []
    return [*some[:2], *turned, *some[2:], f"{whole}{{}}", "nil"]


def _functions(kind: str, hints: GoHints) -> list[str]:
    found = re.fullmatch(r"func\(((?:[^()]|\([^()]*\))*)\)\s*(.*)", kind)
    if found is None:
        return []
    if not found[2]:
        return [f"{kind} {{}}"]
    if found[2].startswith("("):
        kinds = [part.strip().rpartition(" ")[2] for part in found[2].strip("()").split(",")]
        firsts = [values[0] for part in kinds if (values := _texts(part, hints))]
        return [f"{kind} {{ return {', '.join(firsts)} }}"] if len(firsts) == len(kinds) else []
    if found[2] == "bool" and found[1].rpartition(" ")[2] in ("rune", "byte", "int"):
        bare = found[1].rpartition(" ")[2]
        limit = "3" if bare == "int" else "'a'"
        return [
            f"func(x {bare}) bool {{ return x == {limit} }}",
            f"func(x {bare}) bool {{ return x > {limit} }}",
        ]
    return [f"{kind} {{ return {text} }}" for text in _texts(found[2], hints)[:2]]


def _pointers(kind: str, hints: GoHints) -> list[str]:
    made = _constructions(f"*{kind}", hints)
    if kind not in hints.package.fields:
        return made
    filled = [f"&{text}" for text in _structs(kind, hints)]
    return [*made[:1], *filled[:2], *filled[-1:], *made[1:], *filled[2:-1]]


def _constructions(kind: str, hints: GoHints) -> list[str]:
    """Calls of what makes a value of a type of the package, such as `NewTable("a")`."""
    found = []
    for row in hints.package.functions:
        if not row.receiver[1] and row.results == (kind,) and not row.bounds and len(row.parameters) <= 3:
            given = [
                _texts(of, hints)[:1]
                for _, of in row.parameters
                if not of.startswith("...") and of.strip("*") != kind.strip("*")
            ]
            short = [of for _, of in row.parameters if of.startswith("...")]
            if len(given) + len(short) == len(row.parameters) and all(given):
                found.append(f"{row.name}({', '.join(text for texts in given for text in texts)})")
    return sorted(found, key=lambda text: (not text.lower().startswith("new"), len(text)))[:3]


def _structs(name: str, hints: GoHints) -> list[str]:
    """Literals with few fields, each of another value, and one without any."""
    fields = [(word, of) for word, of in hints.package.fields[name] if word != "_"]
    found = []
    for step in range(3):
        parts: list[str] = []
        for word, of in fields:
            texts = [text for text in _texts(of, hints) if text not in _ZERO and not text.endswith("{}")]
            if texts and len(parts) < MOST_FIELDS:
                parts.append(f"{word}: {texts[(step + len(parts)) % len(texts)]}")
        found.append(f"{name}{{{', '.join(parts)}}}")
    return [*found, f"{name}{{}}"]


def _own_values(kind: str, hints: GoHints) -> list[str]:
    """Values of the package's own type."""
    package = hints.package
    if kind in package.fields:
        return [*_structs(kind, hints)[:2], *_constructions(kind, hints), f"{kind}{{}}"]
    under = package.types.get(kind, "")
    if not under or under.startswith("interface"):
        made = [text for text in _constructions(kind, hints) if text]
        return made or _implementing(kind, hints) if under else []
    constants = list(package.constants.get(kind, ()))[:8]
    if under.startswith(("[", "map[")):
        own = [text for text in _texts(under, hints) if text.startswith(under)]
        return [kind + text[len(under) :] for text in own]
    if under.startswith("func("):
        return [f"{kind}({text})" for text in _texts(under, hints)]
    return [*constants, *[f"{kind}({text})" for text in _texts(under, hints)[: 4 if constants else 10]]]


def _implementing(kind: str, hints: GoHints) -> list[str]:
    """Pointers to a struct of the package that has all methods of an interface."""
    wanted = set(re.findall(r"(?<![\w.])(\w+)\(", hints.package.types[kind]))
    methods: dict[str, set[str]] = {}
    for row in hints.package.functions:
        if row.owner in hints.package.fields:
            methods.setdefault(row.owner, set()).add(row.name)
    fits = [name for name, own in methods.items() if wanted and wanted <= own]
    return [text for name in fits[:2] for text in _pointers(name, hints)[:2]]


def combinations(rows: Sequence[Sequence[GoValue]], most: int) -> list[list[GoValue]]:
    """Values for all parameters: each varies with the others at their first, then all together."""
    if not all(rows):
        return []
    first = [row[0] for row in rows]
    found = [first]
    longest = max((len(row) for row in rows), default=0)
    for step in range(1, longest):
        for at, row in enumerate(rows):
            if step < len(row):
                found.append([*first[:at], row[step], *first[at + 1 :]])
        if len(rows) > 1:
            found.append([row[(step * (at + 1)) % len(row)] for at, row in enumerate(rows)])
            found.append([row[step % len(row)] for row in rows])
    return [list(row) for row in dict.fromkeys(tuple(row) for row in found)][:most]
