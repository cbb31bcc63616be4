"""The state of each period, with what was ordered, paid and agreed of it."""

from typing import Literal

from portal.declarations import book
from portal.declarations.book import Shown
from portal.payments.ledger import Ledger
from portal.rules.accounts import Open

type State = book.State | Literal["payment-ordered", "payment-sent", "payment-returned", "in-plan"]


def state_of(shown: Shown, ledger: Ledger) -> State:
    """Return the state of a period at the time of a ledger."""
    code = shown.period.code
    if shown.state == "void" or not shown.versions:
        return shown.state
    if ledger.is_in_plan(code) and ledger.computed.accounts[code].open != Open():
        return "in-plan"
    stages = {each.stage for each in ledger.payments if each.code == code}
    if stages & {"ordered", "sent"}:
        return "payment-ordered" if "ordered" in stages else "payment-sent"
    if ledger.open_of(code) == Open():
        # What costs nothing may still be corrected until it is due.
        return "settled" if ledger.paid_of(code) else shown.state
    if "returned" in stages:
        return "payment-returned"
    return "declared" if shown.state == "declared" else "due-unpaid"
