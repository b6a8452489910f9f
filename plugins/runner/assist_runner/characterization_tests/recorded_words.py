"""What a user reads of recorded tests: what they add, what was tested before, which calls are left out."""

from collections.abc import Mapping

from assist_server.proof import RecordedCounts

_REASONS = {
    "misuse": "the code does not take the arguments",
    "set-up": "nothing shows how to construct an object",
    "does not reach the code": "the code is not reached",
    "no literal": "the value cannot be written as a literal",
    "no value": "there is nothing to compare",
    "depends on this machine or day": "the value depends on this machine or day",
    "a test that fails": "the test does not pass",
    "network": "it uses the network",
    "programs": "it starts programs",
    "files": "it changes files",
    "time": "it takes too long",
    "crash": "it ends the process",
}
_SHOWN = 2  # files of tests that are named


def recorded_words(counts: RecordedCounts) -> str:
    """All of it in sentences.

    >>> counts = RecordedCounts(("a",), (2, 3), (4, 5), {"time": 2}, (), {"tests/test_a.py": 6}, 1)
    >>> print(recorded_words(counts).replace(". ", ".\\n"))
    These tests record what the code does today (1 call, 2 of 3 branches, they notice 4 of 5 mutants, 1 of \
them missed by existing tests).
    Already tested: 6 calls in tests/test_a.py.
    Left out: 2 calls (it takes too long).
    """
    noticed, planted = counts.mutants
    parts = [_calls(len(counts.tests))]
    parts += [f"{counts.branches[0]} of {counts.branches[1]} branches"] if counts.branches[1] else []
    parts += [f"they notice {noticed} of {planted} mutants" if planted else "no mutants tried"]
    parts += [f"{counts.new_mutants} of them missed by existing tests"] if planted and counts.tested else []
    told = [f"These tests record what the code does today ({', '.join(parts)})."]
    told += [f"{already_tested(counts.tested).capitalize()}."] if counts.tested else []
    told += [f"Left out: {_reasons(counts.left_out)}."] if counts.left_out else []
    return " ".join(told)


def _reasons(left: Mapping[str, int]) -> str:
    """How many calls are left out for each reason."""
    return ", ".join(f"{_calls(count)} ({_REASONS.get(reason, reason)})" for reason, count in left.items())


def _calls(count: int) -> str:
    return f"{count} call{'s' * (count != 1)}"


def already_tested(tested: Mapping[str, int]) -> str:
    """The calls that existing tests make, counted, with the files that make most of them.

    >>> already_tested({"tests/a.py": 2, "": 1}), already_tested({"a.rs": 1})
    ('already tested: 3 calls in tests/a.py and others', 'already tested: 1 call in a.rs')
    """
    named = [path for path in sorted(tested, key=lambda path: -tested[path]) if path]
    more = " and others" if len(tested) > _SHOWN or "" in tested else ""
    place = f" in {' and '.join(named[:_SHOWN])}{more}" if named else ""
    return f"already tested: {_calls(sum(tested.values()))}{place}"


def left_out_words(left: Mapping[str, int]) -> str:
    """What is missing, of the calls that were left out.

    >>> left_out_words({"misuse": 2, "time": 1})
    ': left out are 2 calls (the code does not take the arguments), 1 call (it takes too long)'
    """
    return f": left out are {_reasons(left)}" if left else ": no test, caller or type says how to call it"


def end_of(output: str) -> str:
    """The last line that says something, shortened."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it says nothing"
