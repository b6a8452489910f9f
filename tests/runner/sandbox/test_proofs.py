"""What runners print after tests passed is known from what they print when none did, or none ran."""

import pytest

from assist_runner.sandbox.proofs import is_proven, proof_of

NODE = "# Subtest: {0}\nok 1 - {0}\n1..1\n# tests 1\n# pass 1\n# fail 0\n"
JEST = "Test Suites: 1 passed, 1 total\nTests:       1 skipped, {} passed, 3 total\n"


@pytest.mark.parametrize(
    ("line", "output", "proven"),
    [
        ("pytest -q", "..\n2 passed in 0.1s\n", True),
        ("python -m pytest -qq", "..                 [100%]\n", True),
        ("pytest", "=== 1 passed, 2 warnings in 61.2s (0:01:01) ===\n", True),
        ("pytest", "Results (0.1s):\n       2 passed\n", True),
        ("pytest", "collected 2 items\n", False),
        ("pytest", "no tests ran in 0.1s\n", False),
        ("python -m unittest", "..\nRan 2 tests in 0.1s\n\nOK\n", True),
        ("python -m unittest", "Ran 0 tests in 0.1s\n\nOK\n", False),
        ("cargo test --workspace", "test result: ok. 3 passed; 0 failed\n", True),
        ("cargo test", "test result: ok. 0 passed; 0 failed\n", False),
        ("go test ./...", "ok  \tshop/cart\t0.003s\n", True),
        ("go test ./...", "ok  \tshop/cart\t0.003s [no tests to run]\n?   \tshop\t[no test files]\n", False),
        ("go test ./...", "ok  \tshop/a\t0.1s [no tests to run]\nok  \tshop/b\t0.1s\n", True),
        ("jest --ci", JEST.format(2), True),
        ("jest --ci", "No tests found, exiting with code 0\n", False),
        ("react-scripts test", "", False),
        ("node node_modules/jest/bin/jest.js", "PASS a.test.js\n", False),
        ("vitest run", "\x1b[2m      Tests \x1b[22m \x1b[1m\x1b[32m3 passed\x1b[39m\x1b[22m (3)\n", True),
        ("vitest run", " Test Files  no tests\n", False),
        ("tsc && node_modules/.bin/mocha -R dot", "\n  3 passing (5ms)\n", True),
        ("mocha", "\n  0 passing (1ms)\n", False),
        ("ava", "\n  2 tests passed\n", True),
        ("ava", "", False),
        ("node --test", NODE.format("adds"), True),
        ("node --test", NODE.format("/shop/cart.test.mjs"), False),
        ("node --test", "▶ cart\n  ✔ adds (1ms)\n▶ cart (2ms)\nℹ tests 1\nℹ pass 1\n", True),
        ("node --test", "✔ /shop/cart.test.mjs (40.1ms)\nℹ tests 1\nℹ pass 1\n", False),
        ("make check", "", True),
        ("pip install pytest && make check", "", True),
        ("go vet ./... && cargo test", "test result: ok. 3 passed\n", True),
        ("sh -c 'pytest && cargo test'", "2 passed in 0.1s\ntest result: ok. 3 passed\n", True),
        ("sh -c 'pytest && cargo test'", "test result: ok. 3 passed; 0 failed; finished in 0.1s\n", False),
    ],
)
def test_an_output_is_proven_by_the_runner_that_the_words_name(line: str, output: str, proven: bool) -> None:
    assert is_proven(output, proof_of(line)) is proven
