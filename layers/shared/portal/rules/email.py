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
# By domain of a provider: the one that stands for all its domains of one mailbox, and the signs
# that it ignores in a local part.
_MAILBOXES = {
    "gmail.com": ("gmail.com", "."),
    "googlemail.com": ("gmail.com", "."),
    "proton.me": ("proton.me", ".-_"),
    "protonmail.com": ("proton.me", ".-_"),
    "protonmail.ch": ("proton.me", ".-_"),
    "pm.me": ("proton.me", ".-_"),
    "icloud.com": ("icloud.com", ""),
    "me.com": ("icloud.com", ""),
    "mac.com": ("icloud.com", ""),
}
_TAG_AFTER_HYPHEN = frozenset({"yahoo.com", "yahoo.fr", "ymail.com"})
# Second labels that are no domain of anybody's, as in « co.uk » or « asso.fr ».
_REGISTRIES = frozenset(
    {"ac", "asso", "co", "com", "edu", "gouv", "gov", "ne", "net", "nom", "or", "org", "prd", "tm"}
)

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
        "pm.me",
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

    What follows « + » is dropped, as most providers do (RFC 5233), what follows « - » at Yahoo,
    whose names have none, and the signs that Gmail and Proton ignore. A provider's domains that
    share their mailboxes are one. Never raises.
    """
    local, at, domain = email_key(email).rpartition("@")
    # guard: mailbox-without-tags: local.partition("+")[0] or local => local
    mailbox = local.partition("+")[0] or local
    if domain in _TAG_AFTER_HYPHEN:
        mailbox = mailbox.partition("-")[0] or mailbox
    domain, ignored = _MAILBOXES.get(domain, (domain, ""))
    bare = "".join(character for character in mailbox if character not in ignored)
    return f"{bare or mailbox}{at}{domain}"


def domain_key(email: str) -> str | None:
    """Return the domain by which mails are counted; ``None`` for a large provider's.

    A subdomain is counted with the domain that somebody registered: who has that one may have any
    number of the others.
    """
    domain = email_key(email).rpartition("@")[2]
    if domain in LARGE_PROVIDERS:
        return None
    labels = domain.split(".")
    kept = 3 if labels[-2:][0] in _REGISTRIES else 2
    # guard: subdomains-of-one: -kept: => 0:
    return ".".join(labels[-kept:])


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
