"""`python -m tools.stack COMMAND`: the developer's local stack, behind the Makefile's targets."""

import argparse
import re
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from datetime import date
from http.client import HTTPException
from types import FrameType
from typing import Any, Never

from botocore.exceptions import BotoCoreError, ClientError

from tools.stack import bank as beside
from tools.stack import bridge, mailbox, options, provider, sam
from tools.stack.options import OptionError
from tools.stack.stack import LOCAL, Mail, Stack, StackError, say

LINK = re.compile(r"https?://\S+")


def up(stack: Stack) -> None:
    """Start and deploy in the background; return when the portal answers."""
    _check_ports(stack)
    if stack.is_running:
        say(f"Already running on port {stack.port}: deploying what changed.")
        stack.deploy()
    else:
        stack.__enter__()
    _start_beside(stack)
    say(f"\n{_addresses(stack)}\n`make mails` shows the mails here, `make down` stops.")


def down(stack: Stack) -> None:
    """Stop; the state is kept."""
    if not stack.is_running:
        say("Not running.")
    _stop_beside(stack)
    stack.stop()


def dev(stack: Stack) -> None:
    """Start, deploy, show the mails as they are sent; Ctrl-C stops what this command started."""
    _check_ports(stack)
    if stack.is_running:
        say(f"Already running on port {stack.port}: deploying what changed.")
        stack.deploy()
        _start_beside(stack)
        _watch(stack, {mail.id for mail in stack.mails()}, "leaves it running (`make down` stops)")
        return
    with _started(stack):
        _watch(stack, set(), "stops all (the state is kept)")


@contextmanager
def _started(stack: Stack) -> Generator[None]:
    """Start and deploy, with what runs beside it, for a block."""
    with stack:
        try:
            _start_beside(stack)
            yield
        finally:
            _stop_beside(stack)


def _check_ports(stack: Stack) -> None:
    """Raise ``StackError`` if what runs beside the portal would not find its port free."""
    mailbox.of(stack).check_port()
    provider.of(stack).check_port()


def _start_beside(stack: Stack) -> None:
    """Start the mailbox and the login provider."""
    mailbox.of(stack).start()
    provider.of(stack).start()


def _stop_beside(stack: Stack) -> None:
    """Stop the mailbox and the login provider."""
    mailbox.of(stack).stop()
    provider.of(stack).stop()


def _addresses(stack: Stack) -> str:
    """Return where people reach the portal and what runs beside it."""
    return (
        f"The portal: {stack.url}/\nIts mailbox: {mailbox.address(stack)}\n"
        f"Its login provider: {stack.provider_url}/"
    )


def _watch(stack: Stack, shown: set[str], on_interrupt: str) -> None:
    say(f"\n{_addresses(stack)}")
    say(
        "Mails are listed here as they are sent, and shown in the mailbox. `make deploy`, in "
        f"another terminal, deploys what you changed. Ctrl-C {on_interrupt}.\n"
    )
    # A terminal that closes signals make, which does not pass the signal on: check the terminal.
    has_terminal = sys.stdin.isatty()
    while sys.stdin.isatty() == has_terminal:
        try:
            mails = stack.mails()
            _tell(beside.answer(stack))
        except (OSError, HTTPException, BotoCoreError, ClientError):
            if not stack.is_running:
                raise StackError("The emulator has stopped.") from None
            mails = []
        for mail in mails:
            if mail.id not in shown:
                shown.add(mail.id)
                _show(mail)
        time.sleep(1)


def mails(stack: Stack) -> None:
    """Show the mails sent since the start: those to TO, the last LAST of them."""
    recipient, last = options.recipient(), options.last()
    if not stack.is_running:
        raise StackError("Not running: start it with `make up`.")
    sent = [mail for mail in stack.mails() if mail.is_to(recipient)]
    for mail in sent[-last:] if last else sent:
        _show(mail)
    if not sent:
        say(f"No mail{' to ' + recipient if recipient else ''} sent since the start.")


def _show(mail: Mail) -> None:
    say(f"{time.strftime('%H:%M:%S', time.localtime(mail.sent_at))} mail to {', '.join(mail.to)}")
    say(f"         {mail.subject}")
    for link in LINK.findall(mail.text):
        say(f"         {link}")


def affiliate(stack: Stack) -> None:
    """Act as the back office: put its decision on the bus, for ACCOUNT or the newest account."""
    decision, siret, reason = options.decision(), options.siret(), options.given("REASON")
    confirmed = decision == options.DECISIONS["confirmed"]
    business = options.business(date.today()) if confirmed else None  # noqa: DTZ011 - of this machine
    if not stack.is_running:
        raise StackError("Not running: start it with `make up`.")
    account_id = options.account(stack)
    detail = {"account_id": account_id, "siret": siret, "reason": reason, "business": business}
    sent = {name: value for name, value in detail.items() if value}
    stack.put_event("portal.backoffice", decision, sent)
    say(f"{decision} for the account {account_id}: a feed entry and a mail follow.")


