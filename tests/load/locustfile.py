"""The journey's users, run by Locust in an environment of its own.

Each has an address of its own. A refusal that says « later » (429, 503) is a valid answer. Another
error, or a confirmed account that is not there, is a failure.
"""

import json
import os
import random
import re
import threading
import time
from pathlib import Path
from typing import Any

import requests
from locust import FastHttpUser, between, events, task

from tests.world.client import new_address
from tests.world.people import PASSWORD, Person, new_person

SEEDED = int(os.environ["LOAD_SEEDED"])
"""Accounts that are in the table from the start."""
MAILS = os.environ["LOAD_MAILS"]
"""Where mails are read; empty to sign up without waiting for them."""
CREATED = Path(os.environ["LOAD_CREATED"])
"""Where the addresses of accounts are noted whose creation was confirmed."""
LATER = {429, 503}
_PATIENCE = 60.0
_LOCK = threading.Lock()


class Visitor(FastHttpUser):
    """Somebody with an account, or about to create one."""

    wait_time = between(0.1, 0.5)

    def on_start(self) -> None:
        """Get an address, without a session yet."""
        self.address = new_address()
        self.session = ""

    def ask(self, method: str, path: str, body: object, expected: set[int]) -> Any:
        """Send a request; any answer but the expected one or « later » is a failure."""
        headers = {"Content-Type": "application/json", "X-Forwarded-For": self.address}
        headers["Host"] = os.environ["LOAD_HOST"]
        if self.session:
            headers["Cookie"] = f"__Host-session={self.session}"
        with self.client.request(
            method,
            path,
            data=None if body is None else json.dumps(body),
            headers=headers,
            name=f"{method} {path}",
            catch_response=True,
        ) as answer:
            if answer.status_code in expected | LATER:
                answer.success()
            else:
                answer.failure(f"{answer.status_code} {(answer.text or '')[:200]}")
        return answer

    def log_in(self, email: str) -> bool:
        """Log in; return whether a session was opened."""
        self.session = ""
        answer = self.ask("POST", "/api/login", {"identifier": email, "password": PASSWORD}, {200})
        found = re.search(r"__Host-session=([^;]+)", str(answer.headers.get("Set-Cookie", "")))
        self.session = found[1] if found else ""
        return bool(self.session)

    @task(6)
    def visit(self) -> None:
        """Log in, read the feed and the account, log out."""
        email = f"charge-{random.randrange(SEEDED)}@example.fr"
        if self.log_in(email):
            self.ask("GET", "/api/me/activity", None, {200})
            self.ask("GET", "/api/me", None, {200})
            self.ask("POST", "/api/logout", {}, {204})

    @task(1)
    def mistype(self) -> None:
        """Type a wrong password."""
        email = f"charge-{random.randrange(SEEDED)}@example.fr"
        form = {"identifier": email, "password": "Faux-mot-de-passe-1"}
        self.ask("POST", "/api/login", form, {401})

    @task(2)
    def read(self) -> None:
        """Read the first screens."""
        for page in ("/", "/mon-compte"):
            self.ask("GET", page, None, {200})

    @task(2)
    def create(self) -> None:
        """Go from a sign-up to an account, and log in to it."""
        person = new_person()
        self.session = ""
        answer = self.ask("POST", "/api/signup", person.form(), {202})
        if not MAILS or answer.status_code != 202:
            return
        token = _token(person)
        if token is None:
            events.request.fire(
                request_type="MAIL",
                name="validation mail",
                response_time=_PATIENCE * 1000,
                response_length=0,
                exception=TimeoutError("no mail came"),
            )
            return
        self.ask("POST", "/api/email-validation", {"token": token}, {200})
        form = {"token": token, "password": PASSWORD, "confirmation": PASSWORD}
        if self.ask("PUT", "/api/password", form, {204}).status_code == 204:
            with _LOCK, CREATED.open("a") as created:
                created.write(f"{person.email}\n")
            self.log_in(person.email)


def _token(person: Person) -> str | None:
    """Wait for the validation mail; return its link's token."""
    started = time.monotonic()
    while time.monotonic() - started < _PATIENCE:
        accounts = requests.get(MAILS, timeout=30).json()["messages"]
        for mail in (each for mails in accounts.values() for each in mails):
            if mail["To"] == [person.email]:
                found = re.search(r"/valider#(\S{96})", mail["BodyText"])
                events.request.fire(
                    request_type="MAIL",
                    name="validation mail",
                    response_time=(time.monotonic() - started) * 1000,
                    response_length=0,
                    exception=None,
                )
                return found[1] if found else None
        time.sleep(0.5)
    return None
