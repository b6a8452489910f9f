"""A text that was strange to all restricted files is compared again only with what is new in them."""

from assist_gateway.clean_text_cache import CleanTextCache
from assist_gateway.fingerprints.letters import letters_of
from assist_gateway.fingerprints.plain_views import plain_view
from assist_gateway.fingerprints.print_index import PrintIndex, news_of, print_index
from assist_gateway.fingerprints.prints import file_prints, print_key

KEY = print_key(b"a secret of this installation")
TEXT = "def discount(customer):\n    return customer.history.rate() * 0.81\n"
OTHER = "the plan of the company\nis to sell the shop in autumn\n"


def index_of(*files: str) -> PrintIndex:
    return print_index([file_prints(letters_of(plain_view(file.encode())), KEY) for file in files])


def test_only_what_is_new_is_compared_with_a_strange_text() -> None:
    strange = CleanTextCache()
    assert strange.spans(TEXT, index_of(OTHER), KEY, ()) == ()
    assert strange.spans(TEXT, index_of(OTHER, TEXT), KEY, ()) == (), "it was not compared: nothing is new"
    news = (news_of(index_of(OTHER, TEXT), index_of(OTHER)),)
    assert strange.spans(TEXT, index_of(OTHER, TEXT), KEY, news)
    assert strange.spans(TEXT, index_of(OTHER), KEY, ()) == (), "and of an earlier one it is strange"


def test_each_of_the_news_counts_once() -> None:
    strange = CleanTextCache()
    first, second = index_of(OTHER), index_of(OTHER, TEXT)
    assert strange.spans(TEXT, first, KEY, ()) == ()
    unlike = news_of(index_of(OTHER, "x = 17\ny = 18 + x * 19\n"), first)
    assert strange.spans(TEXT, first, KEY, (unlike,)) == ()
    assert strange.spans(TEXT, second, KEY, (unlike, news_of(second, first)))


def test_a_text_is_not_strange_to_an_earlier_index_because_it_is_to_a_later_one() -> None:
    strange = CleanTextCache()
    assert strange.spans(TEXT, index_of(OTHER), KEY, (news_of(index_of(OTHER), index_of()),)) == ()
    assert strange.spans(TEXT, index_of(TEXT), KEY, ())


def test_without_anything_to_compare_with_no_text_is_strange() -> None:
    strange = CleanTextCache()
    assert strange.spans(TEXT, index_of(), KEY, ()) == ()
    assert strange.spans(TEXT, index_of(TEXT), KEY, ())
