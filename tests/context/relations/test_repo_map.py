"""Ranks compared with a plain calculation of the same formula, and maps compared with their budget."""

import random
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rounds import rounds

from assist_context.index.reader import IndexedDefinition, ReferenceSite
from assist_context.relations.repo_map import (
    NO_ROOM,
    MapBudget,
    MappedFile,
    graph_of,
    rank_files,
    repo_map,
)

Link = tuple[str, str, float]


def plain(links: list[Link], favoured: Mapping[str, float], damping: float = 0.85) -> dict[str, float]:
    """PageRank as in the textbook, with dictionaries."""
    links = [(one, other, weight) for one, other, weight in links if weight > 0]
    nodes = sorted({name for link in links for name in link[:2]} | set(favoured))
    start = {node: favoured.get(node, 0.0) if favoured else 1.0 for node in nodes}
    start = {node: value / sum(start.values()) for node, value in start.items()}
    out = {node: sum(w for a, b, w in links if a == node and a != b) for node in nodes}
    ranks = start
    for _ in range(200):
        lost = sum(ranks[node] for node in nodes if not out[node])
        ranks = {
            node: (1 - damping) * start[node]
            + damping * lost * start[node]
            + damping * sum(ranks[a] * w / out[a] for a, b, w in links if b == node and a != b)
            for node in nodes
        }
    return ranks


NAME = st.sampled_from("abcdef")
LINKS = st.lists(st.tuples(NAME, NAME, st.sampled_from([0.0, -1.0, 0.5, 1.0, 3.0])), max_size=20)


@settings(max_examples=rounds(150))
@given(LINKS, st.dictionaries(NAME, st.sampled_from([0.5, 1.0, 2.0]), max_size=3))
def test_it_is_page_rank(links: list[Link], favoured: dict[str, float]) -> None:
    ranks = rank_files(graph_of(links), favoured)
    assert ranks == pytest.approx(plain(links, favoured), abs=1e-5)
    assert not ranks or sum(ranks.values()) == pytest.approx(1)


@settings(max_examples=50)
@given(LINKS, st.randoms())
def test_the_order_of_links_does_not_show(links: list[Link], chance: random.Random) -> None:
    shuffled = links[:]
    chance.shuffle(shuffled)
    assert list(rank_files(graph_of(links), {}).items()) == list(rank_files(graph_of(shuffled), {}).items())


ROWS = [
    # links, favoured, files in order of rank
    ([], {}, ""),
    ([], {"a": 1.0}, "a"),
    ([("a", "a", 1.0)], {}, "a"),
    ([("b", "a", 1.0), ("c", "a", 1.0)], {}, "a b c"),
    ([("x", "a", 3.0), ("x", "b", 1.0)], {}, "a b x"),
    ([("x", "a", 1.0), ("x", "b", 1.0), ("x", "b", 1.0)], {}, "b a x"),  # one pair, twice the weight
    ([("p", "a", 1.0), ("q", "b", 1.0)], {"q": 1.0}, "q b a p"),
    ([("p", "a", 1.0)], {"new": 1.0}, "new a p"),  # no file refers to it, but it is favoured
    ([("p", "a", float("nan")), ("p", "b", float("inf")), ("p", "c", 1.0)], {}, "c p"),
    ([("p", "a", 1.0)], {"p": 0.0, "a": -1.0, "q": float("nan")}, "a p"),
]


@pytest.mark.parametrize(("links", "favoured", "wanted"), ROWS)
def test_the_order_of_ranks(links: list[Link], favoured: dict[str, float], wanted: str) -> None:
    ranks = rank_files(graph_of(links), favoured)
    assert sorted(ranks, key=lambda path: (-ranks[path], path)) == wanted.split()


def test_one_graph_serves_many_questions() -> None:
    links = [("p", "a", 1.0), ("q", "b", 1.0)]
    graph = graph_of(links)
    for favoured in ({}, {"p": 1.0}, {"new": 2.0, "q": 1.0}):
        assert rank_files(graph, favoured) == rank_files(graph_of(links), favoured)


def test_a_large_graph_comes_to_rest() -> None:
    chance = random.Random(1)
    files = [f"f{number}" for number in range(2_000)]
    links = [(chance.choice(files), chance.choice(files[:200]), 1.0) for _ in range(20_000)]
    ranks = rank_files(graph_of(links), {"f1999": 1.0})
    assert len(ranks) == 2_000
    assert sum(ranks.values()) == pytest.approx(1)


