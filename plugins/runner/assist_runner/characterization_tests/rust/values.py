"""Values of Rust types by their text, for calls that no one has written: plain ones, and those at edges.

They need not fit: what does not compile is left out later. This module reads no file and runs nothing.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product

from assist_runner.characterization_tests.rust.crate import RustCrate, owner_name
from assist_runner.characterization_tests.rust.rust_items import RustFunction, RustType

MAX_VALUES = 8  # of one argument
MAX_DEEP = 3  # of values that are made of others
_INTEGER = re.compile(r"[iu](?:8|16|32|64|128|size)")
_WORDS = ('"abc"', '""', '"Hello, World!"', '"a b  c"', '"12"', '"1234"', '"é"')
_FIXED = {
    "bool": ("true", "false"),
    "f32": ("1.5", "0.0", "-2.0", "100.0"),
    "f64": ("1.5", "0.0", "-2.0", "100.0"),
    "()": ("()",),
    "Duration": (
        "std::time::Duration::from_millis(1500)",
        "std::time::Duration::ZERO",
        "std::time::Duration::from_secs(86_400)",
    ),
    "SystemTime": (
        "std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000)",
        "std::time::UNIX_EPOCH + std::time::Duration::new(1, 5)",
        "std::time::UNIX_EPOCH",
    ),
    "Ordering": ("std::cmp::Ordering::Less", "std::cmp::Ordering::Equal"),
    "Path": (
        'std::path::Path::new("src/lib.rs")',
        'std::path::Path::new("")',
        'std::path::Path::new("/a/b.tar.gz")',
    ),
    "PathBuf": ('std::path::PathBuf::from("src/lib.rs")', "std::path::PathBuf::new()"),
    "OsStr": ('std::ffi::OsStr::new("abc")', 'std::ffi::OsStr::new("")'),
    "OsString": ('std::ffi::OsString::from("abc")',),
}


@dataclass(frozen=True, slots=True)
class RustValue:
    """An expression, with the statements before it."""

    text: str
    setup: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RustHints:
    """What is known for values: the crate, the literals in and around the function, and bounds of parameters.

    `itself` is the type that `Self` means.
    """

    crate: RustCrate
    words: tuple[str, ...]
    numbers: tuple[int, ...]
    characters: tuple[str, ...]
    bounds: dict[str, str]
    itself: str = ""


def parts_of(text: str) -> list[str]:
    """The parts of a list between commas that are not in brackets or strings.

    >>> parts_of("a, Map<K, V>, (b, c), |x| -> u8")
    ['a', 'Map<K, V>', '(b, c)', '|x| -> u8']
    """
    found: list[str] = []
    depth = 0
    last = 0
    for match in re.finditer(r'"(?:\\.|[^"\\])*"|\'(?:\\.[^\']*|[^\'\\])\'|->|=>|[(\[{<>}\])]|,', text):
        mark = match[0]
        if mark in "([{<":
            depth += 1
        elif mark in ")]}>":
            depth -= 1
        elif mark == "," and depth <= 0:
            found.append(text[last : match.start()].strip())
            last = match.end()
    return [part for part in (*found, text[last:].strip()) if part]


def values_of(kind: str, hints: RustHints, depth: int = 0) -> list[RustValue]:
    """Values of a type, the plainest first; [] for a type that says nothing."""
    kind = kind.strip()
    if depth > MAX_DEEP:
        return []
    for start, make in _BY_START.items():
        if kind.startswith(start):
            return make(kind, hints, depth)
    if kind in hints.bounds:
        return _of_bounds(hints.bounds[kind], hints, depth)
    if kind == "Self" and hints.itself:
        return values_of(hints.itself, hints, depth)
    return _of_name(*name_and_arguments(kind), hints, depth)


def _of_name(name: str, arguments: list[str], hints: RustHints, depth: int) -> list[RustValue]:
    if _INTEGER.fullmatch(name):
        return _plain(_numbers(name, hints))
    if name == "Result" and not arguments:  # that of `fmt` or `io`
        return _plain(("Ok(())",))
    if name in _BY_NAME and (arguments or name in ("char", "str", "String")):
        return _BY_NAME[name](name, arguments, hints, depth)
    return _plain(_FIXED[name]) if name in _FIXED else _of_own_type(name, hints, depth)


def name_and_arguments(kind: str) -> tuple[str, list[str]]:
    """The last name of a path, and its type arguments."""
    head, _, rest = kind.partition("<")
    return head.rpartition("::")[2].strip(), parts_of(rest.removesuffix(">")) if rest else []


def _tuple(kind: str, hints: RustHints, depth: int) -> list[RustValue]:
    return _tuples(parts_of(kind[1:-1]), hints, depth, "({})" if "," in kind else "{}")


def _array(kind: str, hints: RustHints, depth: int) -> list[RustValue]:
    inner, _, size = kind[1:-1].rpartition(";") if ";" in kind else (kind[1:-1], "", "")
    return _lists(inner, hints, depth, "[{}]", size.strip())


def _characters(_: str, __: list[str], hints: RustHints, ___: int) -> list[RustValue]:
    return _plain([*hints.characters[:5], "'a'", "' '", "'Z'", "'7'", "'é'", "'\\n'"])


def _texts(name: str, _: list[str], hints: RustHints, depth: int) -> list[RustValue]:
    words = (*hints.words, *_WORDS)[: None if not depth else MAX_VALUES]
    return _plain([f"{word}.to_string()" if name == "String" else word for word in words])


def _options(_: str, arguments: list[str], hints: RustHints, depth: int) -> list[RustValue]:
    inner = values_of(arguments[0], hints, depth + 1)
    return [*(RustValue(f"Some({row.text})", row.setup) for row in inner[:4]), RustValue("None")]


def _results(_: str, arguments: list[str], hints: RustHints, depth: int) -> list[RustValue]:
    return [RustValue(f"Ok({row.text})", row.setup) for row in values_of(arguments[0], hints, depth + 1)[:3]]


def _collections(name: str, arguments: list[str], hints: RustHints, depth: int) -> list[RustValue]:
    rows = _lists(arguments[0], hints, depth, "vec![{}]", "")
    ending = "" if name == "Vec" else ".into_iter().collect()"
    return [RustValue(f"{row.text}{ending}", row.setup) for row in rows]


def _pointers(name: str, arguments: list[str], hints: RustHints, depth: int) -> list[RustValue]:
    path = {"Box": "boxed", "Rc": "rc", "Arc": "sync", "Mutex": "sync"}.get(name, "cell")
    inner = values_of(arguments[0], hints, depth + 1)[:4]
    return [RustValue(f"std::{path}::{name}::new({row.text})", row.setup) for row in inner]


def _cows(_: str, arguments: list[str], hints: RustHints, depth: int) -> list[RustValue]:
    return [RustValue(f"{row.text}.into()") for row in values_of(f"&{arguments[-1]}", hints, depth)]


def _maps(_: str, arguments: list[str], hints: RustHints, depth: int) -> list[RustValue]:
    pairs = _tuples(arguments[:2], hints, depth, "[({})].into_iter().collect()")
    return [*pairs[:2], RustValue("Default::default()")]


def _ranges(_: str, __: list[str], ___: RustHints, ____: int) -> list[RustValue]:
    return _plain(("0..3", "2..5", "0..0"))


def _plain(texts: Sequence[str]) -> list[RustValue]:
    return [RustValue(text) for text in texts]


def _numbers(name: str, hints: RustHints) -> list[str]:
    """Integers near those of the code, and the usual ones; bytes that the code names first."""
    own = [f"b{text}" for text in hints.characters[:4] if text.isascii()] if name == "u8" else []
    bits = {"8": 8, "16": 16}.get(name[1:], 32)
    near = [number + step for number in hints.numbers for step in (0, -1, 1)]
    low, high = (0, 2**bits) if name[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1))
    usual = (1, 0, 7, 2, 100) if name[0] == "u" else (1, 0, -3, 7, 100)
    mixed = [number for pair in zip(near, usual, strict=False) for number in pair]
    found = dict.fromkeys([usual[0], *mixed, *usual, *near])
    return [*own, *(str(number) for number in found if low <= number < high)][: MAX_VALUES + 4]


def _references(kind: str, hints: RustHints, depth: int) -> list[RustValue]:
    if kind.startswith("mut "):
        inner = kind.removeprefix("mut ").strip()
        if inner.startswith("["):
            inner = f"Vec<{inner[1:-1].partition(';')[0]}>"
        made = values_of(inner, hints, depth)
        name = f"given_{depth}" if depth else "given"
        kinds = (
            ""
            if "::" in inner or inner in hints.bounds or "impl" in inner or "dyn" in inner
            else f": {inner}"
        )
        return [
            RustValue(f"&mut {name}", (*row.setup, f"let mut {name}{kinds} = {row.text};")) for row in made
        ]
    if kind.split("<", maxsplit=1)[0].rpartition("::")[2] in ("str", "Path", "OsStr"):
        return values_of(kind, hints, depth)
    if kind == "[u8]":
        return _byte_strings(hints, depth)
    if kind.startswith("["):
        return [RustValue(f"&{row.text}", row.setup) for row in values_of(kind, hints, depth)]
    return [RustValue(f"&{row.text}", row.setup) for row in values_of(kind, hints, depth)]


def _lists(inner: str, hints: RustHints, depth: int, form: str, size: str) -> list[RustValue]:
    made = [row for row in values_of(inner, hints, depth + 1) if not row.setup]
    texts = [row.text for row in made]
    if not texts:
        return []
    if size.isdigit():
        count = int(size)
        rows = [", ".join(texts[(at + shift) % len(texts)] for at in range(count)) for shift in (0, 1)]
        return _plain([form.format(row) for row in rows]) if count <= 8 else _plain([f"[{texts[0]}; {size}]"])
    parts = [texts[:3], texts[:1], [], texts[::-1][:4], [texts[0]] * 3]
    return _plain([form.format(", ".join(part)) for part in parts])


def _tuples(kinds: Sequence[str], hints: RustHints, depth: int, form: str) -> list[RustValue]:
    rows = [values_of(kind, hints, depth + 1) for kind in kinds]
    return [
        RustValue(
            form.format(", ".join(row.text for row in chosen)),
            tuple(line for row in chosen for line in row.setup),
        )
        for chosen in combinations(rows, MAX_VALUES)
    ]


def combinations(rows: Sequence[Sequence[RustValue]], most: int) -> list[tuple[RustValue, ...]]:
    """Some of all combinations: first each value of each argument once, then others by chance."""
    if not all(rows):
        return []
    longest = max(map(len, rows), default=1)
    found = {tuple(row[at % len(row)] for row in rows): None for at in range(longest)}
    others = list(islice(product(*rows), 600))
    random.Random(7).shuffle(others)  # noqa: S311  # the same ones each time
    found |= dict.fromkeys(others)
    return list(found)[:most]


def _of_bounds(bounds: str, hints: RustHints, depth: int) -> list[RustValue]:
    """Values of what only its traits are known of."""
    for pattern, make in _BY_BOUND:
        found = pattern.search(bounds)
        if found:
            return make(found, hints, depth)
    for name in re.findall(r"\w+", bounds):
        for kind in _own_traits(hints).get(name, ()):
            values = values_of(kind, hints, depth + 1)
            if values:
                return values
    return _plain(("7", "1", '"abc"', "0", "1.5"))


def _functions(found: re.Match[str], hints: RustHints, depth: int) -> list[RustValue]:
    return _closures(found.string[found.start() :], hints, depth)


def _iterators(found: re.Match[str], hints: RustHints, depth: int) -> list[RustValue]:
    ending = "" if "IntoIterator" in found.string else ".into_iter()"
    rows = _lists(found[1].strip(), hints, depth, "vec![{}]", "")
    return [RustValue(f"{row.text}{ending}", row.setup) for row in rows]


def _words_for(_: re.Match[str], hints: RustHints, depth: int) -> list[RustValue]:
    return values_of("str", hints, depth)


def _bytes_for(found: re.Match[str], hints: RustHints, depth: int) -> list[RustValue]:
    form = "&{}[..]" if "Read" in found.string else "{}"
    return _plain([form.format(row.text) for row in _byte_strings(hints, depth)])


def _byte_strings(hints: RustHints, depth: int) -> list[RustValue]:
    words = [row.text for row in values_of("str", hints, depth)]
    return _plain([f"b{word}" for word in words if word.isascii() and word[0] == '"'])


def _of_source(found: re.Match[str], hints: RustHints, depth: int) -> list[RustValue]:
    return values_of(found[1], hints, depth + 1)


def _own_traits(hints: RustHints) -> dict[str, list[str]]:
    """The crate's own traits with the types that have them."""
    found: dict[str, list[str]] = {}
    for row in hints.crate.functions:
        if row.owner and row.trait and row.owner not in hints.bounds:
            found.setdefault(owner_name(row.trait), []).append(row.owner)
    return found


