"""Small whole numbers as bytes: seven bits a byte, the last byte below 128. It knows no meaning."""

from collections.abc import Iterable

# Of a file with more than 127 lines nearly every list has a number of two bytes; a loop takes eight times as
# long as this table.
_SHORT = 1 << 14
_BYTES = [
    bytes((number,)) if number < 128 else bytes((number & 127 | 128, number >> 7)) for number in range(_SHORT)
]


def pack(numbers: Iterable[int]) -> bytes:
    """Numbers from 0 as bytes.

    >>> pack([1, 300])
    b'\\x01\\xac\\x02'
    """
    given = list(numbers)
    most = max(given, default=0)
    if most < 128:
        return bytes(given)
    return b"".join([_BYTES[number] if number < _SHORT else _long(number) for number in given])


def _long(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def unpack(data: bytes) -> list[int]:
    """What `pack` was given.

    >>> unpack(b'\\x01\\xac\\x02')
    [1, 300]
    """
    numbers, number, shift = [], 0, 0
    for byte in data:
        number |= (byte & 127) << shift
        if byte > 127:
            shift += 7
        else:
            numbers.append(number)
            number = shift = 0
    return numbers
