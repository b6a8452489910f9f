"""Words that stand in a secret's place, and where they are looked for."""

from pathlib import Path


def word(number: int) -> str:
    """No other word begins or ends like it: neither a prefix nor a suffix that the index shares hides it."""
    letters = "".join(chr(ord("a") + int(digit)) for digit in f"{number:03}")
    return f"q{letters}x{letters}wkvz{letters}"


def text(secret: str) -> str:
    return f"def {secret}(a):\n    '''About {secret}.'''\n    return {secret}(a)\n"


def bytes_of(database: Path) -> bytes:
    files = sorted(database.parent.glob(f"{database.name}*"))
    assert files
    return b"\0".join(file.read_bytes() for file in files)


def traces(data: bytes, secret: str) -> list[str]:
    """In what form a word is in some bytes; FTS5 leaves out the letters that a word shares with the last."""
    found = data.lower()
    return [part for part in (secret, secret[4:], secret[6:]) if part.encode() in found]
