"""Functions of our own with tests, and one mistake for each: no model has seen them.

`FUNCTIONS` is a module of a shop and its warehouse. `MISTAKES` says of each function which text becomes which
other text, and gives expressions that are true only if the function is right.
"""

FUNCTIONS = '''
"""Prices, stock and deliveries of a small shop."""

from datetime import date, timedelta


def line_total(quantity, unit_price, discount=0):
    """The price of one order line. `discount` is a share from 0 to 1."""
    if quantity < 0:
        raise ValueError("quantity is negative")
    return quantity * unit_price * (1 - discount)


def order_total(lines, shipping_free_from=50, shipping=4.9):
    """The price of all lines with shipping, which is free from a total on."""
    total = sum(line_total(*line) for line in lines)
    if total >= shipping_free_from:
        return total
    return total + shipping


def split_evenly(amount, people):
    """Divide an amount in cents among people. The first ones pay a cent more where it is not even."""
    share, rest = divmod(amount, people)
    return [share + 1 if at < rest else share for at in range(people)]


def reorder_quantity(stock, minimum, pack_size):
    """How many pieces to order, in whole packs, so that the stock reaches its minimum; 0 if it does."""
    missing = minimum - stock
    if missing <= 0:
        return 0
    packs = -(-missing // pack_size)
    return packs * pack_size


def next_delivery(day, weekdays):
    """The first day after `day` that falls on one of the weekdays, with Monday as 0."""
    for ahead in range(1, 8):
        candidate = day + timedelta(days=ahead)
        if candidate.weekday() in weekdays:
            return candidate
    return None


def low_stock(stock, minimums):
    """The articles with less than their minimum, in alphabetical order."""
    return sorted(article for article, count in stock.items() if count < minimums.get(article, 0))


def merge_stock(first, second):
    """The stock of two warehouses together."""
    merged = dict(first)
    for article, count in second.items():
        merged[article] = merged.get(article, 0) + count
    return merged


def pick_list(orders):
    """How many pieces of each article to fetch for all orders. An order is a list of (article, count)."""
    needed = {}
    for order in orders:
        for article, count in order:
            needed[article] = needed.get(article, 0) + count
    return needed


def longest_gap(days):
    """The most days between two deliveries that follow each other."""
    ordered = sorted(days)
    return max(((later - earlier).days for earlier, later in zip(ordered, ordered[1:])), default=0)


def format_cents(cents):
    """An amount as people write it: 1234 is "12.34", -5 is "-0.05"."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def parse_cents(text):
    """The cents of an amount such as "12.34", "12.3" or "12"."""
    euros, _, rest = text.partition(".")
    return int(euros) * 100 + int((rest + "00")[:2])


def cheapest(offers, article):
    """The name of the supplier with the lowest price for an article, None if no one has it."""
    having = [(prices[article], name) for name, prices in offers.items() if article in prices]
    return min(having)[1] if having else None


def is_open(hour, opening, closing):
    """Whether the shop is open in an hour. The closing hour is not part of it, and may be after midnight."""
    if opening <= closing:
        return opening <= hour < closing
    return hour >= opening or hour < closing


def loyalty_level(orders):
    """The level of a customer: "gold" from 20 orders, "silver" from 5, else "new"."""
    if orders >= 20:
        return "gold"
    if orders >= 5:
        return "silver"
    return "new"


def pages(items, size):
    """The items in pages of at most `size`."""
    return [items[at : at + size] for at in range(0, len(items), size)]


def moving_average(values, width):
    """The averages of each run of `width` values."""
    return [sum(values[at : at + width]) / width for at in range(len(values) - width + 1)]


def first_free_slot(taken, slots):
    """The lowest slot from 0 to slots - 1 that is not taken, -1 if there is none."""
    for slot in range(slots):
        if slot not in taken:
            return slot
    return -1


def check_digit(number):
    """The last digit of an article number: the weights are 3 and 1 in turn, from the left."""
    total = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(number))
    return (10 - total % 10) % 10


def days_overdue(due, today):
    """For how many days a bill has been due, 0 if it is not."""
    return max(0, (today - due).days)


def group_by_city(customers):
    """The names of customers by city, each in the order in which they came."""
    groups = {}
    for name, city in customers:
        groups.setdefault(city, []).append(name)
    return groups


def truncate(text, limit):
    """The text, or its beginning with "..." so that it has at most `limit` characters."""
    if len(text) <= limit:
        return text
    return text[: limit - 3] + "..."


def common_articles(orders):
    """The articles that are in every order."""
    if not orders:
        return set()
    common = set(orders[0])
    for order in orders[1:]:
        common &= set(order)
    return common


def best_seller(sales):
    """The article that was sold most; of several the first in the alphabet. None without sales."""
    if not sales:
        return None
    most = max(sales.values())
    return min(article for article, count in sales.items() if count == most)


def return_deadline(bought, is_member):
    """The last day on which an article may be returned: after 14 days, for members after 30."""
    return bought + timedelta(days=30 if is_member else 14)
'''

