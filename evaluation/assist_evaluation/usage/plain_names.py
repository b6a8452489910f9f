"""Names that can be shown anywhere: without the path of a file, an address or an odd character.

It knows text only, neither settings nor records.
"""

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

MAX_NAME = 100  # characters

_ADDRESS = re.compile(r"\w+://(?:[^/\\]*@)?([^/\\]*)")
_MODEL_FILE = re.compile(r"(.+)\.gguf", re.IGNORECASE)
_UNCLEAN = re.compile(r"[^\w .,:;+#@()=-]")


@lru_cache(maxsize=10_000)
def plain_name(text: str) -> str:
    """A name of a model, provider or host as it can be shown anywhere: of a path only its last part.

    >>> plain_name("/home/ann/models/mine.gguf"), plain_name("org/model-7b"), plain_name("https://a.example/x")
    ('mine', 'model-7b', 'a.example')
    """
    name = text
    if address := _ADDRESS.match(text):
        name = address[1] or "?"
    elif "/" in text or "\\" in text:
        name = next((part for part in reversed(re.split(r"[/\\]", text)) if part), "?")
    if file := _MODEL_FILE.fullmatch(name):
        name = file[1]
    name = _UNCLEAN.sub("?", name)[:MAX_NAME]
    return name if name == text else plain_name(name)


def plain_groups(groups: Mapping[str, Counter[str]]) -> dict[str, Counter[str]]:
    """The same sums under names that can be shown anywhere. Two that look alike then are one."""
    found: dict[str, Counter[str]] = {}
    for key, counts in groups.items():
        found.setdefault(plain_name(key), Counter()).update(counts)
    return found
