"""Calls of a Rust function that no one has written, with values of the types of its parameters."""

from collections.abc import Sequence

from assist_runner.characterization_tests.calls import ProposedCall
from assist_runner.characterization_tests.rust.crate import owner_name
from assist_runner.characterization_tests.rust.rust_items import RustFunction
from assist_runner.characterization_tests.rust.values import RustHints, RustValue, combinations, values_of

MAX_CALLS = 40
_SHORT = 40  # characters of a receiver that is written into the call
# How a value is shown by a trait of `fmt`.
_FORMS = {
    "Display": ("{}.to_string()", 'format!("{{:>10}}", {})'),
    "Debug": ('format!("{{:?}}", {})', 'format!("{{:#?}}", {})'),
    "LowerHex": ('format!("{{:x}}", {})',),
    "UpperHex": ('format!("{{:X}}", {})',),
}


def typed_calls(row: RustFunction, hints: RustHints) -> list[ProposedCall]:
    """Calls of a function with values of its types."""
    if {"async", "unsafe", "test"} & row.words:
        return []
    if any("Formatter" in kind for _, kind in row.parameters):
        return _text_calls(row, hints)
    rows = [values_of(kind, hints) for _, kind in row.parameters]
    receivers = values_of(row.owner or "Self", hints) if row.receiver else [RustValue("")]
    if row.receiver and row.trait and not row.owner:
        return []
    found = []
    for receiver, *given in combinations([receivers, *rows], MAX_CALLS):
        setup = [line for value in given for line in value.setup]
        call, before = _call_text(row, receiver, [value.text for value in given], hints)
        found.append(ProposedCall(call, (), (*receiver.setup, *before, *setup), "syntax"))
    return list(dict.fromkeys(found))


def _call_text(
    row: RustFunction, receiver: RustValue, given: Sequence[str], hints: RustHints
) -> tuple[str, list[str]]:
    """A call, and the statement that makes its receiver."""
    arguments = ", ".join(given)
    if not row.receiver:
        owner = owner_name(row.owner)
        if row.trait:
            return f"<{row.owner} as {row.trait}>::{row.name}({arguments})", []
        path = hints.crate.paths.get(owner, owner)
        return f"{path + '::' if owner else ''}{row.name}({arguments})", []
    before = []
    text = receiver.text
    if row.receiver == "&mut self" or len(text) > _SHORT or "{" in text:
        mutable = "mut " if row.receiver == "&mut self" else ""
        before = [f"let {mutable}value = {text};"]
        text = "value"
    elif text.startswith(("&", "-")) or " " in text.replace(", ", ""):
        text = f"({text})"
    if row.trait and "::" in row.trait:
        reference = row.receiver.replace("self", "")
        return f"<_ as {row.trait}>::{row.name}({', '.join([reference + text, *given])})", before
    return f"{text}.{row.name}({arguments})", before


def _text_calls(row: RustFunction, hints: RustHints) -> list[ProposedCall]:
    """What a value looks like as text: `fmt` itself needs a formatter, which no one can make."""
    trait = row.trait.rpartition("::")[2]
    if row.name == "fmt" and trait in _FORMS:
        return [
            ProposedCall(form.format(value.text), (), value.setup, "syntax")
            for value in values_of(row.owner, hints)
            for form in _FORMS[trait]
        ]
    if row.receiver or row.trait or len([1 for _, kind in row.parameters if "Formatter" in kind]) != 1:
        return []
    names = [name for name, kind in row.parameters if "Formatter" in kind]
    others = [values_of(kind, hints) for _, kind in row.parameters if "Formatter" not in kind]
    found = []
    formatter = next(kind for _, kind in row.parameters if "Formatter" in kind).removeprefix("&mut ")
    rule = f"Fn(&mut {formatter}) -> {row.returns}"
    helper = (
        f"struct Shown<F: {rule}>(F);\n"
        f"impl<F: {rule}> core::fmt::Display for Shown<F> {{\n"
        "    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {\n"
        "        (self.0)(f)\n"
        "    }\n"
        "}"
    )
    for chosen in combinations(others, MAX_CALLS):
        rest = iter(chosen)
        texts = ["f" if name in names else next(rest).text for name, _ in row.parameters]
        owner = f"{owner_name(row.owner)}::" if row.owner else ""
        call = f"Shown(|f| {owner}{row.name}({', '.join(texts)})).to_string()"
        setup = tuple(line for value in chosen for line in value.setup)
        found.append(ProposedCall(call, (helper,), setup, "syntax"))
    return found
