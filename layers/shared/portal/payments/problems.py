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
PAYMENT_UNKNOWN = ProblemType(
    "payment-unknown", 404, "Paiement inconnu", "Votre compte n’a pas de paiement de ce numéro."
)
NOTHING_DUE = ProblemType(
    "nothing-due", 409, "Rien à payer", "Il n’y a rien à payer pour cette période."
)
ALREADY_ORDERED = ProblemType(
    "already-ordered",
    409,
    "Paiement déjà ordonné",
    "Ce que vous devez pour cette période est déjà ordonné. Le détail est dans «\u00a0Mes "
    "paiements\u00a0».",
)
CUT_OFF_PASSED = ProblemType(
    "cut-off-passed",
    409,
    "Trop tard pour ce prélèvement",
    "L’ordre part à la banque la veille du prélèvement, à midi\u00a0: il ne peut plus être annulé.",
)
MANDATE_REFUSED = ProblemType(
    "mandate-refused",
    409,
    "Prélèvement refusé par la banque",
    "Votre banque a rejeté un prélèvement sur ce compte, et il ne peut pas être présenté de "
    "nouveau. Payez depuis un autre compte\u00a0: révoquez ce mandat, puis signez-en un autre.",
)
PAYMENTS_FROZEN = ProblemType(
    "payments-frozen",
    409,
    "Paiements suspendus",
    "Plus aucun prélèvement ne peut être ordonné depuis ce compte. Écrivez-nous par «\u00a0Nous "
    "contacter\u00a0».",
)
DECLARATION_MISSING = ProblemType(
    "declaration-missing",
    409,
    "Déclaration manquante",
    "Un délai de paiement s’ouvre quand toutes vos déclarations sont faites. Déclarez d’abord ce "
    "qui manque, même 0\u00a0€.",
)
PLAN_RUNNING = ProblemType(
    "plan-running",
    409,
    "Délai de paiement en cours",
    "Vous avez déjà un délai de paiement, ou une demande en attente de réponse.",
)
