"""What a request is booked at once it is over: the provider's count, or what was reserved for it.

A count is believed only if the answer came to its end and the count can be true. In every other case, such
as a cancelled stream, the provider may charge for all that it was allowed to write. So the reservation is
booked, or more if the count says more. This module knows prices, no ledger and no provider.
"""

from dataclasses import dataclass, replace

from assist_escalation.budget.prices import cost_micro
from assist_escalation.policy.endpoints import Price
from assist_escalation.prompts import Usage


@dataclass(frozen=True, slots=True)
class Attempts:
    """What was reserved: `micro` for each attempt. `charged` earlier ones failed, and may be charged."""

    micro: int
    charged: int = 0


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is booked, in micro-dollars, and for which tokens. `usage.estimated`: not what a provider said."""

    usage: Usage
    micro: int


def settlement(price: Price, reserved: Attempts, claim: Usage | None, counted: Usage) -> Settlement:
    """What all attempts of a request are booked at.

    `claim` is the provider's count for the last attempt: `estimated` if it cannot be true or is not the final
    one, None if there is none. `counted` is our own bound of what was sent and received.

    >>> price = Price(input_usd_per_mtok=1, output_usd_per_mtok=2)
    >>> settlement(price, Attempts(5000), Usage(input=30, output=4), Usage(input=50)).micro
    38
    >>> settlement(price, Attempts(5000), None, Usage(input=50, output=9)).micro
    5000
    """
    if claim is not None and not claim.estimated:
        usage = claim
        micro = cost_micro(price, usage)
    else:
        said = claim or Usage()
        sent = said.input + said.cache_read + said.cache_write
        usage = Usage(max(sent, counted.input), output=max(said.output, counted.output), estimated=True)
        micro = max(reserved.micro, cost_micro(price, usage))
    if reserved.charged:
        usage = replace(usage, input=usage.input + reserved.charged * counted.input, estimated=True)
    return Settlement(usage, micro + reserved.charged * reserved.micro)
