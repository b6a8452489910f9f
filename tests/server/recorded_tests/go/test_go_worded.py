"""What words demand, in Go: the first result as a literal of its type, in a test."""

import pytest

from assist_server.recorded_tests.calls import CallObservation, CallSubject, RecordedCall
from assist_server.recorded_tests.go.language import GOLANG
from assist_server.recorded_tests.language import RecordingMaterial
from assist_server.recorded_tests.worded_values import WordedValue

CODE = "package words\n\nfunc {name}(text string) ({results}) {{\n\tpanic(text)\n}}\n"


@pytest.mark.parametrize(
    ("results", "value", "check"),
    [
        ("int", "0", 'if got := Split("a"); got != 0 {'),
        ("string, error", "'x'", 'if got != "x" {'),
        ("[]int", "[1, 2]", "want := []int{1, 2}"),
        ("[]string", "[]", 'if got := Split("a"); len(got) != 0 {'),
        ("*int", "None", 'if got := Split("a"); got != nil {'),
        ("int", "", '_ = Split("a")'),
    ],
)
def test_a_value_is_a_literal_of_the_type(results: str, value: str, check: str) -> None:
    subject = CallSubject("words.go", CODE.format(name="Split", results=results), "Split", 3, 5)
    material = RecordingMaterial(subject, "go")
    assert GOLANG.worded is not None
    wanted = GOLANG.worded(material, WordedValue('Split("a")', value), CallObservation("value"))
    assert wanted is not None
    (call,) = GOLANG.in_answer(material, 'Split("a")\n')
    assert f"\t{check}\n" in GOLANG.tests([RecordedCall(call, wanted, "TestSplit")], material)


@pytest.mark.parametrize("value", ["Color.RED", "[1, f(2)]", "{'a': 1}"])
def test_what_is_no_literal_makes_no_test(value: str) -> None:
    subject = CallSubject("words.go", CODE.format(name="Split", results="[]int"), "Split", 3, 5)
    assert GOLANG.worded is not None
    wanted = WordedValue('Split("a")', value)
    assert GOLANG.worded(RecordingMaterial(subject, "go"), wanted, CallObservation("value")) is None
