"""How alike two texts are, character by character. It knows no task and no model."""

from rapidfuzz.distance import Levenshtein


def edit_similarity(a: str, b: str) -> float:
    """Return 1 minus the Levenshtein distance divided by the longer length; 1 for two empty texts.

    >>> round(edit_similarity("kitten", "sitting"), 3)
    0.571
    """
    return float(Levenshtein.normalized_similarity(a, b))
