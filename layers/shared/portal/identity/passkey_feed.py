"""The notices about passkeys."""

from portal.core.feed import YEAR, Kind

PASSKEY_ADDED = Kind(
    "passkey-added",
    "Clé d’accès ajoutée",
    "Une clé d’accès a été ajoutée depuis cet appareil\u00a0: {device}. Elle ouvre votre compte "
    "sans mot de passe. Si ce n’était pas vous, retirez-la et changez votre mot de passe.",
    # guard: new-passkey-is-told
    mail="Une clé d’accès a été ajoutée à votre compte",
    keep=YEAR,
)
PASSKEY_RENAMED = Kind(
    "passkey-renamed",
    "Clé d’accès renommée",
    "Vous avez renommé une clé d’accès.",
    keep=YEAR,
)
PASSKEY_REMOVED = Kind(
    "passkey-removed",
    "Clé d’accès retirée",
    "Une clé d’accès a été retirée depuis cet appareil\u00a0: {device}. Elle n’ouvre plus votre "
    "compte, et vos autres sessions ont été fermées.",
    # guard: removed-passkey-is-told
    mail="Une clé d’accès a été retirée de votre compte",
    keep=YEAR,
)
PASSKEY_COPIED = Kind(
    "passkey-copied",
    "Clé d’accès refusée",
    "Une clé d’accès a été refusée\u00a0: elle compte ses utilisations, et son compte n’a pas "
    "avancé. Quelqu’un en a peut-être une copie. Retirez-la, puis ajoutez-en une autre.",
    # guard: copied-passkey-is-told
    mail="Une clé d’accès de votre compte a été refusée",
    keep=YEAR,
)

KINDS = (PASSKEY_ADDED, PASSKEY_RENAMED, PASSKEY_REMOVED, PASSKEY_COPIED)
