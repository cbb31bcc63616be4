"""Problems (RFC 9457), and those that any domain can answer with.

A problem's ``slug`` is the stable code for programs, and the end of its ``type`` URI. ``title``
and ``detail`` are French sentences for people and never repeat what a person typed.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct, field


class ProblemType(Struct, frozen=True):
    """One kind of failure: its slug, HTTP status, French title and default French detail."""

    slug: str
    status: int
    title: str
    detail: str


class FieldError(Struct, frozen=True):
    """One refused field of a request: its name, a stable code, and what to do, in French."""

    field: str
    code: str
    detail: str


class Problem(Exception):  # noqa: N818 - the field's term (RFC 9457) for what is answered
    """Raised to answer a request with a problem.

    ``retry_after`` is in seconds; ``extensions`` become extra members of the answer, or replace
    its ``title`` and ``detail`` by the words of one case.
    """

    def __init__(
        self,
        kind: ProblemType,
        *,
        errors: Sequence[FieldError] = (),
        retry_after: int | None = None,
        allow: str | None = None,
        **extensions: str | Sequence[str],
    ) -> None:
        super().__init__(kind.slug)
        self.kind = kind
        self.errors = errors
        self.retry_after = retry_after
        self.allow = allow
        self.extensions = extensions


class Refusal(Struct, frozen=True):
    """A problem as it is sent: status, headers and JSON body."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict[str, str])


def describe(problem: Problem, *, base_url: str, instance: str) -> Refusal:
    """Return the answer for ``problem``; ``instance`` is the request's id."""
    kind = problem.kind
    body: dict[str, Any] = {
        "type": f"{base_url}/problems/{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.detail,
        "instance": instance,
        **problem.extensions,
    }
    if problem.errors:
        body["errors"] = [
            {"field": error.field, "code": error.code, "detail": error.detail}
            for error in problem.errors
        ]
    headers: dict[str, str] = {}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if problem.allow is not None:
        headers["Allow"] = problem.allow
    return Refusal(kind.status, body, headers)


MALFORMED_JSON = ProblemType(
    "malformed-json",
    400,
    "Demande illisible",
    "Le corps de la demande n’est pas du JSON valide.",
)
UNAUTHENTICATED = ProblemType(
    "unauthenticated", 401, "Connexion nécessaire", "Connectez-vous pour continuer."
)
REAUTHENTICATION_REQUIRED = ProblemType(
    "reauthentication-required",
    403,
    "Confirmez que c’est vous",
    "Pour votre sécurité, prouvez de nouveau que ce compte est le vôtre.",
)
CROSS_ORIGIN = ProblemType(
    "cross-origin", 403, "Origine refusée", "Cette demande vient d’un autre site."
)
NOT_FOUND = ProblemType("not-found", 404, "Introuvable", "Cette adresse n’existe pas.")
LINK_UNKNOWN = ProblemType(
    "link-unknown",
    404,
    "Lien inconnu",
    "Ce lien n’est pas valable, ou il a déjà servi. Ouvrez-le depuis le courriel, sans le "
    "recopier, ou demandez-en un autre.",
)
METHOD_NOT_ALLOWED = ProblemType(
    "method-not-allowed",
    405,
    "Méthode refusée",
    "Cette adresse n’accepte pas cette méthode.",
)
TOO_LARGE = ProblemType(
    "too-large", 413, "Demande trop volumineuse", "La demande dépasse 16\u00a0Kio."
)
UNSUPPORTED_MEDIA_TYPE = ProblemType(
    "unsupported-media-type",
    415,
    "Format refusé",
    "Le corps de la demande doit être du JSON (application/json), en UTF-8.",
)
INVALID_REQUEST = ProblemType(
    "invalid-request",
    422,
    "Demande invalide",
    "Certaines informations manquent ou ne conviennent pas.",
)
THROTTLED = ProblemType(
    "throttled",
    429,
    "Trop de demandes",
    "Trop de demandes. Patientez avant de recommencer.",
)
INTERNAL_ERROR = ProblemType(
    "internal-error", 500, "Erreur interne", "Une erreur est survenue de notre côté."
)
UNAVAILABLE = ProblemType(
    "unavailable",
    503,
    "Service indisponible",
    "Le service est momentanément indisponible. Réessayez dans quelques instants.",
)
