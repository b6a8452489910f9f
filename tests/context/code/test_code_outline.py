"""Outlines of functions: what of a function is a part, in which words, and how deep it is."""

import pytest

from assist_context.code.outline import MAX_ROWS, read_outline
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document, split_lines
from assist_context.languages import language_of

PYTHON = """\
def load(path, names):
    if not path:
        raise ValueError("no path")
    try:
        text = read(path)
    except OSError as error:
        log(error)
        return None
    for name in names:
        if name in text:
            check(name)
            yield name
        elif name:
            continue
        else:
            names.remove(name)
    with open(path) as file:  # again
        @wraps(read)
        def inner(
            value,
        ):
            print(value)
            return read(value)
    return [
        read(name),
        path,
    ]
"""
TYPESCRIPT = """\
export async function run(items: string[]): Promise<void> {
  if (!items.length) return;
  const done = items.map((item) => {
    if (item) {
      return read(item);
    } else if (items) {
      throw new Error(item);
    }
  }).filter(function (item) {
    return check(item) && read(
      item);
  });
  switch (items[0]) {
    case "a":
      read(items[0]);
      break;
    default:
      other();
  }
  do {
    read(items.pop());
  } while (items.length);
}
"""
GO = """\
func Load(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	defer file.Close()
	if err := check(file); err != nil {
		return nil, err
	}
	if path == "" {
		return nil, nil
	} else {
		other()
	}
	switch kind := file.(type) { // kinds
	case nil:
		check(kind)
	}
	return file, nil
}
"""
RUST = """\
fn load(path: &Path) -> Option<u8> {
    if path.is_empty() {
        return None;
    }
    let size = match read(path) {
        Some(size) if size > 0 => size,
        None => {
            check(path);
            return None;
        }
    };
    for part in path {
        check(part)?;
    }
    Some(size)
}
"""


@pytest.mark.parametrize(
    ("path", "text", "parts"),
    [
        ("a.py", PYTHON, [
            (2, 0, 'raises ValueError("no path") if not path'),
            (4, 0, "try: text = read(path)"),
            (6, 0, "except OSError as error"),
            (8, 1, "returns None"),
            (9, 0, "for name in names"),
            (10, 1, "if name in text"),
            (11, 2, "check(name)"),
            (12, 2, "yields name"),
            (13, 1, "elif name: continue"),
            (15, 1, "else: names.remove(name)"),
            (17, 0, "with open(path) as file"),
            (18, 1, "@wraps(read) def inner(value)"),
            (23, 2, "returns read(value)"),
            (24, 0, "returns [read(name), path]"),
        ]),
        ("a.ts", TYPESCRIPT, [
            (2, 0, "returns early if !items.length"),
            (3, 0, "const done = items.map((item) =>"),
            (4, 1, "if (item): return read(item)"),
            (6, 1, "else if (items): throw new Error(item)"),
            (9, 0, ".filter(function (item): return check(item) && read(item)"),
            (13, 0, "switch (items[0])"),
            (14, 1, 'case "a": read(items[0])'),
            (17, 1, "default: other()"),
            (20, 0, "do ... while (items.length): read(items.pop())"),
        ]),
        ("a.go", GO, [
            (2, 0, "file, err := os.Open(path), or returns an error"),
            (6, 0, "defer file.Close()"),
            (7, 0, "err := check(file), or returns its error"),
            (10, 0, 'if path == "": return nil, nil'),
            (12, 0, "else: other()"),
            (15, 0, "switch kind := file.(type)"),
            (16, 1, "case nil: check(kind)"),
            (19, 0, "returns file, nil"),
        ]),
        ("a.rs", RUST, [
            (2, 0, "returns None if path.is_empty()"),
            (5, 0, "let size = match read(path)"),
            (6, 1, "Some(size) if size > 0 => size"),
            (7, 1, "None =>"),
            (8, 2, "check(path)"),
            (9, 2, "returns None"),
            (12, 0, "for part in path: check(part)?"),
            (15, 0, "returns Some(size)"),
        ]),
    ],
)  # fmt: skip
def test_the_parts_of_a_function_are_said_in_their_order(
    path: str, text: str, parts: list[tuple[int, int, str]]
) -> None:
    assert _parts(path, text) == parts


def test_calls_that_are_deep_are_left_out_where_there_are_many_parts() -> None:
    branches = "".join(f"    if x == {n}:\n        read(x)\n        check(x)\n" for n in range(20))
    shown = _parts("a.py", f"def f(x):\n{branches}    read(x)\n")
    assert len(shown) == 21
    assert shown[-1] == (62, 0, "read(x)")


def test_of_more_parts_than_a_screen_holds_the_rest_is_counted() -> None:
    branches = "".join(f"    if x == {n}:\n        read(x)\n" for n in range(40))
    shown = _parts("a.py", f"def f(x):\n{branches}")
    assert len(shown) == MAX_ROWS
    assert shown[-1][2] == "and 16 more parts"


def _parts(path: str, text: str) -> list[tuple[int, int, str]]:
    lines = split_lines(text)
    parsed = ParsedText(Document(path, lines, language_of(path)))
    found = read_outline(parsed, 1, len([line for line in lines if line]), {"read", "check"})
    return [(part.line, part.depth, part.text) for part in found]
