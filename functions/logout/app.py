"""Logout: ends a session at once and empties what the browser kept."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from portal import sessions
from portal.fields import StrictModel
from portal.problems import INVALID_REQUEST
from portal.table import table
from portal.web import Api, documented, session_cookie

app = Api()
handler = app.resolve


class Nothing(StrictModel):
    """An empty object: logging out needs no word."""


@app.post("/api/logout", responses=documented(HTTPStatus.NO_CONTENT, INVALID_REQUEST))
def log_out(nothing: Nothing) -> Response[None]:  # noqa: ARG001 - checked by its type
    """End the session of the cookie, if there is one; succeeds either way."""
    sessions.log_out(table(), app.session_cookie)
    return Response(
        HTTPStatus.NO_CONTENT,
        # Not "cookies": the one that knows the device stays.
        headers={"Clear-Site-Data": '"cache", "storage"'},
        cookies=[session_cookie("")],
    )
