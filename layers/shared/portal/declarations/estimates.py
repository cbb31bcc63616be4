"""Estimates: what a turnover would cost, for whom has no account. Nothing of them is kept."""

from collections.abc import Mapping

from portal.core.problems import INVALID_REQUEST, FieldError, Problem
from portal.declarations.problems import RATES_UNKNOWN
from portal.rules import contributions
from portal.rules.contributions import Amounts, Business, Category, RatesUnknownError
from portal.rules.periods import span_of


def estimate(business: Business, code: str, turnover: Mapping[Category, int]) -> Amounts:
    """Return what the turnover of a period would cost, by the rates of that period.

    Raises ``Problem``: ``INVALID_REQUEST`` for a period that ends before the business starts,
    ``RATES_UNKNOWN``.
    """
    period = span_of(code)
    # guard: start-before-the-period: business.started_on > period.ends_on => False
    if business.started_on > period.ends_on:
        detail = "Cette date est après la fin de la période\u00a0: corrigez l’une ou l’autre."
        raise Problem(INVALID_REQUEST, errors=[FieldError("started_on", "after-period", detail)])
    try:
        return contributions.estimate(business, period, turnover)
    except RatesUnknownError:
        raise Problem(RATES_UNKNOWN) from None
