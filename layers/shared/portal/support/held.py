"""What the support stores about a person."""

from collections.abc import Sequence

from portal.core.held import Held
from portal.identity.records import Account
from portal.support.records import Audit, ContactMessage

HELD: Sequence[Held[Account]] = (
    Held(
        data="message to the support: names, e-mail, text",
        records=(ContactMessage,),
        purpose="answering (e)",
        how="encrypted; NIRs in the text masked before",
        kept="90 days",
    ),
    Held(
        data="what operators did: operator, ticket, account id",
        records=(Audit,),
        purpose="evidence (f)",
        how="encrypted",
        kept="12 months",
    ),
)
