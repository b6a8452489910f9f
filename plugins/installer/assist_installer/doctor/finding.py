"""A finding of `doctor`, as a value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """Something that is wrong, what to do about it, and whether `doctor` fails for it.

    It fails for what prevents completion, and for settings that cannot be.
    """

    what: str
    remedy: str
    blocks: bool = False
