"""The activity feed: what happened to an account, told to its holder, newest first."""

import secrets
from collections.abc import Mapping, Sequence

from msgspec import Struct

from portal.clock import rfc3339
from portal.items import Activity, Registration
from portal.problems import INVALID_REQUEST, FieldError, Problem
from portal.table import Table

WELCOME = "welcome"
AFFILIATION_REQUESTED = "affiliation-requested"
AFFILIATION_CONFIRMED = "affiliation-confirmed"
AFFILIATION_REJECTED = "affiliation-rejected"
NEW_DEVICE = "new-device"
PASSWORD_CHANGED = "password-changed"  # noqa: S105 - the name of an event
PHONE_CHANGED = "phone-changed"
EMAIL_CHANGED = "email-changed"
EMAIL_RESTORED = "email-restored"
SESSION_ENDED = "session-ended"
SESSIONS_ENDED = "sessions-ended"
MAIL_BOUNCING = "mail-bouncing"
DELETION_SCHEDULED = "deletion-scheduled"
DELETION_CANCELLED = "deletion-cancelled"

SECURITY = frozenset(
    {
        NEW_DEVICE,
        PASSWORD_CHANGED,
        PHONE_CHANGED,
        EMAIL_CHANGED,
        EMAIL_RESTORED,
        SESSION_ENDED,
        SESSIONS_ENDED,
    }
)
"""What is kept for twelve months, as the trail of who did what; the rest stays."""

_LATER = 2
"""Rank of all that comes after the two entries that a feed starts with."""

BACK_OFFICE = "back-office"
PORTAL = "portal"
SUPPORT = "support"


class Text(Struct, frozen=True):
    """The French words of an entry; ``body`` may hold ``{first_name}`` and ``{last_name}``."""

    title: str
    body: str


TEXTS: Mapping[str, Text] = {
    WELCOME: Text(
        "Bienvenue",
        "Bienvenue {first_name} {last_name} sur votre nouvel espace personnel en ligne. Ce dernier "
        "vous permet d’accéder, en quelques clics, à l’ensemble des services dédiés aux "
        "auto-entrepreneurs.",
    ),
    AFFILIATION_REQUESTED: Text(
        "Demande d’affiliation reçue",
        "Votre déclaration de début d’activité est en cours de validation. Dès qu’elle sera "
        "confirmée, vous recevrez ici une notification d’affiliation à la Sécurité sociale et vos "
        "services en ligne s’ouvriront.",
    ),
    AFFILIATION_CONFIRMED: Text(
        "Notification d’affiliation",
        "Votre affiliation à la Sécurité sociale est confirmée. L’ensemble de vos services en "
        "ligne est ouvert.",
    ),
    AFFILIATION_REJECTED: Text(
        "Demande d’affiliation refusée",
        "Votre déclaration de début d’activité n’a pas pu être validée. {reason}",
    ),
    NEW_DEVICE: Text(
        "Connexion depuis un nouvel appareil",
        "Une connexion a eu lieu depuis un appareil que nous ne connaissions pas\u00a0: {device}. "
        "Si ce n’était pas vous, changez votre mot de passe.",
    ),
    PASSWORD_CHANGED: Text(
        "Mot de passe modifié",
        "Votre mot de passe a été modifié et vos autres sessions ont été fermées.",
    ),
    PHONE_CHANGED: Text("Téléphone modifié", "Votre numéro de téléphone mobile a été modifié."),
    EMAIL_CHANGED: Text(
        "Adresse courriel modifiée",
        "Votre adresse courriel a été modifiée et vos autres sessions ont été fermées. Pendant "
        "7\u00a0jours, l’ancienne adresse permet d’annuler ce changement.",
    ),
    EMAIL_RESTORED: Text(
        "Adresse courriel rétablie",
        "Votre ancienne adresse courriel a été rétablie et toutes vos sessions ont été fermées.",
    ),
    SESSION_ENDED: Text("Session fermée", "Vous avez fermé une session\u00a0: {device}."),
    SESSIONS_ENDED: Text("Sessions fermées", "L’assistance a fermé toutes vos sessions."),
    MAIL_BOUNCING: Text(
        "Vos courriels nous reviennent",
        "Un courriel envoyé à votre adresse nous est revenu. Vérifiez cette adresse ou "
        "modifiez-la.",
    ),
    DELETION_SCHEDULED: Text(
        "Suppression du compte demandée",
        "Votre compte sera supprimé dans 30\u00a0jours. Vous pouvez changer d’avis jusque-là.",
    ),
    DELETION_CANCELLED: Text("Compte conservé", "La suppression de votre compte est annulée."),
}

