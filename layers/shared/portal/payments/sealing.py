"""What is kept of a mandate that ended: its proof, where no function reads it."""

from collections.abc import Iterator

from portal.core.records import DAY
from portal.core.settings import settings
from portal.core.writes import RefusedError, Write, put
from portal.payments.records import Mandate, SealedMandate

# guard: ten-years-of-proof: 10 => 1
PROVED = 10 * 365 * DAY
"""Seconds for which the proof of a signature is kept, from the last debit or the signature."""
KEPT_REVOKED = 14 * 31 * DAY
"""Seconds for which an account keeps a revoked mandate: debits are contested for 13 months."""


class SealedBeforeError(RefusedError):
    """The mandate is sealed already, by a run that was interrupted."""


def sealed(mandate: Mandate) -> Iterator[Write]:
    """Yield the write that seals a mandate, none where a demonstration keeps nothing.

    Refused with ``SealedBeforeError``.
    """
    # guard: mandates-are-sealed: settings().erases_declarations => True
    if settings().erases_declarations:
        return
    kept = {name: getattr(mandate, name) for name in _KEPT}
    record = SealedMandate(**kept, expires_at=mandate.used_at + PROVED)
    yield put(record, else_=SealedBeforeError)


_KEPT = [each for each in SealedMandate.__struct_fields__ if each != "expires_at"]
