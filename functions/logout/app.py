"""Logout: ends a session and clears what the browser stored."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from portal.core import session
from portal.core.problems import INVALID_REQUEST
from portal.core.table import table
from portal.http.answers import documented
from portal.http.api import Api
from portal.http.cookies import session_cookie
from portal.http.fields import StrictModel

app = Api()
handler = app.resolve


class Nothing(StrictModel):
    """An empty object: logging out needs no word."""


@app.post("/api/logout", responses=documented(HTTPStatus.NO_CONTENT, INVALID_REQUEST))
def log_out(nothing: Nothing) -> Response[None]:  # noqa: ARG001 - checked by its type
    """End the session of the cookie, if there is one; succeeds either way."""
    # guard: logout-ends-it
    session.log_out(table(), app.session_cookie)
    return Response(
        HTTPStatus.NO_CONTENT,
        # Not "cookies": the device cookie stays.
        # guard: logout-empties-the-browser
        headers={"Clear-Site-Data": '"cache", "storage"'},
        cookies=[session_cookie("")],
    )