def business(stack: Stack) -> None:
    """Act as the back office: change a business from EFFECTIVE_ON, or end it on CEASED_ON."""
    ceased_on, effective_on = options.day("CEASED_ON"), options.day("EFFECTIVE_ON")
    if bool(ceased_on) == bool(effective_on):
        raise OptionError(
            "Say from when the business changes, or when it ended: make business "
            "EFFECTIVE_ON=2027-01-01 PERIODICITY=quarterly, or make business CEASED_ON=2026-10-31"
        )
    changed = options.business(date.today())  # noqa: DTZ011 - of this machine
    if not stack.is_running:
        raise StackError("Not running: start it with `make up`.")
    account_id = options.account(stack)
    kind = "BusinessCeased" if ceased_on else "BusinessChanged"
    said = {"ceased_on": ceased_on, "effective_on": effective_on}
    detail: dict[str, Any] = {name: value for name, value in said.items() if value}
    if effective_on:
        detail["business"] = changed
    stack.put_event("portal.backoffice", kind, {"account_id": account_id, **detail})
    say(f"{kind} for the account {account_id}: its periods follow.")


def plan(stack: Stack) -> None:
    """Act as the back office: decide on a plan of payment, PLAN by its number."""
    number, decision = options.plan()
    if not stack.is_running:
        raise StackError("Not running: start it with `make up`.")
    account_id = options.account(stack)
    detail: dict[str, Any] = {"account_id": account_id, "plan": number, "decision": decision}
    if reason := options.given("REASON"):
        detail["reason"] = reason
    stack.put_event("portal.backoffice", "PlanDecided", detail)
    say(f"Plan {number} of the account {account_id} is {decision}: a feed entry and a mail follow.")


def bank(stack: Stack) -> None:
    """Act as the bank: take what was ordered and answer; or return a payment with RETURN."""
    code, payment = options.returned()
    if not stack.is_running:
        raise StackError("Not running: start it with `make up`.")
    if code:
        said = [beside.give_back(stack, code, payment)]
    else:
        days = beside.make_files(stack)
        said = beside.answer(stack)
        say(f"Files of {', '.join(days)}." if days else "Nothing was ordered since the last time.")
    _tell(said)


def _tell(said: Iterable[beside.Answered]) -> None:
    """Show what the bank answered."""
    for each in said:
        outcome = f"{each.kind} ({each.code})" if each.code else each.kind
        debited = f"{each.debit.amount} € of …{each.debit.iban[-4:]}"
        say(f"The bank about {each.debit.id}, {debited}: {outcome}")


def deploy(stack: Stack) -> None:
    """Build and deploy what changed to the running stack."""
    stack.deploy()


def sam_local(stack: Stack) -> None:
    """Serve the portal from Lambda's containers; Ctrl-C stops them and the stack they call."""
    with _behind_containers(stack):
        sam.serve(stack)


def sam_journey(stack: Stack) -> None:
    """Serve the portal from Lambda's containers, take the journey of the README there, stop all."""
    with _behind_containers(stack):
        sam.check_journey(stack)
    say("The journey succeeds under sam local.")


@contextmanager
def _behind_containers(stack: Stack) -> Generator[None]:
    bridge.require_docker()
    _check_ports(stack)
    sam.choose_front(stack)
    with _started(stack):
        yield


def sam_invoke(stack: Stack) -> None:
    """Invoke functions in Lambda's containers with EVENT, or with every file of events/.

    They call the stack that runs, which stays, or one that is started for them.
    """
    events = options.events()
    bridge.require_docker()
    _check_ports(stack)
    if stack.is_running:
        say(f"Already running on port {stack.port}: deploying what changed. It stays afterwards.")
        stack.deploy()
        sam.invoke(stack, events)
    else:
        with _started(stack):
            sam.invoke(stack, events)


def status(stack: Stack) -> None:
    """Print whether the stack runs, and its address."""
    if stack.is_running:
        say(f"Running.\n{_addresses(stack)}")
    else:
        say("Not running.")


def clean(stack: Stack) -> None:
    """Stop, and delete all data: the developer's stack and the tests'."""
    _stop_beside(stack)
    stack.forget()
    for folder in LOCAL.glob("test*"):
        Stack(folder.name, 0).forget()
    say(f"Deleted the stacks' data in {LOCAL.name}/; the tools stay installed.")


COMMANDS: dict[str, Callable[[Stack], None]] = {
    command.__name__: command
    for command in (
        *(dev, up, down, deploy, mails, affiliate, business, plan, bank, status, clean),
        *(sam_local, sam_journey, sam_invoke),
    )
}


def _interrupt(_signal: int, _frame: FrameType | None) -> Never:
    """Handle the first signal to end like Ctrl-C; ignore further ones during the clean stop."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    """Run one command; print a ``StackError`` as a plain message, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.stack")
    parser.add_argument("command", choices=COMMANDS)
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        port = options.port()
        stack = Stack("dev", port)
        options.require_asked_port(stack, port)
        COMMANDS[arguments.command](stack)
    except KeyboardInterrupt:
        say("\nStopped.")
    except StackError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, OptionError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
