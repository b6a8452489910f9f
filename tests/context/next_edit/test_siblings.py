"""After a change of a list: which other lists follow, what they get, and when it is quiet."""

import pytest
from situations import after_edits, texts_of

from assist_context.next_edit.entries import ListElement, copy_entry
from assist_context.next_edit.kinds.siblings import find_siblings
from assist_context.next_edit.name_forms import places_of, write_name

COLOUR = """\
class Colour(Enum):
    RED = 1
    GREEN = 2

NAMES = {
    Colour.RED: "red",
    Colour.GREEN: "green",
}

def hint(colour):
    match colour:
        case Colour.RED:
            return "is red"
        case Colour.GREEN:
            return "is green"
"""
PERSON = """\
class Person:
    name: str
    size: int

    def __init__(self, name: str, size: int):
        self.name = name
        self.size = size

    def pack(self):
        return {"name": self.name, "size": self.size}
"""
KIND = """\
package p

const (
	KindRed Kind = iota
	KindGreen
)

func (k Kind) String() string {
	switch k {
	case KindRed:
		return "KindRed"
	case KindGreen:
		return "KindGreen"
	}
	return ""
}
"""
UNIT = """\
enum Unit {
    Gram,
    Litre,
}

fn name(unit: Unit) -> &str {
    match unit {
        Unit::Gram => "gram",
        Unit::Litre => "litre",
    }
}

fn all() -> [Unit; 2] {
    [Unit::Gram, Unit::Litre]
}
"""
SETTINGS = """\
export interface Settings {
  theme: string;
  font: string;
}
export const read = (s: Source): Settings => ({
  theme: s.get("theme"),
  font: s.get("font"),
});
export const { theme, font } = settings;
type Key = "theme" | "font";
switch (key) {
  case "theme":
    return s.theme;
  case "font":
    return s.font;
}
"""

# The text, the edit, and for each offer in order what is replaced by what in the text after the edit.
Expected = list[tuple[str, ...]]
ADDED = [
    ("a.py", COLOUR, ("GREEN = 2\n", "GREEN = 2\n    BLUE = 3\n"), [
        ('.GREEN: "green"', '.GREEN: "green",\n    Colour.BLUE: "blue"'),
        ('return "is green"', 'return "is green"\n        case Colour.BLUE:\n            return "is blue"'),
    ]),
    ("a.py", COLOUR, ("    RED = 1\n", "    BLUE = 3\n    RED = 1\n"), [
        ("    Colour.RED:", '    Colour.BLUE: "blue",\n    Colour.RED:'),
        ("case Colour.RED", 'case Colour.BLUE:\n            return "is blue"\n        case Colour.RED'),
    ]),
    ("a.py", COLOUR, ("    GREEN = 2\n", "    DARK_RED = 3\n    GREEN = 2\n"), []),  # "dark_red" or "dark red"?
    ("a.py", PERSON, ("    size: int\n\n", "    size: int\n    max_age: float\n\n"), [
        ('"size": self.size', '"size": self.size, "max_age": self.max_age'),
        ("size: int):", "size: int, max_age: float):"),
        ("self.size = size", "self.size = size\n        self.max_age = max_age"),
    ]),
    ("a.py", PERSON, ("size: int):", "size: int, mail: str):"), [
        ("    size: int\n", "    size: int\n    mail: str\n"),
        ('"size": self.size', '"size": self.size, "mail": self.mail'),
        ("self.size = size", "self.size = size\n        self.mail = mail"),
    ]),
    ("a.py", "from a import load, save\n\n__all__ = [\n    'load',\n    'save',\n]\n", ("load, save", "load, open_all, save"), [
        ("    'load',\n", "    'load',\n    'open_all',\n"),
    ]),
    ("a.go", KIND, ("KindGreen\n)", "KindGreen\n\tKindDarkRed\n)"), [
        ('return "KindGreen"\n', 'return "KindGreen"\n\tcase KindDarkRed:\n\t\treturn "KindDarkRed"\n'),
    ]),
    ("a.go", "package p\n\ntype S struct {\n\tName string\n\tSize int\n}\n\nfunc New(name string, size int) *S {\n\treturn &S{Name: name, Size: size}\n}\n", ("size int)", "size int, maxAge float)"), [
        ("Size int\n", "Size int\n\tMaxAge float\n"),
        ("Size: size", "Size: size, MaxAge: maxAge"),
    ]),
    ("a.rs", UNIT, ("    Litre,\n", "    Litre,\n    Metre,\n"), [
        ('Litre => "litre",', 'Litre => "litre",\n        Unit::Metre => "metre",'),
        (", Unit::Litre", ", Unit::Litre, Unit::Metre"),
    ]),
    ("a.ts", SETTINGS, ("font: string;\n", "font: string;\n  zoom: string;\n"), [
        ("return s.font;", 'return s.font;\n  case "zoom":\n    return s.zoom;'),
        ("theme, font }", "theme, font, zoom }"),
        ('| "font"', '| "font" | "zoom"'),
        ('s.get("font")', 's.get("font"),\n  zoom: s.get("zoom")'),
    ]),
    ("A.java", "class C {\n  int red;\n  int green;\n  C(int red, int green) {\n    this.red = red;\n    this.green = green;\n  }\n}\n", ("int green)", "int green, int darkRed)"), [
        ("  int green;\n", "  int green;\n  int darkRed;\n"),
        ("this.green = green;", "this.green = green;\n    this.darkRed = darkRed;"),
    ]),
]  # fmt: skip