class Index:
    """An index of a few lines: "path: name@line-end<parent ..." and the files that refer to a name."""

    def __init__(self, outlines: dict[str, str], references: dict[str, str]) -> None:
        self.outlines, self.referring = outlines, references
        self.asked: list[str] = []

    def outline(self, path: str) -> tuple[IndexedDefinition, ...]:
        self.asked.append(path)
        return tuple(_found(path, word) for word in self.outlines.get(path, "").split())

    def references(self, name: str, limit: int = 200) -> tuple[ReferenceSite, ...]:
        sites = [ReferenceSite(path, 1, "") for path in self.referring.get(name, "").split()]
        return tuple(sites[:limit])


def _found(path: str, word: str) -> IndexedDefinition:
    name, _, rest = word.partition("@")
    span, _, parent = rest.partition("<")
    start, _, end = span.partition("-")
    return IndexedDefinition(path, name, "function", int(start), int(end or start), 1, parent)


def head(found: IndexedDefinition) -> str | None:
    return None if found.name == "hidden" else f"def {found.name}"


INDEX = Index(
    {
        "a.py": "Cart@1-20 add@2-5<Cart drop@6-9<Cart hidden@10 own@30 rare@40",
        "b.py": "tax@1-3 rate@5-7",
        "c.py": "alone@1",
    },
    {"Cart": "x y", "add": "x y z a.py", "hidden": "x y z w", "own": "a.py", "rare": "x", "tax": "x", "rate": "x y z"},
)  # fmt: skip
RANKS = {"a.py": 0.5, "b.py": 0.3, "c.py": 0.2, "gone.py": 0.1}


def shown(mapped: tuple[MappedFile, ...]) -> list[str]:
    return [f"{each.path}:{head.start_line} {head.text}" for each in mapped for head in each.heads]


def test_a_map_shows_what_others_refer_to_in_the_order_of_files_and_lines() -> None:
    assert shown(repo_map(RANKS, INDEX, head, MapBudget(10_000, 100))) == [
        "a.py:1 def Cart",
        "a.py:2 def add",
        "a.py:40 def rare",
        "b.py:1 def tax",
        "b.py:5 def rate",
    ]


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (0, []),
        (1, []),
        (2, ["b.py:5 def rate"]),
        (3, ["b.py:1 def tax", "b.py:5 def rate"]),  # "add" is worth more, but comes with path and "Cart"
        (5, ["a.py:1 def Cart", "a.py:2 def add", "b.py:5 def rate"]),
    ],
)
def test_lines_are_taken_by_worth(lines: int, wanted: list[str]) -> None:
    assert shown(repo_map(RANKS, INDEX, head, MapBudget(10_000, lines))) == wanted


@settings(max_examples=rounds(200))
@given(st.integers(0, 120), st.integers(0, 12), st.integers(1, 3))
def test_a_budget_is_never_passed_and_more_of_it_shows_more(characters: int, lines: int, tall: int) -> None:
    def heads(found: IndexedDefinition) -> str:
        return "\n".join([f"def {found.name}"] * tall)

    mapped = repo_map(RANKS, INDEX, heads, MapBudget(characters, lines))
    texts = [text for each in mapped for text in (each.path, *(head.text for head in each.heads))]
    assert sum(len(text) + 1 for text in texts) <= characters
    assert sum(text.count("\n") + 1 for text in texts) <= lines
    assert all(each.heads for each in mapped)
    assert mapped == repo_map(RANKS, INDEX, heads, MapBudget(characters, lines))
    if not mapped:
        cheapest = tall + 1, len("b.py") + 1 + tall * len("def tax ")
        assert lines < cheapest[0] or characters < cheapest[1]


def test_files_in_hand_are_left_out() -> None:
    index = Index(INDEX.outlines, INDEX.referring)
    mapped = repo_map(RANKS, index, head, MapBudget(1_000, 100), without=["a.py"])
    assert [each.path for each in mapped] == ["b.py"]
    assert "a.py" not in index.asked


def test_no_line_is_read_for_what_is_not_shown() -> None:
    names = [f"f{number:03}" for number in range(300)]
    outline = " ".join(f"{name}@{number + 1}" for number, name in enumerate(names))
    index = Index({"a.py": outline}, dict.fromkeys(names, "x"))
    read: list[str] = []

    def heads(found: IndexedDefinition) -> str:
        read.append(found.name)
        return "def"

    (mapped,) = repo_map({"a.py": 1.0}, index, heads, MapBudget(21, 100))
    assert [each.name for each in mapped.heads] == names[:4]
    assert len(read) <= 4 + NO_ROOM
