"""What redaction writes in place of a secret: how a placeholder is made, and how one is recognized.

This module knows no secret. Which text a placeholder belongs to is in `redaction.redactor`.
"""

import re

# A placeholder in a request: letters, digits and "_", so that it fits into any name, string or path.
PLACEHOLDER = re.compile(
    r"""
      __SECRET_[A-Z][A-Z0-9_]{0,30}?_[0-9a-z]{4,40}_\d{1,6}__   # in requests
    | \[redacted:[a-z_]{1,40}\]                                 # in logs and messages
    """,
    re.VERBOSE,
)
# The beginning of a placeholder, even if a model altered the rest.
BEGINNING = re.compile(r"__SECRET_\w+")
# Anything that may have been a placeholder before a model rewrote it.
ALTERED = re.compile(r"_*+SECRET_[A-Z0-9_]+_[0-9A-Za-z]+_\d+(?:_+)?", re.IGNORECASE)


def request_placeholder(type_: str, nonce: str, number: int) -> str:
    """The placeholder in a request for its secret number `number`, which has a type such as "PASSWORD".

    >>> request_placeholder("PASSWORD", "1a2b", 1)
    '__SECRET_PASSWORD_1a2b_1__'
    """
    return f"__SECRET_{type_}_{nonce}_{number}__"


def log_placeholder(type_: str) -> str:
    """What logs and messages show for any secret of a type.

    >>> log_placeholder("PASSWORD")
    '[redacted:password]'
    """
    return f"[redacted:{type_.lower()}]"