def replace_all(text: str, pairs: tuple[str, ...]) -> str:
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(("path", "text", "edit", "expected"), ADDED)
def test_other_lists_get_the_new_element(
    path: str, text: str, edit: tuple[str, str], expected: Expected
) -> None:
    assert text.count(edit[0]) == 1
    edited = text.replace(*edit)
    situation = after_edits(path, [text, edited])
    found = sorted(find_siblings(situation), key=lambda each: each.pattern)
    assert texts_of(situation, found) == [replace_all(edited, each) for each in expected]


REMOVED = [
    ("a.py", COLOUR, ("    GREEN = 2\n", ""), [
        ('\n    Colour.GREEN: "green",', ""),
        ('\n        case Colour.GREEN:\n            return "is green"', ""),
    ]),
    ("a.ts", 'type A = "one" | "two" | "three";\nconst a = ["one", "two", "three"];\n', (' | "two"', ""), [(' "two",', "")]),
    ("a.rs", UNIT, ("    Gram,\n", ""), [('        Unit::Gram => "gram",\n', ""), ("Unit::Gram, ", "")]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "edit", "expected"), REMOVED)
def test_other_lists_lose_the_removed_element(
    path: str, text: str, edit: tuple[str, str], expected: Expected
) -> None:
    edited = text.replace(*edit)
    situation = after_edits(path, [text, edited])
    found = sorted(find_siblings(situation), key=lambda each: each.pattern)
    assert texts_of(situation, found) == [replace_all(edited, each) for each in expected]


def test_an_earlier_edit_without_words_says_nothing() -> None:
    blank = "a = 1\n\n\n\n"
    above = "".join(f"b{number} = 1\n" for number in range(6))
    assert list(find_siblings(after_edits("a.py", ["a = 1\n", blank, above + blank]))) == []


def test_the_other_forms_of_a_renamed_element_follow() -> None:
    edited = COLOUR.replace("GREEN = 2", "LIME = 2")
    situation = after_edits("a.py", [COLOUR, edited])
    found = sorted(find_siblings(situation), key=lambda each: each.pattern)
    assert texts_of(situation, found) == [
        edited.replace('"green"', '"lime"'),
        edited.replace('"is green"', '"is lime"'),
    ]


