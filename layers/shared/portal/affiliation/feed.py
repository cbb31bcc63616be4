"""The notices of decisions on affiliations."""

from portal.core.feed import Kind

AFFILIATION_CONFIRMED = Kind(
    "affiliation-confirmed",
    "Notification d’affiliation",
    "Votre affiliation à la Sécurité sociale est confirmée. L’ensemble de vos services en"
    " ligne est ouvert.",
    mail="Notification d’affiliation",
)
AFFILIATION_REJECTED = Kind(
    "affiliation-rejected",
    "Demande d’affiliation refusée",
    "Votre déclaration de début d’activité n’a pas pu être validée. {reason}",
    mail="Demande d’affiliation refusée",
)

KINDS = (AFFILIATION_CONFIRMED, AFFILIATION_REJECTED)
