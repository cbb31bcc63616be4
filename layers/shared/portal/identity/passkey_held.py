"""What passkeys contain of a person."""

from collections.abc import Mapping, Sequence

from portal.core.clock import rfc3339_seconds
from portal.core.held import Held, Reading
from portal.identity.passkey_records import Passkey, end_passkeys
from portal.identity.records import Account


def _export(reading: Reading, account: Account) -> Sequence[Mapping[str, object]]:
    found = reading.table.query(Passkey, Passkey.partition(account_id=account.id))
    return [
        {
            "id": each.id,
            "name": each.label,
            "created_at": rfc3339_seconds(each.created_at),
            "last_used_at": rfc3339_seconds(each.last_used_at),
            "copied": each.copied,
        }
        for each in found
    ]


PASSKEYS: Held[Account] = Held(
    data="passkeys: public key, name, when added and last used, how many uses, whether copied",
    records=(Passkey,),
    purpose="login (e)",
    how="encrypted; no private key is stored",
    kept="until it is removed",
    section="passkeys",
    export=_export,
    forget=lambda account: end_passkeys(account.id),
)