def _closures(bounds: str, hints: RustHints, depth: int) -> list[RustValue]:
    start = bounds.index("(")
    depth_of = 0
    end = start
    for end in range(start, len(bounds)):
        depth_of += {"(": 1, ")": -1}.get(bounds[end], 0)
        if not depth_of:
            break
    kinds = parts_of(bounds[start + 1 : end])
    returned = re.match(r"\s*->\s*([^+]+)", bounds[end + 1 :])
    names = [f"_{'abcdef'[at % 6]}" for at in range(len(kinds))]
    head = f"|{', '.join(names)}|"
    if returned is None or returned[1].strip() == "()":
        return [RustValue(f"{head} ()")]
    result = returned[1].strip()
    own = []
    if "Formatter" in "".join(kinds[-1:]):
        own = ["|s, f| f.write_str(s)" if kinds[0] == "&str" else '|f| f.write_str("-")']
    if result == "bool" and kinds:
        kind = kinds[0].lstrip("&").strip()
        if kind == "char":
            own = [f"|c| {'*' if kinds[0].startswith('&') else ''}c == 'a'"]
        elif _INTEGER.fullmatch(kind):
            own = [f"|n| {'*' * kinds[0].count('&')}n > 1"]
    own += ["|value| value"] if kinds == [result] else []
    return [
        *_plain(own),
        *(RustValue(f"{head} {row.text}") for row in values_of(result, hints, depth + 1)[:3]),
    ]


