"""Many known values: the same places as a search for each, in little time, and within the time limit."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assist_escalation.redaction.findings import Finding, RedactionError, time_limit
from assist_escalation.redaction.known_secrets import Known, find_known

TEXTS = st.text("ab\n", max_size=200)
FILL = tuple(f"filler-{number:06}" for number in range(600))


def _simple(text: str, values: tuple[str, ...]) -> list[Finding]:
    found = list[Finding]()
    for value in values:
        place = text.find(value)
        while place >= 0:
            found.append(Finding(place, place + len(value), "KNOWN"))
            place = text.find(value, place + len(value))
    return found


@given(TEXTS, st.lists(st.text("ab\n", min_size=1, max_size=14), max_size=20), st.booleans())
def test_many_values_are_found_where_each_is_found(text: str, some: list[str], many: bool) -> None:
    values = (*some, *(FILL if many else ()))
    text += "".join(value[:13] for value in some) + FILL[7]
    assert [*find_known(text, Known(values), lambda: None)] == _simple(text, values)


def test_many_values_take_little_time_and_keep_the_limit() -> None:
    known = Known(tuple(f"{number * 7919:014}" for number in range(20_000)))
    text = "".join(f"def f{number}(a, b):\n    return a + b\n" for number in range(3_000))
    begun = time.process_time()
    assert not [*find_known(text, known, lambda: None)]
    assert time.process_time() - begun < 0.5
    ticks = iter(range(100))
    with pytest.raises(RedactionError):
        [*find_known(text, known, time_limit(2, lambda: float(next(ticks))))]
