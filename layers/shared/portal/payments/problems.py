"""The failures that a client of the payments can meet, each named once."""

from portal.core.problems import ProblemType

MANDATE_UNKNOWN = ProblemType(
    "mandate-unknown", 404, "Mandat inconnu", "Votre compte n’a pas de mandat de cette référence."
)
TOO_MANY = ProblemType(
    "too-many",
    409,
    "Trois comptes au plus",
    "Trois comptes bancaires au plus\u00a0: révoquez d’abord un mandat.",
)
