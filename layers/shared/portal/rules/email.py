"""E-mail addresses: the stored form, the uniqueness key and the masked form.

email-validator, and the idna tables with it, cost a quarter of a cold start: they are imported
inside the functions that need them, because login and password setting only use `email_key`
and `mask_email`.
"""

import unicodedata

from portal.rules import RuleError
from portal.rules.characters import trim

_LONGEST = 254
_LONGEST_TYPED = 320
_LONGEST_DOMAIN = 253
_SHORTEST_TOP_LABEL = 2
_MASK = "•" * 6
_GMAIL = frozenset({"gmail.com", "googlemail.com"})

LARGE_PROVIDERS = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "hotmail.com",
        "hotmail.fr",
        "outlook.com",
        "outlook.fr",
        "live.com",
        "live.fr",
        "msn.com",
        "yahoo.com",
        "yahoo.fr",
        "ymail.com",
        "orange.fr",
        "wanadoo.fr",
        "free.fr",
        "sfr.fr",
        "neuf.fr",
        "bbox.fr",
        "laposte.net",
        "icloud.com",
        "me.com",
        "mac.com",
        "aol.com",
        "gmx.com",
        "gmx.fr",
        "protonmail.com",
        "proton.me",
    ]
)
"""Domains where mailboxes belong to people who do not know each other."""


def parse_email(text: str) -> str:
    """Return the address as it is stored and written to, without querying the DNS.

    The local part is ASCII and keeps its case and its « + »; the domain is lower-cased and in
    its ASCII form (punycode), the only one that SES accepts.
    Raises RuleError: required, invalid-length, invalid-characters, invalid-email.
    """
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    if len(text) > _LONGEST_TYPED:
        raise _too_long()
    address = trim(unicodedata.normalize("NFC", text))
    if not address:
        raise RuleError("required", "Indiquez votre adresse courriel.")
    if len(address) > _LONGEST:
        raise _too_long()
    if not address.isprintable():
        raise RuleError(
            "invalid-characters", "Cette adresse courriel contient un caractère invisible."
        )
    if not address.rpartition("@")[0].isascii():
        raise RuleError(
            "invalid-characters",
            "Avant le signe @, une adresse courriel s’écrit sans accent"
            " ni lettre d’un autre alphabet.",
        )
    try:
        valid = validate_email(
            address,
            allow_smtputf8=False,
            check_deliverability=False,
            strict=True,  # no server takes more than 64 characters before the sign @
        )
    except EmailNotValidError:
        raise _invalid() from None
    # guard: top-label: not _is_top_label(valid.domain.rpartition(".")[2]) => False
    if not _is_top_label(valid.domain.rpartition(".")[2]):
        raise _invalid()
    return f"{valid.local_part}@{valid.ascii_domain}"


def email_key(email: str) -> str:
    """Return the form of an address by which it is unique and looked up.

    An address as typed and as stored have the same key. Never raises.
    """
    local, at, domain = trim(unicodedata.normalize("NFC", email)).rpartition("@")
    # guard: one-count-for-all-spellings: .lower() =>
    return f"{local}{at}{_ascii_domain(domain)}".lower()


def mailbox_key(email: str) -> str:
    """Return the form of an address by which its mailbox is counted, never unique or written to.

    What follows « + » is dropped, as most providers do (RFC 5233), and the dots of Gmail, which
    documents that it ignores them. Never raises.
    """
    local, at, domain = email_key(email).rpartition("@")
    # guard: mailbox-without-tags: local.partition("+")[0] or local => local
    mailbox = local.partition("+")[0] or local
    if domain in _GMAIL:
        mailbox, domain = mailbox.replace(".", "") or mailbox, "gmail.com"
    return f"{mailbox}{at}{domain}"


def domain_key(email: str) -> str | None:
    """Return the domain by which mails are counted; ``None`` for a large provider's."""
    domain = email_key(email).rpartition("@")[2]
    return None if domain in LARGE_PROVIDERS else domain


def mask_email(email: str) -> str:
    """Return the address with its local part and its length hidden: m••••••t@example.fr."""
    local, _, domain = email.rpartition("@")
    if not local:
        return _MASK
    return f"{local[0]}{_MASK}{local[-1]}@{domain}"


def _is_top_label(label: str) -> bool:
    """Return whether the end of a domain may be a top-level domain: two letters, without digits.

    email-validator accepts one letter, as in « orange.f », and digits before a letter.
    """
    return len(label) >= _SHORTEST_TOP_LABEL and (not label.isascii() or label.isalpha())


def _invalid() -> RuleError:
    return RuleError(
        "invalid-email",
        "Cette adresse courriel n’est pas valide\u00a0: écrivez-la comme nom@exemple.fr.",
    )


def _too_long() -> RuleError:
    return RuleError("invalid-length", "Une adresse courriel comporte 254 caractères au plus.")


def _ascii_domain(domain: str) -> str:
    """Return the ASCII form of a domain, or the domain itself when it has none."""
    if domain.isascii() or len(domain) > _LONGEST_DOMAIN:
        return domain
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    try:
        valid = validate_email(f"a@{domain}", check_deliverability=False)
    except EmailNotValidError:
        return domain
    return valid.ascii_domain
