"""The notices of the payments."""

from collections.abc import Iterator, Mapping

from portal.core.feed import Kind, entry
from portal.core.outbox import Outgoing
from portal.core.writes import Write, put
from portal.declarations.feed import euros
from portal.payments.book import label_of
from portal.payments.records import Payment

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
    "Le compte bancaire terminé par {last_four} ne peut plus être prélevé (mandat {rum}). {orders}"
    "Si ce n’était pas vous, changez votre mot de passe.",
    # guard: revocation-is-told
    mail="Un mandat de prélèvement est révoqué",
)

PAYMENT_ORDERED = Kind(
    "payment-ordered",
    "Prélèvement ordonné",
    "{amount}\u00a0€ seront prélevés le {day} sur le compte bancaire terminé par {last_four}, pour "
    "la période «\u00a0{period}\u00a0» (mandat {rum}). {why}Vous pouvez l’annuler jusqu’au "
    "{until}, à midi.",
    # guard: debit-is-told
    mail="Vous avez ordonné un prélèvement",
)
PAYMENT_CANCELLED = Kind(
    "payment-cancelled",
    "Prélèvement annulé",
    "Les {amount}\u00a0€ ordonnés pour la période «\u00a0{period}\u00a0» ne seront pas prélevés le "
    "{day}. {why}",
    mail="Un prélèvement est annulé",
)
PAYMENT_SETTLED = Kind(
    "payment-settled",
    "Paiement encaissé",
    "{amount}\u00a0€ ont été prélevés sur le compte bancaire terminé par {last_four}, pour la "
    "période «\u00a0{period}\u00a0».",
)
PAYMENT_RETURNED = Kind(
    "payment-returned",
    "Prélèvement rejeté",
    "Le prélèvement de {amount}\u00a0€ pour la période «\u00a0{period}\u00a0» est revenu impayé. "
    "{why}",
    # guard: return-is-told
    mail="Un prélèvement a été rejeté",
)
PLAN_AGREED = Kind(
    "plan-agreed",
    "Délai de paiement accordé",
    "Vous payez {total}\u00a0€ en {count}\u00a0échéances, la première de {first}\u00a0€ au plus "
    "tard le {due}, avant midi. Une échéance manquée met fin au délai.",
    # guard: plan-is-told
    mail="Votre délai de paiement est accordé",
)
PLAN_SUBMITTED = Kind(
    "plan-submitted",
    "Demande de délai transmise",
    "Votre demande de payer {total}\u00a0€ en {count}\u00a0échéances est transmise. La réponse "
    "vous parvient ici, sous quinze jours.",
    mail="Votre demande de délai de paiement est transmise",
)
PLAN_REFUSED = Kind(
    "plan-refused",
    "Délai de paiement refusé",
    "Votre demande de payer {total}\u00a0€ en {count}\u00a0échéances est refusée. {answer} Ces "
    "sommes restent dues.",
    mail="Votre demande de délai de paiement est refusée",
)
PLAN_REMINDER = Kind(
    "plan-reminder",
    "Échéance de délai à payer",
    "{first}\u00a0€ sont à payer au plus tard le {due}, avant midi\u00a0: échéance {what} de votre "
    "délai de paiement.",
    mail="Une échéance de votre délai de paiement approche",
)
PLAN_BROKEN = Kind(
    "plan-broken",
    "Délai de paiement interrompu",
    "Une échéance de votre délai de paiement n’est pas payée\u00a0: le délai a pris fin le {due}. "
    "Ce qui reste est dû tout de suite, avec les majorations dont le délai vous dispensait.",
    # guard: broken-plan-is-told
    mail="Votre délai de paiement a pris fin",
)

KINDS = (
    MANDATE_SIGNED,
    MANDATE_REVOKED,
    PAYMENT_ORDERED,
    PAYMENT_CANCELLED,
    PAYMENT_SETTLED,
    PAYMENT_RETURNED,
    PLAN_AGREED,
    PLAN_SUBMITTED,
    PLAN_REFUSED,
    PLAN_REMINDER,
    PLAN_BROKEN,
)


def money(cents: int) -> str:
    """Return an amount as French writes it, without its unit; cents when there are any."""
    whole, rest = divmod(cents, 100)
    return f"{euros(whole)},{rest:02}" if rest else euros(whole)


def told(
    kind: Kind, event: str, payment: Payment, now: int, *, actor: str, **about: str
) -> Iterator[Write]:
    """Yield the entry, the mail if the kind has one, and the event of what became of a payment.

    The mail has the period and the day, and no figure.
    """
    period, day = label_of(payment.code), f"{payment.debit_on:%d/%m/%Y}"
    words: Mapping[str, str] = {
        "amount": money(payment.amount_cents),
        "day": day,
        "period": period,
        "rum": payment.rum,
        "last_four": payment.last_four,
        **about,
    }
    account_id = payment.account_id
    yield put(entry(kind, account_id, now, actor=actor, about=words))
    if kind.mail:
        yield put(Outgoing.new(kind.name, now, account_id=account_id, what=period, due=day))
    yield put(Outgoing.new(event, now, account_id=account_id, payment_id=payment.id))
