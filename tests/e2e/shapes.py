"""Files with a place to type at, and the expected results."""

HEAD = "import math\n\n\nclass Circle:\n    def __init__(self, radius):\n        self.radius = radius\n\n"
TAIL = "\n\n\ndef shown(circle):\n    return circle.radius\n"
AREA = HEAD + "    def area(self):\n        return " + TAIL  # "math.p" is typed after `return`
PRICES = "def gross(net):\n    return net * 1.2\n"
RENAMED = "prices.py\n<<<<<<< SEARCH\ndef gross(net):\n=======\ndef with_tax(net):\n>>>>>>> REPLACE\n"
KEY = "k-0123456789-secret-of-acme"
LINE = 9  # from 1; the line to type in


def one_line_changed(before: str, after: str) -> str:
    """Return the line that was typed in, after checking that no other line changed."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    assert (old[: LINE - 1], old[LINE:]) == (new[: LINE - 1], new[LINE:])
    return new[LINE - 1]
