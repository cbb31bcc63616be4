"""The failures that a client of the declarations can meet, each named once."""

from portal.core.problems import ProblemType

RATES_UNKNOWN = ProblemType(
    "rates-unknown",
    422,
    "Taux inconnus",
    "Les taux de cette période, de ce territoire ou de cette activité ne sont pas connus ici\u00a0:"
    " aucun montant n’est calculé.",
)
SERVICES_CLOSED = ProblemType(
    "services-closed",
    403,
    "Service fermé",
    "Les déclarations s’ouvrent quand votre affiliation est confirmée.",
)
PERIOD_UNKNOWN = ProblemType(
    "period-unknown",
    404,
    "Période inconnue",
    "Votre activité n’a pas cette période.",
)
PERIOD_NOT_OPEN = ProblemType(
    "period-not-open",
    409,
    "Période pas encore ouverte",
    "Cette période n’est pas encore à déclarer.",
)
PERIOD_CLOSED = ProblemType(
    "period-closed",
    409,
    "Échéance passée",
    "Cette déclaration ne se modifie plus en ligne\u00a0: son échéance est passée. Pour la "
    "corriger, écrivez-nous par «\u00a0Nous contacter\u00a0», avec la période et les montants "
    "exacts.",
)
STALE_VERSION = ProblemType(
    "stale-version",
    409,
    "Déclaration modifiée entre-temps",
    "Cette déclaration a été modifiée ailleurs depuis que vous l’avez ouverte. Relisez-la, puis "
    "recommencez si elle n’est pas exacte.",
)
