"""What the benchmark of members counts on a small clone."""

import subprocess
from pathlib import Path

import known_members

SOURCE = """\
class Cart:
    def total(self):
        return self.tax()

    def tax(self):
        return 1


def pay(cart: Cart, other):
    other.colour()
    return cart.total()
"""


def test_accesses_of_real_code_are_known_and_not_refuted(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SOURCE)
    for arguments in (["init", "-q"], ["add", "a.py"]):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True)
    counts, took = known_members.figures(known_members.Clone(tmp_path), 1.0, 1, show=False)
    assert (counts["accesses"], counts["known"], counts["wrong"]) == (3, 2, 0)
    assert counts["made_up"] == counts["held_back"]
    assert len(took) == 3