QUIET = [
    ("a.py", COLOUR, ("RED = 1\n", "RED = 4\n")),
    ("a.py", COLOUR.replace("GREEN = 2\n", "GREEN = 2\n    # RED, GREEN\n"), ("# RED, GREEN", "# RED, GREEN, BLUE")),
    ("a.py", "a = ['red', 'green']\nb = ['green', 'red']\n", ("['red', 'green']", "['red', 'green', 'blue']")),
    ("a.py", "a = ['red', 'green']\nb = ['red', 'white']\n", ("'green']", "'green', 'blue']")),
    ("a.py", "a = ['red', 'green']\nb = ['red', 'green', 'blue']\n", ("['red', 'green']", "['red', 'green', 'blue']")),
    ("a.py", "a = ['red', 'green']\nb = {'red': '#f00', 'green': '#0f0'}\n", ("'green']", "'green', 'blue']")),
    ("a.py", "class A:\n    red = 1\n    green = 2\ndef red(): return x\ndef green(): return y\n", ("green = 2\n", "green = 2\n    blue = 3\n")),
    ("a.py", "f(red, green)\ng(red, green)\n", ("f(red, green)", "f(red, green, blue)")),
    ("a.py", "import red\nimport green\nx = [red, green]\n", ("import green\n", "import green\nimport blue\n")),
    ("a.py", "# red, green\n'''red, green'''\nx = ['red', 'green']\n", ("'green']", "'green', 'blue']")),
    ("a.py", "x = ['red']\ny = ['red']\n", ("x = ['red']", "x = ['red', 'blue']")),
    ("a.md", "- red\n- green\n", ("- green\n", "- green\n- blue\n")),
    ("a.py", "def f():\n    red = 1\n    green = 2\n    return red + green\n", ("green = 2\n", "green = 2\n    blue = 3\n")),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "edit"), QUIET)
def test_it_is_quiet(path: str, text: str, edit: tuple[str, str]) -> None:
    assert text.count(edit[0]) == 1
    assert not list(find_siblings(after_edits(path, [text, text.replace(*edit)])))


def test_lists_in_other_files_get_an_offer_each() -> None:
    others = {
        "b.py": "NAMES = [\n    Colour.RED,\n    Colour.GREEN,\n]\n",
        "c.py": "print(Colour.RED)\n",
        "d.py": "NAMES = [Colour.RED, Colour.GREEN, Colour.BLUE]\n",
    }
    situation = after_edits(
        "a.py", [COLOUR, COLOUR.replace("GREEN = 2\n", "GREEN = 2\n    BLUE = 3\n")], others
    )
    found = [each for each in find_siblings(situation) if each.path != "a.py"]
    assert [each.path for each in found] == ["b.py"]
    assert texts_of(situation, found, others) == [
        "NAMES = [\n    Colour.RED,\n    Colour.GREEN,\n    Colour.BLUE,\n]\n"
    ]
    assert found[0].features["cross"] == 1


def test_an_entry_of_another_type_with_members_of_the_same_names_stays() -> None:
    other = COLOUR.replace("class Colour", "class Light")
    edited = other.replace("    GREEN = 2\n", "    GREEN = 2\n    BLUE = 3\n", 1)
    assert not list(find_siblings(after_edits("a.py", [other, edited])))
    enum = "enum Out {\n    Red,\n    Green,\n}\n"
    match = 'fn f(p: Part) -> &str {\n    match p {\n        Part::Red => "red",\n        Part::Green => "green",\n    }\n}\n'
    texts = [enum, enum.replace("    Green,\n", "    Green,\n    Blue,\n")]
    assert not list(find_siblings(after_edits("a.rs", texts, {"b.rs": match})))
    assert list(find_siblings(after_edits("a.rs", texts, {"b.rs": match.replace("Part", "Out")})))


