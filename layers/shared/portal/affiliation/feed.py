"""The notices of decisions on affiliations."""

from portal.core.feed import Kind, Text

AFFILIATION_CONFIRMED = Kind(
    "affiliation-confirmed",
    "Notification d’affiliation",
    "Votre affiliation à la Sécurité sociale est confirmée. L’ensemble de vos services en"
    " ligne est ouvert.",
    agent=Text(
        "Notification d’affiliation",
        "L’affiliation de votre client à la Sécurité sociale est confirmée. L’ensemble de"
        " ses services en ligne est ouvert.",
    ),
    mail="Notification d’affiliation",
)
AFFILIATION_REJECTED = Kind(
    "affiliation-rejected",
    "Demande d’affiliation refusée",
    "Votre déclaration de début d’activité n’a pas pu être validée. {reason}",
    agent=Text(
        "Demande d’affiliation refusée",
        "La déclaration de début d’activité de votre client n’a pas pu être validée. {reason}",
    ),
    mail="Demande d’affiliation refusée",
)

KINDS = (AFFILIATION_CONFIRMED, AFFILIATION_REJECTED)
