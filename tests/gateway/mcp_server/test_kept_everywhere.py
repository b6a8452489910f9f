"""No tool tells anything of a file that a rule keeps: random rules, of each kind, and random questions."""

import json
from collections.abc import Mapping

import pytest
from agent_shop import AgentShop, ask, make_shop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rounds import rounds

FOLDERS = ("core", "core/pay", "lib", "lib/deep/down")
NAMES = tuple(f"{folder}/part{number}.py" for number, folder in enumerate(FOLDERS * 2))
KINDS = ("deny file", "deny folder", "class", ".assistignore", ".gitignore")


def _text(number: int) -> str:
    """A file that calls the next one, with a word and a name of its own that no other file has."""
    following = (number + 1) % len(NAMES)
    return (
        f"def step{number}(value):\n"
        f'    """Does the pelican{number} things of the shop."""\n'
        f"    inner{number} = value + {number}\n"
        f"    return step{following}(inner{number})\n\n\n"
        f"class Holder{number}:\n    def run(self):\n        return step{number}(walrus{number}=1)\n"
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> AgentShop:
    files = {name: _text(number) for number, name in enumerate(NAMES)}
    found = make_shop(tmp_path_factory.mktemp("kept"), files)
    found.view().corpus.reader.close()
    return found


rules = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from(range(len(NAMES)))), min_size=1, max_size=4
)
numbers = st.integers(0, len(NAMES) - 1)
calls = st.one_of(
    st.tuples(
        st.just("search"),
        numbers.map(lambda at: {"query": f"what does pelican{at} do with walrus{at} and step{at}"}),
    ),
    st.tuples(
        st.just("search"),
        st.sampled_from(FOLDERS).map(lambda path: {"query": "the shop things", "path": path}),
    ),
    st.tuples(
        st.sampled_from(("definition", "references")),
        numbers.map(lambda at: {"symbol": f"step{at}"}),
    ),
    st.tuples(st.just("references"), st.just({"symbol": "Holder1.run", "kind": "code"})),
    st.tuples(st.just("definition"), numbers.map(lambda at: {"symbol": f"inner{at}"})),
    st.tuples(
        st.just("pack"),
        st.tuples(numbers, st.integers(1, 9)).map(lambda at: {"path": NAMES[at[0]], "line": at[1]}),
    ),
)


def _write(shop: AgentShop, said: list[tuple[str, int]]) -> tuple[str, set[str]]:
    """The user's rules, rule files in the folder, and which paths they keep; by the plainest reading."""
    kept: set[str] = set()
    deny: list[str] = []
    classes: list[str] = []
    ignored: Mapping[str, list[str]] = {".assistignore": [], ".gitignore": []}
    for kind, at in said:
        path = NAMES[at]
        folder = path.rpartition("/")[0]
        if kind == "deny folder":
            deny.append(f"{folder}/")
            kept |= {name for name in NAMES if name.startswith(f"{folder}/")}
            continue
        kept.add(path)
        if kind in ignored:
            ignored[kind].append(f"/{path}")
        else:
            (deny if kind == "deny file" else classes).append(path)
    for name, lines in ignored.items():
        (shop.root / name).write_text("\n".join(lines))
    marked = "".join(f'"{path}" = "restricted"\n' for path in dict.fromkeys(classes))
    return f"[egress]\ndeny = {json.dumps(deny)}\n[data_class]\n{marked}", kept


@given(rules, st.lists(calls, min_size=1, max_size=4))
@settings(max_examples=rounds(400, 15), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_result_has_a_path_or_a_word_of_a_kept_file(
    shop: AgentShop, said: list[tuple[str, int]], asked: list[tuple[str, dict[str, object]]]
) -> None:
    text, kept = _write(shop, said)
    view = shop.view(text)
    for tool, arguments in asked:
        found = ask(view, tool, **arguments)
        named = arguments.get("path") if tool == "pack" else None
        if named in kept:
            assert found.startswith("kept by policy: ")
        for path in kept:
            number = NAMES.index(path)
            own = [f"pelican{number}", f"inner{number}", f"walrus{number}", f"Holder{number}"]
            if path != named:
                own.append(path)
            assert not [word for word in own if word in found], (tool, arguments, text)
