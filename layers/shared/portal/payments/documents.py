"""What is printed: a mandate, with the text that was signed; the receipt of a payment."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template
from zoneinfo import ZoneInfo

from portal.payments.book import label_of
from portal.payments.feed import money
from portal.payments.records import Mandate, Payment, Scheme, Stage
from portal.payments.returns import return_of
from portal.rules.iban import mask_iban

CREDITOR = "Espace auto-entrepreneur, démonstration (créancier fictif)"
CREDITOR_ADDRESS = "Paris, France"
CREDITOR_ID = "FR72ZZZ123456"
"""Identifiant créancier SEPA (ICS): an example whose key is right, of nobody."""
TEXT_VERSION = 1
"""Raised with every change of what is signed."""

_TITLES: Mapping[Scheme, str] = {
    "core": "Mandat de prélèvement SEPA",
    "b2b": "Mandat de prélèvement SEPA interentreprises",
}
_ORDERED = (
    "Chaque prélèvement est ordonné par vous dans votre espace. Son montant et son jour vous sont "
    "confirmés aussitôt, au plus tard la veille."
)
_RIGHTS: Mapping[Scheme, str] = {
    "core": "Vous bénéficiez du droit d’être remboursé par votre banque, selon les conditions de "
    "la convention passée avec elle. Une demande de remboursement est présentée dans les "
    "8\u00a0semaines qui suivent la date de débit de votre compte pour un prélèvement autorisé, et "
    "sans tarder, au plus tard dans les 13\u00a0mois, pour un prélèvement non autorisé.",
    "b2b": "Ce mandat est réservé aux prélèvements SEPA interentreprises. Vous n’avez pas droit au "
    "remboursement d’un prélèvement autorisé une fois qu’il est débité. Jusqu’au jour de "
    "l’échéance, vous pouvez demander à votre banque de ne pas débiter votre compte.",
}
_TO_THE_BANK: Mapping[Scheme, str] = {
    "core": "À garder\u00a0: vous n’avez rien à remettre à votre banque.",
    "b2b": "À compléter de votre IBAN, à signer et à remettre à votre banque avant le premier "
    "prélèvement\u00a0: sans cela, elle le refuserait.",
}

_DEMONSTRATION = "Démonstration, site non officiel\u00a0: ce mandat n’a aucune valeur."
_FOLDER = Path(__file__).with_name("templates")
_PAGE = _FOLDER / "mandate.html"
_STAGES: Mapping[Stage, str] = {
    "ordered": "ordonné",
    "sent": "envoyé à la banque",
    "settled": "encaissé",
    "returned": "rejeté",
    "cancelled": "annulé",
}
_PAID = "Ce paiement a été encaissé."
_NOT_PAID = "Ce document ne prouve pas un paiement\u00a0: rien n’est encaissé à ce jour."
_LINE = "_" * 20
_COLON = "\u00a0: "
_PARAGRAPHS = 3
"""Of what is signed, beside the title and the facts."""


def text(rum: str, scheme: Scheme, holder: str, last_four: str, signed_at: int) -> str:
    """Return what a person signs; the same values always give the same text."""
    allowed = (
        f"En signant ce mandat, vous autorisez (A) {CREDITOR} à envoyer des instructions à votre "
        "banque pour débiter votre compte, et (B) votre banque à débiter votre compte conformément "
        f"aux instructions de {CREDITOR}."
    )
    facts = {
        "Référence unique du mandat (RUM)": rum,
        "Identifiant créancier SEPA (ICS)": CREDITOR_ID,
        "Créancier": f"{CREDITOR}, {CREDITOR_ADDRESS}",
        "Débiteur": holder,
        "IBAN": mask_iban(last_four),
        "Type de paiement": "récurrent",
        "Signé le": f"{_moment(signed_at)}, en ligne, par une nouvelle saisie du mot de passe",
    }
    lines = [_TITLES[scheme], allowed, _RIGHTS[scheme], _ORDERED]
    return "\n".join([*lines, *(f"{name}{_COLON}{value}" for name, value in facts.items())])


def digest(signed: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(signed.encode()).hexdigest()


def page(mandate: Mandate) -> str:
    """Return a mandate as a page in French to print, with the last four characters of the IBAN."""
    signed = text(mandate.rum, mandate.scheme, mandate.holder, mandate.last_four, mandate.signed_at)
    title, *paragraphs = signed.split("\n")
    facts = [each.split(_COLON, 1) for each in paragraphs[_PARAGRAPHS:]]
    return Template(_PAGE.read_text()).substitute(
        title=escape(title),
        demonstration=escape(_DEMONSTRATION),
        revoked=_revoked(mandate.revoked_at),
        facts=_listed(facts),
        paragraphs="\n".join(f"<p>{escape(each)}</p>" for each in paragraphs[:_PARAGRAPHS]),
        digest=f"Empreinte du texte signé (SHA-256){_COLON}{mandate.document_sha256}",
        bank=escape(_TO_THE_BANK[mandate.scheme]),
        iban=f"Votre IBAN, à écrire en entier{_COLON}{_LINE * 2}",
        signature=f"Fait à {_LINE}, le {_LINE} Signature{_COLON}{_LINE}",
    )


def receipt(payment: Payment) -> str:
    """Return the receipt of a payment as a page in French: its movement, and what became of it."""
    became = _STAGES[payment.stage]
    if payment.stage == "returned":
        became = f"{became} ({payment.reason})\u00a0: {return_of(payment.reason or '').why}"
    facts = [
        ("Période", label_of(payment.code)),
        ("Montant", f"{money(payment.amount_cents)}\u00a0€"),
        ("Moyen", f"prélèvement SEPA, compte {mask_iban(payment.last_four)}"),
        ("Référence du mandat (RUM)", payment.rum),
        ("Référence du paiement", payment.id),
        ("Ordonné le", _moment(payment.created_at)),
        ("Jour du prélèvement", f"{payment.debit_on:%d/%m/%Y}"),
        ("État", became),
    ]
    if payment.settled_at:
        facts.append(("Encaissement connu le", _moment(payment.settled_at)))
    if payment.ended_at:
        facts.append(("Rejet ou annulation connu le", _moment(payment.ended_at)))
    return Template((_FOLDER / "receipt.html").read_text()).substitute(
        title=escape(f"Reçu de paiement\u00a0: {label_of(payment.code)}"),
        demonstration=escape(_DEMONSTRATION.replace("ce mandat", "ce document")),
        facts=_listed(facts),
        note=escape(_PAID if payment.stage == "settled" else _NOT_PAID),
    )


def _listed(facts: Iterable[Sequence[str]]) -> str:
    return "\n".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts
    )


def _revoked(at: int | None) -> str:
    if at is None:
        return ""
    told = f"Mandat révoqué le {_moment(at)}{_COLON}il ne permet plus aucun prélèvement."
    return f"<p><strong>{escape(told)}</strong></p>"


def _moment(at: int) -> str:
    moment = datetime.fromtimestamp(at, ZoneInfo("Europe/Paris"))
    return f"{moment:%d/%m/%Y} à {moment:%H:%M:%S} (heure de Paris)"
