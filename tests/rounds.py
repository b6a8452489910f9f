"""How often a random test tries: a few times in every run, as often as a night allows in `make nightly`.

Numbers of Hypothesis are here too, as its profiles: `nightly` finds new examples, `ci` has the same each time.
"""

from hypothesis import HealthCheck, settings

NIGHTLY = "nightly"


def register_profiles() -> None:
    """Make the profiles known, and use that of every run; `--hypothesis-profile` names the other."""
    patient = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}  # a machine may be busy
    settings.register_profile("ci", max_examples=100, derandomize=True, **patient)
    settings.register_profile(NIGHTLY, max_examples=100, print_blob=True, **patient)
    settings.load_profile("ci")


def rounds(nightly: int, usual: int = 100) -> int:
    """The number for this run: `usual`, or `nightly` in `make nightly`."""
    return nightly if settings.get_current_profile_name() == NIGHTLY else min(usual, nightly)