def test_two_elements_at_once_and_how_many_lists_have_them() -> None:
    text = COLOUR + "x = [Colour.RED, Colour.GREEN]\ny = [Colour.RED, Colour.GREEN, Colour.BLUE]\n"
    edited = text.replace("GREEN = 2\n", "GREEN = 2\n    BLUE = 3\n")
    found = {
        each.pattern.rpartition(" ")[2]: each for each in find_siblings(after_edits("a.py", [text, edited]))
    }
    assert found["items"].features["examples"] == 1
    assert [each.text for each in found["items"].changes] == [", Colour.BLUE"]
    text = "type A = 'one' | 'two';\nconst a = ['one', 'two'];\n"
    situation = after_edits("a.ts", [text, text.replace("'two';", "'two' | 'three' | 'four';")])
    (offer,) = find_siblings(situation)
    assert [each.text for each in offer.changes] == [", 'three', 'four'"]


def test_it_goes_on_from_the_list_that_got_the_element() -> None:
    """After the dictionary was edited, the cases follow as they did before."""
    first = COLOUR.replace("GREEN = 2\n", "GREEN = 2\n    BLUE = 3\n")
    second = first.replace('.GREEN: "green",\n', '.GREEN: "green",\n    Colour.BLUE: "blue",\n')
    (offer,) = find_siblings(after_edits("a.py", [COLOUR, first, second]))
    assert offer.features["to_statements"] == 1
    assert offer.features["examples"] == 1


def test_line_ends_and_wide_characters() -> None:
    text = "a = ['😀', 'één', 'two']; b = [\r\n    'één',\r\n    'two',\r\n]\r\n"
    situation = after_edits("a.py", [text, text.replace("'two']", "'two', 'three']")])
    (offer,) = find_siblings(situation)
    assert texts_of(situation, [offer])[0].endswith("    'two',\r\n    'three',\r\n]\r\n")


FORMS = [
    ("light_red", "light_red LIGHT_RED lightRed LightRed light-red lightred", 6),
    ("LIGHT_RED", "is_light_red, handleLightRed, LIGHT_REDS, slight_red", 2),
    ("red", "RED, Red.x, redden, bred, _red, 'red'", 4),
    ("id", "id ID identity is_id", 1),  # too short for other forms
]


@pytest.mark.parametrize(("name", "text", "count"), FORMS)
def test_forms_of_a_name(name: str, text: str, count: int) -> None:
    assert len(list(places_of(name, text))) == count


@pytest.mark.parametrize("text", ["{}", "İ {}", "x = 1  # ÄÖ {}\n"])
@pytest.mark.parametrize(
    ("name", "line", "found"),
    [
        ("_light_red", "_light_red is_light_red LightRed light", ["_light_red", "light_red", "LightRed"]),
        ("$foo", "$foo foo Foo food", ["$foo", "foo", "Foo"]),
        ("x1", "x1 X1 x12", ["x1"]),
        ("größe", "größe Größe", ["größe"]),
        ("aaa", "aaaa aaa aaaAaa", ["aaa", "aaa", "Aaa"]),
    ],
)
def test_the_places_of_a_name_do_not_depend_on_the_text_around(
    text: str, name: str, line: str, found: list[str]
) -> None:
    whole = text.format(line)
    assert [whole[each.start : each.end] for each in places_of(name, whole)] == found


def test_a_name_is_written_in_the_form_of_another() -> None:
    (place,) = places_of("fooBar", "FOO_BAR")
    assert write_name("bazQux", place.forms) == "BAZ_QUX"
    (place,) = places_of("foo", "is_foo")
    assert write_name("baz_qux", place.forms) == ""
    assert write_name("bazQux", place.forms, "snake") == "baz_qux"


def test_entries_that_differ_in_more_than_what_is_theirs_are_not_copied() -> None:
    red, green, blue = (ListElement(each) for each in ("red", "green", "blue"))
    assert copy_entry((red, "red: 1"), (green, "green: 2"), blue) is None
    copy = copy_entry((red, "red: 1"), (green, "green:  1"), blue)
    assert copy is not None
    assert copy.text == "blue: 1"
    typed = [
        ListElement(name, type=kind) for name, kind in (("a", "int"), ("b", "list[str]"), ("c", "float"))
    ]
    copy = copy_entry((typed[0], "a: int"), (typed[1], "b: list[str]"), typed[2])
    assert copy is not None
    assert copy.text == "c: float"
