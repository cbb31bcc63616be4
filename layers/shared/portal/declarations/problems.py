"""The failures that a client of the declarations can meet, each named once."""

from portal.core.problems import ProblemType

RATES_UNKNOWN = ProblemType(
    "rates-unknown",
    422,
    "Taux inconnus",
    "Les taux de cette période, de ce territoire ou de cette activité ne sont pas connus ici\u00a0:"
    " aucun montant n’est calculé.",
)
