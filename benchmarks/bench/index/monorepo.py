"""A generated repository of any size, the same for a seed on every machine.

Five languages, files of 1 to 20 kB that import each other.

The text means nothing, but names are composed as people compose them, files call what other files define, and
sizes vary as in real trees. It knows no index.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# bytes of a file, log-normal
MEDIAN = 4_500
SPREAD = 0.75
LEAST = 1_000
MOST = 20_000
PER_SERVICE = 40  # files
SERVICES_PER_TEAM = 25  # in one folder
PER_FILE = 9  # names that a file defines, unless it is long
OFFERED = 3  # of these names are imported by other files
SHORT = (
    0.2  # of the names have two nouns: of 100,000 files four define the same; longer ones are nearly unique
)
NEAR = 0.7  # of the imports come from nearby services, the others from anywhere
VERBS = "load save parse merge build check find send read write open close sort filter group count apply drop"
NOUNS = (
    "user order price invoice ticket payment report session token account message event queue batch cache "
    "record schema field value index region stock parcel route driver vendor refund coupon profile policy "
    "limit window bucket shard replica lease quota digest header cursor page filter metric alert budget"
)
VERB, NOUN = tuple(VERBS.split()), tuple(NOUNS.split())


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a language writes a file. `share` is its percentage of the files.

    Patterns may use {name}, {type}, {call}, {a}, {b}, {text}, {number}; `imports` {module}, {path}, {name}.
    """

    suffix: str
    share: int
    comment: str
    imports: str
    kind: str
    opening: str
    body: tuple[str, ...]
    closing: str
    snake: bool = False


DIALECTS = (
    Dialect(
        ".py",
        40,
        "#",
        "from {module} import {name}\n",
        '\nclass {type}:\n    """The {text} of a {a}."""\n\n    def __init__(self, {a}, {b}={number}):\n'
        "        self.{a} = {a}\n        self.{b} = {b}\n\n",
        '\ndef {name}({a}, {b}=None):\n    """{text} the {a} by its {b}."""\n',
        (
            "    {a} = {call}({a}, {b})\n",
            "    if {b} is None:\n        {b} = {call}({a})\n",
            '    for item in {call}({b}):\n        {a}["{text}"] = item.{b}\n',
            '    {b} = {{"{a}": {a}, "{b}": {number}}}\n',
        ),
        "    return {a}\n\n",
        snake=True,
    ),
    Dialect(
        ".ts",
        25,
        "//",
        'import {{ {name} }} from "../../{path}";\n',
        "\nexport interface {type} {{\n  {a}: string;\n  {b}: number;\n}}\n",
        "\nexport function {name}({a}: string, {b}: number = {number}): string {{\n",
        (
            "  {a} = {call}({a}, {b});\n",
            "  if ({b} > {number}) {{\n    return {call}({a}, {b});\n  }}\n",
            '  const {text}{number} = {{ {a}, {b}, kind: "{text}" }};\n',
        ),
        "  return {a};\n}}\n",
    ),
    Dialect(
        ".go",
        15,
        "//",
        "// uses {name} of {path}\n",
        "\n// {type} holds the {text} of a {a}.\ntype {type} struct {{\n\t{a} string\n\t{b} int\n}}\n",
        "\n// {name} does it by its {b}.\nfunc {name}({a} string, {b} int) string {{\n",
        (
            "\t{a} = {call}({a}, {b})\n",
            "\tif {b} > {number} {{\n\t\treturn {call}({a}, {b})\n\t}}\n",
            '\tlog.Printf("{text}: %s", {a})\n',
        ),
        "\treturn {a}\n}}\n",
    ),
    Dialect(
        ".rs",
        10,
        "//",
        "use crate::{path}::{name};\n",
        "\n/// The {text} of a {a}.\npub struct {type} {{\n    pub {a}: String,\n    pub {b}: u64,\n}}\n",
        "\npub fn {name}({a}: &str, {b}: u64) -> String {{\n",
        (
            "    let {a} = &{call}({a}, {b});\n",
            "    if {b} > {number} {{\n        return {call}({a}, {b});\n    }}\n",
            '    println!("{text} {{}}", {a});\n',
        ),
        "    {a}.to_string()\n}}\n",
        snake=True,
    ),
    Dialect(
        ".c",
        10,
        "//",
        '#include "{path}.h" /* {name} */\n',
        "\nstruct {type} {{\n    char *{a};\n    int {b};\n}};\n",
        "\n/* The {text} of a {a}. */\nint {name}(const char *{a}, int {b})\n{{\n",
        (
            "    {b} = {call}({a}, {b});\n",
            "    if ({b} > {number})\n        return {call}({a}, {b});\n",
            '    printf("{text} %s\\n", {a});\n',
        ),
        "    return {b};\n}}\n",
        snake=True,
    ),
)
_BY_PERCENT = tuple(dialect for dialect in DIALECTS for _ in range(dialect.share))


