"""Which type of llama.cpp each tensor of a candidate file gets. It loads nothing.

A file named Q4_K_M holds Q5_0 where a tensor's rows are no multiple of 256 weights, as all of the 0.5B's that
are 896 wide. What reads fast differs by type: Q8_0, Q4_0 and IQ4_NL have kernels that read many tokens at
once, Q5_0 has none on most processors.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

# ggml's number of each type that a recipe names, and llama.cpp's number of a file that is mostly of it.
TENSOR_TYPES: Mapping[str, int] = {"q4_0": 2, "q5_0": 6, "q8_0": 8, "q4_k": 12, "q6_k": 14, "iq4_nl": 20}
FILE_TYPES: Mapping[str, int] = {"q4_0": 2, "q8_0": 7}

_GATE_AND_UP = r"ffn_(gate|up)\.weight"
_MIDDLE = rf"blk\.([4-9]|1[0-9])\.{_GATE_AND_UP}"  # 16 of the 0.5B's 24 layers
# As the 0.5B's own file has them: twelve layers in Q6_K, the others in Q4_K. Both have fast kernels.
_LARGE_DOWN = r"blk\.(0|1|3|6|7|8|9|10|13|16|19|21)\.ffn_down"
# Rows of this table are looked up one by one and never multiplied, so its type costs memory alone.
_TABLE = ("token_embd", "q5_0")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A candidate: the type of most tensors, and (pattern, type) of others; the first that matches counts.

    `searched`: each block of a gate or an up gets the scale with the least error. llama.cpp searches it only
    where it is told how much each weight counts; here all count the same. Otherwise Q4_0 takes the scale from
    the largest weight, and its error is 17 to 21 % larger (two tensors of the 0.5B).
    """

    most: str
    others: tuple[tuple[str, str], ...] = ()
    searched: bool = False

    def type_of(self, tensor: str) -> str:
        """The type of a tensor that is quantized.

        >>> RECIPES["gate-up"].type_of("blk.3.ffn_up.weight"), RECIPES["gate-up"].type_of("output.weight")
        ('q4_0', 'q8_0')
        """
        return next((kind for pattern, kind in self.others if re.search(pattern, tensor)), self.most)


RECIPES: Mapping[str, Recipe] = {
    "q8_0": Recipe("q8_0"),
    "q4_0": Recipe("q4_0", (("^output", "q8_0"),)),
    "gate-up": Recipe("q8_0", ((_GATE_AND_UP, "q4_0"), _TABLE)),
    "gate-up-searched": Recipe("q8_0", ((_GATE_AND_UP, "q4_0"), _TABLE), searched=True),
    "gate-up-nl": Recipe("q8_0", ((_GATE_AND_UP, "iq4_nl"), _TABLE)),
    "middle": Recipe("q8_0", ((_MIDDLE, "q4_0"), _TABLE)),
    "keep-down": Recipe("q8_0", ((_LARGE_DOWN, "q6_k"), ("ffn_down", "q4_k"), _TABLE)),
}
