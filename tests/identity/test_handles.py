"""Which sign-up a mail is about: that of the browser that asks, else each of the address."""

from collections.abc import Callable
from typing import Any

import pytest

from portal.core.links import new_id
from tests.world.functions import Answer, Gateway
from tests.world.use_cases import EMAIL, OTHER, PERSON
from tests.world.world import NOW, Mail, World

STRANGER: dict[str, Any] = {"nir": "294032A120005", "siret": "35600000049837"}
MASKED = ("2\u00a0••\u00a0••\u00a0••\u00a0•••\u00a0•05", "356\u00a0•••\u00a0•••\u00a0••048")


@pytest.fixture
def ask(gateway: Gateway) -> Callable[..., Answer]:
    """Return what asks for the mail again."""

    def ask(at: int, **form: Any) -> Answer:
        return gateway.ask("signup", "POST", "/api/signup/resend", form, now=NOW + at)

    return ask


def sirets(world: World, mails: list[Mail]) -> list[str | None]:
    """Return the Siret of the sign-up that each mail is about."""
    return [world.open_link(each.token, NOW + 120).siret for each in mails]


@pytest.mark.guards("resend-of-its-sign-up")
def test_a_resend_is_about_the_sign_up_of_the_browser(
    world: World, gateway: Gateway, ask: Callable[..., Answer]
) -> None:
    """With the handle of its answer, a browser gets its own sign-up, not a stranger's newer one."""
    own = gateway.ask("signup", "POST", "/api/signup", PERSON).json["registration"]
    world.sign_up(NOW + 1, **STRANGER)
    world.deliver()
    assert ask(120, email=EMAIL.upper(), registration=own).status == 202
    assert sirets(world, world.deliver(NOW + 120)) == [PERSON["siret"]]


def test_without_handle_each_open_sign_up(world: World, ask: Callable[..., Answer]) -> None:
    """Without handle the address gets the link of each open sign-up, the newest last."""
    world.sign_up(NOW)
    world.sign_up(NOW + 1, **STRANGER)
    world.deliver()
    assert ask(120, email=EMAIL).status == 202
    assert sirets(world, world.deliver(NOW + 120)) == [PERSON["siret"], STRANGER["siret"]]


@pytest.mark.guards("few-for-one-resend")
def test_few_mails_for_one_resend(world: World, ask: Callable[..., Answer]) -> None:
    """However often strangers sign up with an address, one resend sends it three mails at most."""
    for second in range(6):
        world.sign_up(NOW + second)
    world.deliver()
    ask(120, email=EMAIL)
    assert len(world.deliver(NOW + 120)) == 3
    ask(240, email=EMAIL)
    assert len(world.deliver(NOW + 240)) == 2, "three more an hour"
    ask(3600, email=EMAIL)
    assert len(world.deliver(NOW + 3600)) == 1


@pytest.mark.guards("handle-of-its-address")
def test_a_handle_of_another_address(world: World, ask: Callable[..., Answer]) -> None:
    """A handle of another address, or of no sign-up, is answered alike and sends nothing."""
    world.sign_up(NOW)
    other = world.sign_up(NOW, email=OTHER)
    world.deliver()
    bodies = {ask(120 + 60 * n, email=EMAIL, registration=each).text
              for n, each in enumerate((other, new_id()))}  # fmt: skip
    assert bodies == {"{}"}
    assert world.deliver(NOW + 240) == []


@pytest.mark.parametrize("handle", ["", "x", "é" * 43, "A" * 44, 7, ["A" * 43]], ids=str)
def test_what_is_no_handle(ask: Callable[..., Answer], handle: object) -> None:
    """What cannot be a handle is refused, whatever the address."""
    answer = ask(0, email=EMAIL, registration=handle)
    assert answer.status == 422
    assert [each["field"] for each in answer.json["errors"]] == ["registration"]


def test_a_holder_with_a_handle(world: World, gateway: Gateway, ask: Callable[..., Answer]) -> None:
    """A holder who signs up again gets a handle like anybody, and « vous avez déjà un compte »."""
    world.open_account()
    world.deliver()
    answer = gateway.ask("signup", "POST", "/api/signup", PERSON, now=NOW + 120)
    assert set(answer.json) == {"email_masked", "registration"}
    world.deliver(NOW + 120)
    ask(240, email=EMAIL, registration=answer.json["registration"])
    (mail,) = world.deliver(NOW + 240)
    assert mail.subject == "Vous avez déjà un compte"


def test_what_one_confirms_is_shown(world: World, gateway: Gateway) -> None:
    """The mail and the opened link show the NIR and the Siret, masked; null without number."""
    world.sign_up()
    (mail,) = world.deliver()
    opened = gateway.ask("validate_email", "POST", "/api/email-validation", {"token": mail.token})
    assert (opened.json["nir_masked"], opened.json["siret_masked"]) == MASKED
    for words in (mail.text, mail.html):
        assert all(each in words for each in MASKED)
        assert PERSON["siret"] not in words
        assert PERSON["nir"] not in words
    world.sign_up(NOW, email=OTHER, nir=None, siret=None)
    (mail,) = world.deliver()
    opened = gateway.ask("validate_email", "POST", "/api/email-validation", {"token": mail.token})
    assert (opened.json["nir_masked"], opened.json["siret_masked"]) == (None, None)
    assert mail.text.count("jamais attribué") == 2