def generate(root: Path, count: int, seed: int = 1) -> None:
    """Write `count` files below `root`: 550 MB and some minutes for 100,000."""
    for number in range(count):
        path = root / path_of(number, seed)
        if not number % PER_SERVICE or not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(number, count, seed), encoding="utf-8")


def dialect_of(number: int) -> Dialect:
    """Return the language of a file; the factor 37 spreads the languages over every service."""
    return _BY_PERCENT[number * 37 % 100]


def path_of(number: int, seed: int) -> str:
    """Return the path of a file, with "/".

    >>> path_of(0, 1) == path_of(0, 1)
    True
    """
    service = number // PER_SERVICE
    rng = random.Random(f"{seed} service {service}")
    folder = f"{rng.choice(NOUN)}_{rng.choice(NOUN)}_{service}"
    verb, noun = VERB[number * 7 % len(VERB)], NOUN[number * 11 % len(NOUN)]
    name = f"{verb}_{noun}_{number % PER_SERVICE}"
    return f"team_{service // SERVICES_PER_TEAM}/{folder}/{name}{dialect_of(number).suffix}"


def names_of(number: int, seed: int) -> list[str]:
    """Return the functions that a file defines and others import."""
    rng = random.Random(f"{seed} names {number}")
    parts = [[rng.choice(VERB), *rng.choices(NOUN, k=3 - (rng.random() < SHORT))] for _ in range(PER_FILE)]
    if dialect_of(number).snake:
        return ["_".join(each) for each in parts]
    return [first + "".join(map(str.title, rest)) for first, *rest in parts]


def text_of(number: int, count: int, seed: int) -> str:
    """Return a file's text: imports, then types and functions until it reaches its size."""
    rng = random.Random(f"{seed} text {number}")
    dialect = dialect_of(number)
    size = min(MOST, max(LEAST, int(rng.lognormvariate(0, SPREAD) * MEDIAN)))
    pieces = [f"{dialect.comment} {path_of(number, seed)}\n"]
    calls = list(names_of(number, seed))
    for other in _sources(number, count, rng):
        path = path_of(other, seed).rpartition(".")[0]
        name = rng.choice(names_of(other, seed)[:OFFERED])
        calls.append(name)
        pieces.append(dialect.imports.format(module=path.replace("/", "."), path=path, name=name))
    length = sum(map(len, pieces))
    for at, name in enumerate(_endless(names_of(number, seed))):
        own = "".join(_function(dialect, name, calls, rng, with_type=not at % 3))
        pieces.append(own)
        length += len(own)
        if length >= size and at + 1 >= OFFERED:
            break
    return "".join(pieces)


def _sources(number: int, count: int, rng: random.Random) -> Iterator[int]:
    """Yield other files of the same language."""
    steps = max(1, (count - 1 - number % 100) // 100 + 1)
    own = number // 100
    for _ in range(rng.randint(2, 6)):
        near = min(steps - 1, max(0, own + rng.randint(-2, 2)))
        other = near if rng.random() < NEAR else rng.randrange(steps)
        if other != own:
            yield number % 100 + 100 * other


def _endless(names: list[str]) -> Iterator[str]:
    yield from names
    for lap in range(1, 1_000):
        yield from (f"{name}{lap}" for name in names)


def _function(
    dialect: Dialect, name: str, calls: list[str], rng: random.Random, *, with_type: bool
) -> Iterator[str]:
    a, b = rng.sample(NOUN, 2)
    known = {"name": name, "a": a, "b": b, "type": rng.choice(NOUN).title() + rng.choice(NOUN).title()}
    if with_type:
        yield dialect.kind.format(**known, text=rng.choice(VERB), number=rng.randrange(100))
    yield dialect.opening.format(**known, text=rng.choice(VERB), number=rng.randrange(100))
    for _ in range(rng.randint(2, 7)):
        line = rng.choice(dialect.body)
        yield line.format(**known, call=rng.choice(calls), text=rng.choice(VERB), number=rng.randrange(1_000))
    yield dialect.closing.format(**known)
