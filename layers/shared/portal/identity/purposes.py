"""The purposes of the account service's links, with their lifetimes in seconds."""

from portal.core.links import Purpose

# guard: validation-lifetime: 3600 => 3601
EMAIL_VALIDATION = Purpose(1, 3600)
# guard: recovery-lifetime: 1800 => 1801
PASSWORD_RECOVERY = Purpose(2, 1800)
EMAIL_CHANGE = Purpose(3, 3600)
# guard: seven-days-to-undo: 7 => 8
EMAIL_UNDO = Purpose(4, 7 * 86400)
# guard: five-minutes-for-the-code: 300 => 3000
SECOND_STEP = Purpose(5, 300)
"""Not of a link: of the ticket that a login's first step gives."""
# guard: ten-minutes-at-the-provider: 600 => 6000
SSO_STATE = Purpose(16, 600)
"""Not of a link: of the ``state`` of a login that is at the provider."""
# guard: ten-minutes-to-link: 600 => 6000
UNLINKED_IDENTITY = Purpose(17, 600)
"""Not of a link: of the ticket of an identity that no account has."""
# guard: five-minutes-to-create: 300 => 3000
PASSKEY_CREATION = Purpose(6, 300)
"""Not of a link: of the challenge that a new passkey is made for."""
# guard: five-minutes-to-sign: 300 => 3000
PASSKEY_LOGIN = Purpose(7, 300)
"""Not of a link: of the challenge that a passkey signs."""
# guard: three-days-to-object: 3 * => 0 *
REMOVAL_CANCEL = Purpose(8, 3 * 86400)
"""As long as a second factor stays after the support was asked to remove it."""

PURPOSES = (
    EMAIL_VALIDATION,
    PASSWORD_RECOVERY,
    EMAIL_CHANGE,
    EMAIL_UNDO,
    SECOND_STEP,
    PASSKEY_CREATION,
    PASSKEY_LOGIN,
    SSO_STATE,
    UNLINKED_IDENTITY,
    REMOVAL_CANCEL,
)
