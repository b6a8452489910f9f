"""What `doctor` found wrong, as a value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """Something that is wrong, what to do about it, and whether completion cannot work because of it."""

    what: str
    remedy: str
    blocks: bool = False
