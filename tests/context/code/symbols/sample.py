"""A stock of goods, for the tests of `symbols`: größer als ASCII."""

import dataclasses
import os.path
from collections import OrderedDict as Ordered
from typing import TYPE_CHECKING, Protocol

from ..prices import Currency, convert
from . import storage

if TYPE_CHECKING:
    from .audit import Log

MAX_ITEMS = 100
_cache: dict[str, "Item"] = {}


class Priced(Protocol):
    """Whatever has a price.

    More about it.
    """

    currency: Currency

    def price(self) -> float: ...


@dataclasses.dataclass(frozen=True)
class Item(Priced):
    # Names may hold anything: 日本語.
    name: str
    cost: float = 0.0

    @property
    def price(self) -> float:
        """The price in euro, “rounded”."""
        return convert(self.cost, Currency.EUR)

    class Broken(ValueError):
        pass


# Opens the store.
# It is made if missing.
async def open_store(
    path: str,
    log: "Log | None" = None,
) -> list[Item]:
    names = Ordered()

    def read(line: str) -> Item:
        if not line:
            raise Item.Broken(line)
        return Item(line)

    try:
        for line in storage.lines(os.path.join(path, "é")):
            names[line] = read(line)
    except OSError as error:
        print(log, error)
    return list(names.values())[:MAX_ITEMS]


handlers = [open_store]
handlers = [*handlers, _cache]
