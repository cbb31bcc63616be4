"""The mandate as it is printed: the text that was signed, and who to give it to."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template
from zoneinfo import ZoneInfo

from portal.payments.records import Mandate, Scheme
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
_PAGE = Path(__file__).with_name("templates") / "mandate.html"
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
        facts="\n".join(
            f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts
        ),
        paragraphs="\n".join(f"<p>{escape(each)}</p>" for each in paragraphs[:_PARAGRAPHS]),
        digest=f"Empreinte du texte signé (SHA-256){_COLON}{mandate.document_sha256}",
        bank=escape(_TO_THE_BANK[mandate.scheme]),
        iban=f"Votre IBAN, à écrire en entier{_COLON}{_LINE * 2}",
        signature=f"Fait à {_LINE}, le {_LINE} Signature{_COLON}{_LINE}",
    )


def _revoked(at: int | None) -> str:
    if at is None:
        return ""
    told = f"Mandat révoqué le {_moment(at)}{_COLON}il ne permet plus aucun prélèvement."
    return f"<p><strong>{escape(told)}</strong></p>"


def _moment(at: int) -> str:
    moment = datetime.fromtimestamp(at, ZoneInfo("Europe/Paris"))
    return f"{moment:%d/%m/%Y} à {moment:%H:%M:%S} (heure de Paris)"
