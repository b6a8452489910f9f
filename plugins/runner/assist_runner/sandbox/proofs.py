"""What runners of tests print once tests have passed, so that a program that ends early with 0 is no pass.

Also, what is printed where there is no such runner: then no test has failed.

It finds the runners that a line of commands names. It reads no file and runs nothing.
"""

import re
from collections.abc import Iterable

# Each expression is for a whole output, of which the first part may be missing, and for re.MULTILINE.
# Its last line, then that of its plugin sugar, and what is left of it with -qq.
PYTEST = r"\b[1-9]\d* passed\b[^;\n]* in \d|^\s*[1-9]\d* passed$|\.[ ]*\[100%\]$"
UNITTEST = r"^Ran [1-9]\d* tests?[\s\S]*^OK"
CARGO = r"^test result: ok\. [1-9]"
GO = r"^ok\s(?!.*\[no tests to run\])"
_JEST = r"^Tests:\s.*\b[1-9]\d* passed\b"
# Node takes a file that ends early for one test with the file's name, which passed.
_NODE = r"\A(?![\s\S]*^(?:ok \d+ -|✔) .*\.[cm]?[jt]sx?(?: \([\d.]+ms\))?$)[\s\S]*^(?:#|ℹ) pass [1-9]"

# Words of a command, in this order, and what its runner prints.
_BY_WORDS = {
    ("pytest",): PYTEST,
    ("py.test",): PYTEST,
    ("unittest",): UNITTEST,
    ("cargo", "test"): CARGO,
    ("cargo", "t"): CARGO,
    ("go", "test"): GO,
    ("jest",): _JEST,
    ("vitest",): r"^\s*Tests\s.*\b[1-9]\d* passed\b",
    ("react-scripts", "test"): _JEST,
    ("mocha",): r"^\s*[1-9]\d* passing\b",
    ("ava",): r"^\s*[1-9]\d* tests? passed\b",
    ("node", "--test"): _NODE,
}
_MISSING = re.compile(  # the last line where a runner is not installed
    r"""(?:
        No\ module\ named\ '?(?P<python>pytest)'?                                # Python
        | \b(?P<shell>jest|vitest|mocha|ava|pytest):\ (?:command\ )?not\ found    # a shell
    )\s*\Z""",
    re.VERBOSE,
)
_COMMANDS = re.compile(r"[;&|()\n]+")  # what is between two commands of a line
_WORD = re.compile(r"[^\s\"'`<>]+")
_FROM_PATH = re.compile(r".*/")  # node_modules/.bin/jest is jest
_ENDING = re.compile(r"\.[cm]?js$")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def proof_of(line: str) -> str:
    """An expression for the output of a line of commands; "" if it names no runner that is known.

    If it names several, all of them must say that tests passed.
    """
    commands = [
        [_ENDING.sub("", _FROM_PATH.sub("", word)) for word in _WORD.findall(part)]
        for part in _COMMANDS.split(line)
    ]
    found = [
        proof
        for names, proof in _BY_WORDS.items()
        if any(_names_in_order(words, names) for words in commands if "install" not in words)
    ]
    proofs = list(dict.fromkeys(found))
    if len(proofs) < 2:
        return "".join(proofs)
    return r"\A" + "".join(rf"(?=[\s\S]*?(?:{proof}))" for proof in proofs)


def _names_in_order(words: Iterable[str], names: tuple[str, ...]) -> bool:
    """Whether the names are among the words, one after the other; options may be between them."""
    rest = iter(words)
    return all(name in rest for name in names)


def is_proven(output: str, proof: str) -> bool:
    """Whether an output says that tests passed; colours are left out. Every output does for the proof ""."""
    return re.search(proof, _COLOURS.sub("", output), re.MULTILINE) is not None


def missing_runner(output: str, program: str) -> str:
    """That a runner is not installed, and what to do, if an output of `program` ends with that; else "".

    >>> missing_runner("/usr/bin/python3: No module named pytest", "/usr/bin/python3")
    '/usr/bin/python3 has no pytest: install what your tests need, such as into .venv here'
    """
    found = _MISSING.search(_COLOURS.sub("", output))
    if found is None:
        return ""
    place = ".venv" if found["python"] else "node_modules"
    name = found["python"] or found["shell"]
    return f"{program} has no {name}: install what your tests need, such as into {place} here"
