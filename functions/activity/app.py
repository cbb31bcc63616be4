"""The activity feed of the person logged in."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from portal.affiliation import feed as affiliation
from portal.core import feed
from portal.core.clock import rfc3339_seconds
from portal.core.problems import INVALID_REQUEST, UNAUTHENTICATED
from portal.core.table import table
from portal.declarations import feed as declarations
from portal.http.answers import documented, json_answer
from portal.http.api import Api
from portal.http.fields import StrictModel
from portal.identity import feed as identity
from portal.payments import feed as payments

FEED = (*identity.KINDS, *affiliation.KINDS, *declarations.KINDS, *payments.KINDS)

app = Api()
handler = app.resolve


class Entry(StrictModel):
    """One thing that happened to the account, in French; ``at`` is RFC 3339, UTC."""

    id: str
    at: str
    kind: str
    title: str
    body: str


class Feed(StrictModel):
    """A page of the feed, newest first."""

    previous_login_at: str | None
    entries: list[Entry]
    next_cursor: str | None


@app.get("/api/me/activity", responses=documented(HTTPStatus.OK, UNAUTHENTICATED, INVALID_REQUEST))
def read_activity(
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
    cursor: Annotated[str | None, Query(max_length=64)] = None,
) -> Response[Feed]:
    """Read the feed, a page at a time, and the time of the login before this one."""
    acting = app.signed_in()
    page = feed.read(table(), acting, FEED, limit, cursor)
    return json_answer(
        HTTPStatus.OK,
        Feed(
            previous_login_at=rfc3339_seconds(acting.session.previous_login_at),
            entries=[
                Entry(id=each.id, at=each.at, kind=each.kind, title=each.title, body=each.body)
                for each in page.entries
            ],
            next_cursor=page.next_cursor,
        ),
    )
