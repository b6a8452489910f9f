"""What a call of a Rust function needs is read from its text."""

from assist_runner.characterization_tests.rust.rust_items import BlockStart, rust_items, rust_script

CODE = """\
#[derive(Debug, PartialEq)]
pub struct Cart<T> {
    pub items: Vec<T>,
    note: Option<&'static str>,
}

enum Kind { Plain, Sized(u8) }

impl<'a, T: Clone> Cart<T> where T: Eq {
    /// Doc.
    pub fn total(&mut self, start: &'a str, f: impl Fn(&T) -> u32) -> Result<u32, String> {
        if start.is_empty() {
            return Err("empty".into());
        }
        match start { "a" => Ok(1), _ => { Ok(2) } }
    }

    const fn limit() -> usize {
        9
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sums() {
        let mut cart = Cart::new();
        assert_eq!(cart.total("a", |_| 1), Ok(1));
    }
}
"""


def test_a_function_is_read_with_its_bounds_and_blocks() -> None:
    total, limit, test = rust_items(CODE).functions
    assert (total.owner, total.receiver, total.returns) == ("Cart<T>", "&mut self", "Result<u32, String>")
    assert total.parameters == (("start", "&str"), ("f", "impl Fn(&T) -> u32"))
    assert total.bounds == {"T": "Clone + Eq"}
    assert (total.first, total.last) == (11, 16)
    body = CODE[total.body.start : total.body.stop]
    assert body.startswith("{\n        if")
    assert body.endswith("}")
    assert [block.line for block in total.blocks] == [12, 13, 15, 15]
    arm = total.blocks[2]
    assert CODE[arm.start : arm.end] == "Ok(1)"
    assert limit.blocks == ()  # nothing can be counted in what the compiler runs
    assert "test" in test.words


def test_types_have_fields_and_variants() -> None:
    cart, kind = rust_items(CODE).types
    assert cart.fields == (("items", "Vec<T>", True), ("note", "Option<&str>", False))
    assert (cart.parameters, cart.derives >= {"Debug", "PartialEq"}) == (("T",), True)
    assert kind.variants == (("Plain", ()), ("Sized", (("0", "u8", False),)))


def test_statements_of_tests_and_scripts_are_read() -> None:
    (script,) = rust_items(CODE).scripts
    assert [row.text for row in script] == [
        "let mut cart = Cart::new();",
        'assert_eq!(cart.total("a", |_| 1), Ok(1));',
    ]
    assert script[0].binds == {"cart"}
    assert [row.text for row in rust_script("let a = 1;\nf(a);\nf(")[0]][:2] == ["let a = 1;", "f(a);"]


def test_broken_code_is_left_out() -> None:
    assert rust_items("fn f( {").functions == ()
    assert BlockStart(1, 8) in rust_items("fn f() { 1 }").functions[0].blocks
