"""The notices of the payments."""

from portal.core.feed import Kind

MANDATE_SIGNED = Kind(
    "sepa-mandate-signed",
    "Mandat de prélèvement signé",
    "Vous avez autorisé le prélèvement sur le compte bancaire terminé par {last_four}. Référence "
    "du mandat\u00a0: {rum}. Rien n’est prélevé sans un ordre de votre part. Si ce n’était pas "
    "vous, révoquez-le et changez votre mot de passe.",
    # guard: mandate-is-told
    mail="Vous avez signé un mandat de prélèvement",
)
MANDATE_REVOKED = Kind(
    "sepa-mandate-revoked",
    "Mandat de prélèvement révoqué",
    "Le compte bancaire terminé par {last_four} ne peut plus être prélevé (mandat {rum}). Si ce "
    "n’était pas vous, changez votre mot de passe.",
    # guard: revocation-is-told
    mail="Un mandat de prélèvement est révoqué",
)

KINDS = (MANDATE_SIGNED, MANDATE_REVOKED)
