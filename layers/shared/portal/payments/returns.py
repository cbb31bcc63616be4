"""What a bank means when it returns a debit: its code, in plain words, and what can be done.

Only ``AM04`` and ``MS03`` may be presented again, once. Any other return ends the use of a mandate
for the period; some, for every period; ``MD07``, every order of the account.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from portal.payments.records import Payment

type Ends = Literal["second-try", "period", "mandate", "account"]


class Return(NamedTuple):
    """A return: why, in French; what the person can do; what it ends."""

    why: str
    then: str
    ends: Ends = "period"


_SIGN = "Révoquez ce mandat, signez-en un autre, puis ordonnez de nouveau le paiement."
_AGAIN = "Vous pouvez l’ordonner de nouveau, une fois."
_ASK = "Demandez-en la raison à votre banque, ou payez depuis un autre compte."
_RULES = Return("Votre banque l’a refusé pour une raison réglementaire.", _ASK)
_FORMAT = Return(
    "La banque n’a pas pu lire l’ordre.", "Ordonnez-le depuis un autre compte, ou écrivez-nous."
)

CODES: Mapping[str, Return] = {
    "AC01": Return("Cet IBAN n’est pas celui d’un compte.", _SIGN, "mandate"),
    "AC04": Return("Ce compte est fermé.", _SIGN, "mandate"),
    "AC06": Return("Ce compte est bloqué.", _ASK, "mandate"),
    "AC13": Return(
        "C’est le compte d’un particulier\u00a0: un mandat interentreprises n’y vaut pas.",
        "Révoquez ce mandat et signez-en un qui n’est pas interentreprises.",
        "mandate",
    ),
    "AG01": Return("Ce compte ne peut pas être prélevé.", _SIGN, "mandate"),
    "AM04": Return("La provision du compte ne suffisait pas.", _AGAIN, "second-try"),
    "AM05": Return("La banque y voit un doublon.", _ASK),
    "BE05": Return("La banque ne reconnaît pas le créancier.", _ASK, "mandate"),
    "FF01": _FORMAT,
    "FF05": _FORMAT,
    "MD01": Return(
        "La banque n’a pas de mandat pour ce prélèvement.",
        "Remettez-lui votre mandat interentreprises, ou payez depuis un autre compte.",
    ),
    "MD02": Return("Le mandat que la banque connaît est différent.", _SIGN, "mandate"),
    "MD06": Return(
        "Votre banque l’a remboursé, à votre demande.", "Le montant reste dû\u00a0: payez-le."
    ),
    "MD07": Return(
        "La banque indique que le titulaire du compte est décédé.",
        "Plus rien n’est prélevé. Écrivez-nous par «\u00a0Nous contacter\u00a0».",
        "account",
    ),
    "MS02": Return("Il a été refusé depuis le compte.", _ASK),
    "MS03": Return("La banque n’en donne pas la raison.", _AGAIN, "second-try"),
    "RC01": Return("La banque de ce compte n’est pas reconnue.", _SIGN, "mandate"),
    "RR01": _RULES,
    "RR02": _RULES,
    "RR03": _RULES,
    "RR04": _RULES,
    "SL01": Return("Un réglage du compte chez votre banque l’a bloqué.", _ASK),
}
_OTHER = Return("La banque l’a refusé.", _ASK)
_CODE = re.compile(r"[A-Z0-9]{4}")


def return_of(code: str) -> Return:
    """Return what a code means."""
    return CODES.get(code, _OTHER)


def is_code(text: str) -> bool:
    """Return whether a text has the form of a code (ISO 20022)."""
    return _CODE.fullmatch(text) is not None


def is_frozen(payments: Sequence[Payment]) -> bool:
    """Return whether no payment of an account may be ordered any more."""
    # guard: holder-died: == "account" => == ""
    return any(each.ends == "account" for each in map(_of, _returned(payments)))


def is_refused(payments: Sequence[Payment], code: str, rum: str) -> bool:
    """Return whether the bank's answers forbid to debit a mandate for a period."""
    returned = [each for each in _returned(payments) if each.rum == rum]
    of_period = [_of(each).ends for each in returned if each.code == code]
    return (
        any(_of(each).ends == "mandate" for each in returned)
        or "period" in of_period
        # guard: presented-again-once: > 1 => > 9
        or of_period.count("second-try") > 1
    )


def _returned(payments: Sequence[Payment]) -> Sequence[Payment]:
    return [each for each in payments if each.stage == "returned"]


def _of(payment: Payment) -> Return:
    return return_of(payment.reason or "")
