"""Why the candidate, a second model for ghost text, does not write any: in words, with the figures.

It compares nothing itself.
"""

from assist_server.records.model_comparison import ModelComparison


def worse_words(candidate: str, usual: str, found: ModelComparison) -> str:
    """That the candidate is kept less often than the usual model, beyond chance, and what to do.

    `found` compares them at three standard deviations.

    >>> from assist_server.records.model_comparison import KeptShare
    >>> found = ModelComparison(KeptShare(20, 400), KeptShare(60, 400), -0.144, -0.058, "worse", 0)
    >>> worse_words("b", "a", found).partition(": ")[2].partition(". ")[0]
    '5.0 % of what it showed was kept for 30 s (20 of 400), with a 15.0 % (60 of 400)'
    """
    ours, theirs = found.ours, found.theirs
    return (
        f"The candidate {candidate} is not used: {100 * ours.share:.1f} % of what it showed was kept for "
        f"30 s ({ours.kept:,} of {ours.shown:,}), with {usual} {100 * theirs.share:.1f} % "
        f"({theirs.kept:,} of {theirs.shown:,}). With a chance of 99.7 % that is {-100 * found.high:.1f} to "
        f"{-100 * found.low:.1f} points less; the limit is that wide because both are compared at the start "
        f"of each session. {usual} writes ghost text; take candidate out of [completion], or name another."
    )


def same_name_words(name: str) -> str:
    """That two files have one name, by which their counts cannot be told apart, and what to do.

    >>> same_name_words("mine").partition(". ")[0]
    'The candidate mine is not used: the file of the usual model is called mine too'
    """
    return (
        f"The candidate {name} is not used: the file of the usual model is called {name} too. Counts are "
        "kept by that name, so the two could not be compared: rename one of the files."
    )


def missing_words(candidate: str, usual: str, why: str) -> str:
    """That the candidate cannot be opened, and why.

    >>> missing_words("b", "a", "No such file.")
    'The candidate b is not used, a writes ghost text. No such file.'
    """
    return f"The candidate {candidate} is not used, {usual} writes ghost text. {why}"