def _of_own_type(name: str, hints: RustHints, depth: int) -> list[RustValue]:
    """Values of a type of the crate: by its variants, functions, `Default`, fields or `FromStr`."""
    crate = hints.crate
    found = crate.types.get(name)
    if found is None or depth >= MAX_DEEP:
        return []
    path = crate.paths[name] + _type_arguments(name, found, crate)
    own = replace(hints, bounds=dict.fromkeys(found.parameters, ""), itself=name)
    made: list[RustValue] = []
    for variant, fields in found.variants:
        made += _with_fields(f"{path}::{variant}", fields, own, depth)[:2]
    makers = [
        row
        for row in crate.functions
        if owner_name(row.owner) == name and not row.receiver and _is_maker(row.trait)
    ]
    plain = [row for row in makers if "Result" not in row.returns and "Option" not in row.returns]
    for row in sorted(plain, key=lambda row: (row.name != "new", len(row.parameters))):
        made += islice(_by_maker(row, name, path, own, depth), 5)
    if "Default" in found.derives or any(row.trait.endswith("Default") for row in makers):
        made.append(RustValue(f"{path}::default()"))
    if found.kind == "struct" and (name == crate.paths[name] or all(public for _, _, public in found.fields)):
        made += _with_fields(path, found.fields, own, depth)[:4]
    for row in sorted(makers, key=lambda row: len(row.parameters)):
        made += islice(_by_maker(row, name, path, own, depth), 6) if row not in plain else []
    if not made:
        made += _by_method(name, own, depth)
    return list(dict.fromkeys(made))[: MAX_VALUES + 4]


