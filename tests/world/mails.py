"""A synthetic mail of each template."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from portal.affiliation import mails as affiliation_mails
from portal.core.mail import Mail, Template, render
from portal.declarations import feed as declarations_feed
from portal.declarations import mails as declarations_mails
from portal.identity import mails as identity_mails
from portal.payments import feed as payments_feed
from portal.payments import mails as payments_mails
from portal.support import mails as support_mails
from tests.world.world import FEED

DOMAINS = (
    identity_mails,
    affiliation_mails,
    support_mails,
    declarations_mails,
    payments_mails,
)
FOLDERS = [Path(each.__file__).with_name("templates") for each in DOMAINS]
LINK = "https://portail.example.fr/valider#abc-_9"
AT = datetime(2026, 7, 1, 10, 4, tzinfo=UTC)
PERSON = {
    "last_name": "Dupont",
    "first_name": "Michel",
    "email": "michel.dupont@example.fr",
}
NOTICE = {
    "at": AT,
    "device": "Firefox, Windows",
    "reason": "L’activité déclarée est réglementée.",
    "deletion_at": datetime(2026, 7, 31, 10, 4, tzinfo=UTC),
    "is_agent": "",
}
OF_PERIODS = {
    "at": AT,
    "what": "octobre 2026 et novembre 2026",
    "due": "28/02/2027",
    "year": "2026",
    "next_year": "2027",
}
# The values that each template receives.
VALUES: Mapping[str, Mapping[str, str | datetime]] = {
    "validation": PERSON
    | {
        "requested_at": AT,
        "mobile_phone": "+33612345678",
        "nir_masked": "2\u00a0••\u00a0••\u00a0••\u00a0•••\u00a0•05",
        "siret_masked": "356\u00a0•••\u00a0•••\u00a0••048",
        "is_agent": "",
    },
    "account-exists": {},
    "recovery": {},
    "password-changed": NOTICE,
    "new-device": NOTICE,
    "email-change": {},
    "email-changed": {"at": AT},
    "email-restored": NOTICE,
    "second-factor-added": NOTICE,
    "second-factor-removed": NOTICE,
    "second-factor-leaving": NOTICE,
    "second-factor-kept": NOTICE,
    "recovery-codes-made": NOTICE,
    "recovery-code-used": NOTICE,
    "identity-linked": NOTICE,
    "identity-removed": NOTICE,
    "passkey-added": NOTICE,
    "passkey-removed": NOTICE,
    "passkey-copied": NOTICE,
    "sessions-ended": NOTICE,
    "deletion-scheduled": NOTICE,
    "number-claimed": NOTICE | {"numbers": "Siret"},
    "number-lost": NOTICE | {"numbers": "Siret"},
    "identity-corrected": NOTICE | {"what": "nom, Siret"},
    "identity-corrected-with-proof": NOTICE | {"what": "nom, Siret"},
    "account-unused": {"date": "31/07/2026"},
    "affiliation-confirmed": NOTICE,
    "affiliation-rejected": NOTICE,
    **dict.fromkeys((kind.name for kind in declarations_feed.KINDS), OF_PERIODS),
    **dict.fromkeys((kind.name for kind in payments_feed.KINDS if kind.mail), NOTICE | OF_PERIODS),
    "contact-acknowledgement": {"ticket": "MFRGGZDF", "personal_data": "yes"},
    "contact-message": PERSON
    | {
        "ticket": "MFRGGZDF",
        "at": AT,
        "reason": "signup-impossible",
        "message": "Bonjour,\n\nLe lien ne marche pas.\nMerci",
    },
}
TEMPLATES = list(VALUES)
OF_NOTICES = {each.name: each.mail for each in FEED if each.mail}
"""Subjects of the mails that repeat an entry of the feed."""
SENT = {
    template.name: template
    for template in [
        *(each for domain in DOMAINS for each in vars(domain).values() if type(each) is Template),
        *(
            Template(folder, path.stem, OF_NOTICES[path.stem])
            for folder in FOLDERS
            for path in folder.iterdir()
            if path.stem in OF_NOTICES
        ),
    ]
}


def mail(template: str, **changes: str | datetime) -> Mail:
    """Render a template with synthetic values."""
    return render(SENT[template], **{"link": LINK, **VALUES[template], **changes})