AGENT_TEXTS: Mapping[str, Text] = {
    WELCOME: Text(
        "Bienvenue",
        "Bienvenue {first_name} {last_name} sur votre nouvel espace en ligne. Ce compte est ouvert "
        "par un mandataire, pour le compte de son client\u00a0: chaque action y est conservée avec "
        "son auteur.",
    ),
    AFFILIATION_REQUESTED: Text(
        "Demande d’affiliation reçue",
        "La déclaration de début d’activité de votre client est en cours de validation. Dès "
        "qu’elle sera confirmée, vous recevrez ici sa notification d’affiliation à la Sécurité "
        "sociale et ses services en ligne s’ouvriront.",
    ),
    AFFILIATION_CONFIRMED: Text(
        "Notification d’affiliation",
        "L’affiliation de votre client à la Sécurité sociale est confirmée. L’ensemble de ses "
        "services en ligne est ouvert.",
    ),
    AFFILIATION_REJECTED: Text(
        "Demande d’affiliation refusée",
        "La déclaration de début d’activité de votre client n’a pas pu être validée. {reason}",
    ),
}
"""What is said otherwise to a mandataire."""


class Entry(Struct, frozen=True):
    """An entry as it is read: ``at`` is an RFC 3339 time in UTC."""

    id: str
    at: str
    kind: str
    title: str
    body: str


class Page(Struct, frozen=True):
    """Some entries, newest first, and where the next ones start, if there are any."""

    entries: Sequence[Entry]
    next_cursor: str | None


def entry(
    account_id: str,
    kind: str,
    now: int,
    *,
    order: int = _LATER,
    actor: str | None = None,
    is_agent: bool | None = None,
    **about: str | None,
) -> Activity:
    """Return a new entry; ``order`` (0 to 999) ranks those of one second, the highest first.

    ``actor`` is who did it, the account itself unless told.
    """
    at = now * 1000 + order
    return Activity(
        account_id=account_id,
        id=f"{at:015d}#{secrets.token_hex(8)}",
        at=at,
        kind=kind,
        actor=actor or account_id,
        is_agent=is_agent,
        expires_at=now + Activity.RETENTION if kind in SECURITY else None,
        **about,
    )


def first_entries(registration: Registration, now: int) -> Sequence[Activity]:
    """Return the entries that a feed starts with."""
    names = {
        "first_name": registration.first_name.upper(),
        "last_name": registration.last_name.upper(),
    }
    account_id, is_agent = registration.account_id, registration.is_agent
    return [
        entry(account_id, AFFILIATION_REQUESTED, now, order=0, is_agent=is_agent),
        entry(account_id, WELCOME, now, order=1, is_agent=is_agent, **names),
    ]


def read_all(table: Table, account_id: str) -> Sequence[Entry]:
    """Return a whole feed, newest first."""
    return [_told(each) for each in reversed(table.whole_activity(account_id))]


def read(table: Table, account_id: str, limit: int, cursor: str | None) -> Page:
    """Return up to ``limit`` entries older than ``cursor``, in one query.

    Raises ``Problem(INVALID_REQUEST)`` for a cursor that is none of ours.
    """
    if cursor is not None and not (len(cursor) == 32 and cursor.isascii()):  # noqa: PLR2004
        detail = "Ce curseur n’est pas valable."
        raise Problem(INVALID_REQUEST, errors=[FieldError("cursor", "invalid", detail)])
    found = table.activity(account_id, limit + 1, cursor)
    shown = found[:limit]
    return Page([_told(each) for each in shown], shown[-1].id if len(found) > limit else None)


def _told(activity: Activity) -> Entry:
    texts = {**TEXTS, **AGENT_TEXTS} if activity.is_agent else TEXTS
    text = texts[activity.kind]
    body = text.body.format(
        first_name=activity.first_name or "",
        last_name=activity.last_name or "",
        device=activity.device or "appareil inconnu",
        reason=activity.reason or "",
    ).strip()
    return Entry(
        id=activity.id,
        at=rfc3339(activity.at),
        kind=activity.kind,
        title=text.title,
        body=body,
    )