# name: (right, wrong, expressions that are true)
MISTAKES = {
    "line_total": ("1 - discount", "1 + discount", ["line_total(2, 5, 0.5) == 5", "line_total(3, 2) == 6"]),
    "order_total": (
        "total >= shipping_free_from",
        "total <= shipping_free_from",
        ["order_total([(1, 60)]) == 60", "order_total([(1, 10)]) == 14.9", "order_total([(1, 50)]) == 50"],
    ),
    "split_evenly": (
        "at < rest",
        "at <= rest",
        ["split_evenly(100, 3) == [34, 33, 33]", "split_evenly(9, 3) == [3, 3, 3]"],
    ),
    "reorder_quantity": (
        "minimum - stock",
        "minimum + stock",
        [
            "reorder_quantity(3, 10, 4) == 8",
            "reorder_quantity(10, 10, 4) == 0",
            "reorder_quantity(2, 10, 4) == 8",
        ],
    ),
    "next_delivery": (
        "range(1, 8)",
        "range(0, 8)",
        [
            "next_delivery(date(2024, 1, 1), {0}) == date(2024, 1, 8)",
            "next_delivery(date(2024, 1, 1), set()) is None",
        ],
    ),
    "low_stock": (
        "count < minimums",
        "count > minimums",
        ["low_stock({'a': 1, 'b': 5}, {'a': 2, 'b': 5}) == ['a']"],
    ),
    "merge_stock": (
        "0) + count",
        "0) - count",
        ["merge_stock({'a': 1}, {'a': 2, 'b': 3}) == {'a': 3, 'b': 3}"],
    ),
    "pick_list": (
        "needed.get(article, 0)",
        "needed.get(article, 1)",
        ["pick_list([[('a', 1)], [('a', 2), ('b', 1)]]) == {'a': 3, 'b': 1}"],
    ),
    "longest_gap": (
        "later - earlier",
        "earlier - later",
        ["longest_gap([date(2024, 1, 1), date(2024, 1, 9), date(2024, 1, 4)]) == 5", "longest_gap([]) == 0"],
    ),
    "format_cents": (
        "% 100:02d",
        "% 10:02d",
        ["format_cents(1234) == '12.34'", "format_cents(-5) == '-0.05'", "format_cents(70) == '0.70'"],
    ),
    "parse_cents": (
        "int(euros) * 100",
        "int(euros) * 10",
        ["parse_cents('12.34') == 1234", "parse_cents('12.3') == 1230", "parse_cents('12') == 1200"],
    ),
    "cheapest": (
        "min(having)",
        "max(having)",
        ["cheapest({'x': {'a': 3}, 'y': {'a': 2}}, 'a') == 'y'", "cheapest({}, 'a') is None"],
    ),
    "is_open": (
        "opening <= hour < closing",
        "opening < hour < closing",
        ["is_open(9, 9, 18)", "not is_open(18, 9, 18)", "is_open(1, 20, 3)"],
    ),
    "loyalty_level": (
        "orders >= 20",
        "orders <= 20",
        ["loyalty_level(20) == 'gold'", "loyalty_level(5) == 'silver'", "loyalty_level(1) == 'new'"],
    ),
    "pages": (
        "at + size",
        "at - size",
        ["pages([1, 2, 3], 2) == [[1, 2], [3]]", "pages([], 2) == []"],
    ),
    "moving_average": (
        "- width + 1",
        "- width + 2",
        ["moving_average([1, 2, 3], 2) == [1.5, 2.5]", "moving_average([4], 1) == [4]"],
    ),
    "first_free_slot": (
        "slot not in taken",
        "slot in taken",
        ["first_free_slot({0, 1}, 3) == 2", "first_free_slot({0}, 1) == -1"],
    ),
    "check_digit": ("at % 2 == 0", "at % 2 != 0", ["check_digit('123') == 6", "check_digit('400') == 8"]),
    "days_overdue": (
        "today - due",
        "due - today",
        [
            "days_overdue(date(2024, 1, 1), date(2024, 1, 4)) == 3",
            "days_overdue(date(2024, 1, 4), date(2024, 1, 1)) == 0",
        ],
    ),
    "group_by_city": (
        "append(name)",
        "append(city)",
        ["group_by_city([('Ann', 'Ulm'), ('Bo', 'Ulm')]) == {'Ulm': ['Ann', 'Bo']}"],
    ),
    "truncate": (
        "limit - 3",
        "limit + 3",
        ["truncate('abcdefgh', 6) == 'abc...'", "truncate('abc', 3) == 'abc'"],
    ),
    "common_articles": (
        "common &=",
        "common |=",
        ["common_articles([['a', 'b'], ['b', 'c']]) == {'b'}", "common_articles([]) == set()"],
    ),
    "best_seller": (
        "count == most",
        "count != most",
        ["best_seller({'b': 2, 'a': 2, 'c': 1}) == 'a'", "best_seller({}) is None"],
    ),
    "return_deadline": (
        "30 if is_member",
        "30 if not is_member",
        [
            "return_deadline(date(2024, 1, 1), True) == date(2024, 1, 31)",
            "return_deadline(date(2024, 1, 1), False) == date(2024, 1, 15)",
        ],
    ),
}
