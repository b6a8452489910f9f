"""A small stock of goods: the Python part of the demo."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """Goods of one kind; the price is for one piece, in cents."""

    name: str
    price: int
    quantity: int


def total_value(items: list[Item]) -> int:
    """What all the goods are worth, in cents."""
    return sum(item.price * item.quantity for item in items)


def find_item(items: list[Item], name: str) -> Item | None:
    """The first item of that name, or None."""
    for item in items:
        if item.name == name:
            return item
    return None


def count_by_name(items: list[Item]) -> dict[str, int]:
    """How many pieces there are of each name."""
    counts: dict[str, int] = {}
    for item in items:
        counts[item.name] = counts.get(item.name, 0) + item.quantity
    return counts


def cheapest(items: list[Item]) -> Item:
    """The item with the lowest price; ValueError if there is none."""
    return min(items, key=lambda item: item.price)
