"""Small whole numbers as bytes: seven bits a byte, the last byte below 128. It knows no meaning."""

from collections.abc import Iterable


def pack(numbers: Iterable[int]) -> bytes:
    """Numbers from 0 as bytes.

    >>> pack([1, 300])
    b'\\x01\\xac\\x02'
    """
    given = list(numbers)
    if not given or max(given) < 128:
        return bytes(given)  # nearly always
    out = bytearray()
    for each in given:
        number = each
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
