"""A table of the stock, as text: it uses the other Python file of the demo."""

from inventory import Item, total_value


def format_price(cents: int) -> str:
    """A price with two digits after the point, as in 12.50."""
    return f"{cents // 100}.{cents % 100:02d}"


def format_report(items: list[Item]) -> str:
    """One line for each item and one for the total."""
    lines = []
    for item in items:
        lines.append(f"{item.name}: {item.quantity} x {format_price(item.price)}")
    lines.append(f"Total: {format_price(total_value(items))}")
    return "\n".join(lines)