def _type_arguments(name: str, found: RustType, crate: RustCrate) -> str:
    """The type arguments with which tests name a type, "" for none."""
    if not found.parameters:
        return ""
    for text in crate.tests:
        for match in re.finditer(rf"\b{name}(?:::)?<([^<>()]+)>", text):
            if not set(re.findall(r"\w+", match[1])) & {*found.parameters, "_"} and "'" not in match[1]:
                return f"::<{match[1]}>"
    return ""


def _by_method(name: str, hints: RustHints, depth: int) -> Iterator[RustValue]:
    """Values of a type that methods of others give, such as iterators."""
    for row in hints.crate.functions:
        kind = name_and_arguments(row.returns)[0]
        if kind != name or not row.receiver or row.trait or owner_name(row.owner) == name:
            continue
        rows = [values_of(kind, hints, depth + 2) for _, kind in row.parameters]
        mutable = "mut " if row.receiver == "&mut self" else ""
        for chosen in combinations([values_of(row.owner, hints, depth + 1), *rows], 6):
            setup = tuple(line for value in chosen for line in value.setup)
            source = f"let {mutable}source = {chosen[0].text};"
            arguments = ", ".join(value.text for value in chosen[1:])
            yield RustValue(f"source.{row.name}({arguments})", (*setup, source))


