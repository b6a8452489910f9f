"""A company's own rules for secrets, as values: what an expression finds, and what of it is not a secret.

How a file of such rules is read, and how they are applied, is in `redaction`.
"""

from dataclasses import dataclass
from typing import Literal

AllowedPart = Literal["secret", "match", "line"]


@dataclass(frozen=True, slots=True)
class Allowlist:
    """Texts that are not secrets: one of the lists matches, or with `every`, each that is not empty.

    `regexes` are sought in `target`, `stopwords` in the secret in small letters, `paths` in the file's path.
    """

    regexes: tuple[str, ...] = ()
    stopwords: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    target: AllowedPart = "secret"
    every: bool = False


@dataclass(frozen=True, slots=True)
class SecretRule:
    """One rule: group `group` of what `expression` matches is a secret.

    Of a text without any of `keywords`, in small letters, nothing is. A secret has more than `entropy`, in
    bits a character by Shannon. With a `path`, the rule is for files whose path has a match of it.
    """

    id: str
    expression: str
    group: int = 0
    keywords: tuple[str, ...] = ()
    entropy: float = 0.0
    path: str = ""
    allowlists: tuple[Allowlist, ...] = ()


SecretPattern = str | SecretRule  # a user's own expression, or a rule of a file
