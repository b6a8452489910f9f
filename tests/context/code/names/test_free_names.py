"""Which names nothing in a text binds, by language."""

import re

import pytest

from assist_context.code.names.free_names import free_names
from assist_context.code.names.occurrences import NameReader
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document, split_lines
from assist_context.languages import language_of

CASES = [
    (
        "a.py",
        """
from m import imported, other as oth
@deco
class A(Base, metaclass=Meta):
    x: Typ[Inner] = field(default=Default)
    def f(self, a, *args, b: int = dflt, **kw) -> Ret:
        for i, (j, k) in items:
            os.path.join(i, j, k, a, b, args, kw, key=val)
        raise Err() from None
        match a:
            case Foo(x=1, y): y
            case [c, *d]: c, d
        return f"{zz}" + imported(oth) + np.array + [m for m, n in o if n]
""",
        "deco Base Meta Typ Inner field Default dflt Ret items os val Err Foo zz np o",
    ),
    (
        "a.tsx",
        """
import D, { a as b, type C } from "x";
const {p, q: r, s = t1, ...u} = fn1(D, b, r, p, s, u);
function f(x: T2, {n}: C, ...rest: S2[]) { return n + rest + x + y1; }
export { f as gg }; export { nope } from "./z";
const v = async (w) => ({w, short, z: 1});
class VV<G1> extends WW<XX> implements YY { m(zz: G1): A1 { return this.m(zz as Y2.Q) } }
const e = <Foo bar={baz}><A.B/></Foo>;
try { } catch (err) { path.join(err, `${inner}`) }
""",
        "t1 fn1 T2 S2 y1 short WW XX YY A1 Y2 Foo baz A path inner",
    ),
    (
        "a.go",
        """package a
func (s *T) F(w http.ResponseWriter, r *http.Request) error {
	x, err := strconv.Atoi("3")
	r.Body.Close(); s.x.Y()
	return errors.Wrap(err, x)
}
""",
        "http strconv errors",
    ),
    (
        "a.rs",
        """use std::fmt;
struct A<T: Tr> { x: HashMap<String, Arc<T>> }
impl Display for A { fn fmt(&self, f: &mut fmt::Formatter) -> Res { let x: B = Rc::new(1); helper(x) } }
mod tests { fn f(x: Inside) {} }
""",
        "Tr HashMap String Arc Display Res B Rc helper",
    ),
    (
        "a.rs",
        """#[cfg(test)]
#[derive(Serialize)]
struct A;
fn f() { paste!(<A as ::core::Into<_>>::into(x)); vec![Foo::new(), fs::read()]; }
""",
        "Serialize paste x vec Foo fs",
    ),
    (
        "A.java",
        """package p;
import a.b.C;
class A extends B implements I {
    private List<String> x = new ArrayList<>();
    @Override public void f(Foo foo) throws Ex { Objects.requireNonNull(foo); assertThat(x); foo.bar(); }
}
""",
        "B I List String ArrayList Override Foo Ex Objects assertThat",
    ),
    ("a.py", "x = Whole()\ny = Half(\n", "Whole"),
    ("a.md", "Anything()\n", ""),
]


@pytest.mark.parametrize(("path", "text", "names"), CASES)
def test_names_that_nothing_binds_are_found(path: str, text: str, names: str) -> None:
    document = Document(path, split_lines(text), language_of(path))
    reader = NameReader(ParsedText(document))
    among = set(re.findall(r"\w+", text))
    assert " ".join(name for name, _ in free_names(reader, 0, len(document.lines), among)) == names


def test_only_the_asked_lines_and_names_count() -> None:
    document = Document("a.py", split_lines("a1()\nb1(c1())\nd1()\n"), language_of("a.py"))
    reader = NameReader(ParsedText(document))
    assert list(free_names(reader, 1, 1, {"a1", "b1"})) == [("b1", 1)]
