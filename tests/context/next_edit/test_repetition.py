"""The same change at other places: what is offered after edits, as a whole chain, and what is not."""

import pytest
from situations import after_edits, texts_of

from assist_context.next_edit.kinds.repetition import find_repetitions


def results(path: str, *texts: str) -> list[str]:
    """What each offer makes of the last text."""
    situation = after_edits(path, texts)
    return texts_of(situation, list(find_repetitions(situation)))


@pytest.mark.parametrize(
    ("path", "old", "new", "other"),
    [
        ("a.go", 'errors.New("invalid %s")', 'fmt.Errorf("invalid %s")', "x := reflect.New(t)\n"),
        ("a.rs", "glob.unwrap()", 'glob.expect("valid glob")', 'y.unwrap_or("");\n'),
        ("a.rs", "Error::from_path(a)", "Failure::of(a)", "Path::from_path(a);\n"),
    ],
)
def test_parts_of_an_expression_are_replaced_together(path: str, old: str, new: str, other: str) -> None:
    first = f"f({old})\ng(1)\nh({old})\n{other}"
    second = first.replace(old, new, 1)
    third = second.replace(old, new, 1)
    assert second.replace(old, new) in results(path, first, second)
    assert all(each.endswith(other) for each in results(path, first, second))
    assert results(path, first, second, third) == []


def test_the_call_that_two_examples_are_in_belongs_to_them() -> None:
    call = "assertMs(t, durationMs)"
    rest = "const check = (t, durationMs) => {\n\tt.true(Number.isFinite(durationMs));\n};\n"
    first = rest + f"{call};\nx();\n{call};\ny();\n{call};\n"
    texts = [first]
    for _ in range(2):
        texts.append(texts[-1].replace(call, "assertMs(t, durationMs, 0)", 1))
    assert results("a.js", *texts) == [texts[-1].replace(f"y();\n{call}", "y();\nassertMs(t, durationMs, 0)")]


def test_an_argument_is_not_added_twice() -> None:
    lines = [f"client.get({name})\n" for name in ("first", "second[0]", "third()", "fourth")]
    done = [each.replace(")\n", ", timeout=5)\n") for each in lines]
    texts = ["".join(done[:count] + lines[count:]) for count in range(3)]
    assert results("a.py", *texts) == ["".join(done)]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "def load(conn, path=None):\n    pass\n\n\ndef save(conn, path=None):\n    return path\n"),
        (
            "a.ts",
            "function load(conn, path?: string) {}\nfunction save(conn, path?: string) { return path }\n",
        ),
        (
            "a.go",
            "package p\n\nfunc load(conn C, path string) {}\nfunc save(conn C, path string) { f(path) }\n",
        ),
        ("a.rs", "fn load(conn: C, path: Path) {}\nfn save(conn: C, path: Path) { f(path) }\n"),
    ],
)
def test_a_parameter_that_one_function_lost_stays_in_the_others(path: str, text: str) -> None:
    [gone] = {
        each for each in (", path=None", ", path?: string", ", path string", ", path: Path") if each in text
    }
    assert results(path, text, text.replace(gone, "", 1)) == []


def test_a_line_is_added_to_objects_whose_neighbours_differ() -> None:
    objects = [
        f'  {{\n    id: "{name}",\n    size: {size},\n  }},\n'
        for name, size in (("a", 1), ("b", 22), ("c", 3))
    ]
    done = [each.replace(",\n    size", ',\n    tier: "gold",\n    size') for each in objects]
    texts = ["const all = [\n" + "".join(done[:count] + objects[count:]) + "]\n" for count in range(3)]
    assert results("a.ts", *texts) == ["const all = [\n" + "".join(done) + "]\n"]