def _is_maker(trait: str) -> bool:
    return not trait or trait.endswith(("Default", "FromStr")) or trait.startswith("From<")


def _with_fields(
    path: str, fields: Sequence[tuple[str, str, bool]], hints: RustHints, depth: int
) -> list[RustValue]:
    if not fields:
        return [RustValue(path)]
    numbered = fields[0][0] == "0"
    rows = [values_of(kind, hints, depth + 1) for _, kind, _ in fields]
    found = []
    for chosen in combinations(rows, 4):
        texts = [
            row.text if numbered else f"{name}: {row.text}"
            for row, (name, _, _) in zip(chosen, fields, strict=True)
        ]
        inner = f"({', '.join(texts)})" if numbered else f" {{ {', '.join(texts)} }}"
        found.append(RustValue(path + inner, tuple(line for row in chosen for line in row.setup)))
    return found


def _by_maker(row: RustFunction, name: str, path: str, hints: RustHints, depth: int) -> Iterator[RustValue]:
    kind, arguments = name_and_arguments(row.returns)
    wrapped = kind in ("Option", "Result") and arguments
    given = owner_name(arguments[0]) if wrapped else kind
    if given not in ("Self", name) or {"unsafe", "async", "test"} & row.words or len(row.parameters) > 4:
        return
    hints = replace(hints, bounds={**hints.bounds, **row.bounds}, itself=name)
    ending = ".unwrap()" if wrapped or (kind == "Result" and not arguments) else ""
    start = f"{path}::{row.name}"
    if row.trait:
        start = f"<{path} as {row.trait}>::{row.name}"
        if row.trait.endswith("FromStr"):
            start = ""
            ending = f".parse::<{path}>().unwrap()"
    rows = [values_of(kind, hints, depth + 1) for _, kind in row.parameters]
    for chosen in combinations(rows, MAX_VALUES) if rows else [()]:
        setup = tuple(line for value in chosen for line in value.setup)
        arguments_text = ", ".join(value.text for value in chosen)
        yield RustValue(f"{start}({arguments_text}){ending}" if start else f"{arguments_text}{ending}", setup)


def _reference(kind: str, hints: RustHints, depth: int) -> list[RustValue]:
    return _references(kind[1:].strip(), hints, depth)


def _some_type(kind: str, hints: RustHints, depth: int) -> list[RustValue]:
    return _of_bounds(kind.partition(" ")[2], hints, depth)


_BY_START: dict[str, Callable[[str, RustHints, int], list[RustValue]]] = {
    "&": _reference,
    "(": _tuple,
    "[": _array,
    "impl ": _some_type,
    "dyn ": _some_type,
    "fn(": _closures,
}
_BY_NAME: dict[str, Callable[[str, list[str], RustHints, int], list[RustValue]]] = {
    "char": _characters,
    **dict.fromkeys(("str", "String"), _texts),
    "Option": _options,
    "Result": _results,
    **dict.fromkeys(("Vec", "VecDeque", "BTreeSet", "HashSet"), _collections),
    **dict.fromkeys(("Box", "Rc", "Arc", "Cell", "RefCell", "Mutex"), _pointers),
    "Cow": _cows,
    "Range": _ranges,
    **dict.fromkeys(("HashMap", "BTreeMap"), _maps),
}
_BY_BOUND: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], RustHints, int], list[RustValue]]], ...] = (
    (re.compile(r"\bFn(?:Mut|Once)?\s*\("), _functions),
    (re.compile(r"Iterator<\s*Item\s*=\s*(.+?)>(?=\s*\+|\s*$)"), _iterators),
    (re.compile(r"(?:Into|AsRef|Borrow)<(?:str|String)>|ToString|\bStr\b"), _words_for),
    (re.compile(r"AsRef<\[u8\]>|\bRead\b|BufRead"), _bytes_for),
    (re.compile(r"AsRef<Path>"), lambda _, __, ___: _plain(_FIXED["Path"])),
    (re.compile(r"fmt::Write"), lambda _, __, ___: _plain(("String::new()",))),
    (re.compile(r"\bWrite\b"), lambda _, __, ___: _plain(("Vec::<u8>::new()",))),
    (re.compile(r"\bInto<(.+)>"), _of_source),
)
