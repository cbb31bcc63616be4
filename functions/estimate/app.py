"""Estimates: what a turnover would cost, without logging in."""

from datetime import date
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from portal.core.problems import INVALID_REQUEST, THROTTLED
from portal.declarations.estimates import estimate
from portal.declarations.problems import RATES_UNKNOWN
from portal.http.answers import documented, json_answer
from portal.http.api import Api
from portal.http.declared import AmountsDue, Day, PeriodCode, Turnover
from portal.http.fields import StrictModel
from portal.rules.contributions import Business, Nature, Place, as_json

app = Api()
handler = app.resolve


class EstimateForm(StrictModel):
    """A business, a period, and its turnover; ``flat_tax`` is the versement libératoire."""

    period: PeriodCode
    nature: Nature
    territory: Place
    started_on: Day
    acre: bool
    flat_tax: bool
    turnover: Turnover


@app.post(
    "/api/estimates",
    responses=documented(HTTPStatus.OK, INVALID_REQUEST, RATES_UNKNOWN, THROTTLED),
)
def estimate_contributions(form: EstimateForm) -> Response[AmountsDue]:
    """Estimate what a turnover would cost; nothing is kept of it."""
    # guard: limit-of-estimates
    app.limit("estimates")
    business = Business(
        nature=form.nature,
        territory=form.territory,
        started_on=date.fromisoformat(form.started_on),
        acre=form.acre,
        flat_tax=form.flat_tax,
    )
    amounts = estimate(business, form.period, form.turnover.given())
    return json_answer(HTTPStatus.OK, AmountsDue.model_validate(as_json(amounts)))
