"""The e-mail rule."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules import RuleError
from portal.rules.email import domain_key, email_key, mailbox_key, mask_email, parse_email


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("michel.dupont@example.fr", "michel.dupont@example.fr"),
        (" \u00a0michel.dupont@example.fr\u202f", "michel.dupont@example.fr"),
        ("\u202amichel.dupont@example.fr\u202c\ufeff", "michel.dupont@example.fr"),
        ("Michel.DUPONT@Example.FR", "Michel.DUPONT@example.fr"),
        ("michel+ae@example.fr", "michel+ae@example.fr"),
        ("m@example.fr", "m@example.fr"),
        ("mi\u1fefchel@example.fr", "mi`chel@example.fr"),
        ("michel@hôtel.example.fr", "michel@xn--htel-vqa.example.fr"),
        ("michel@ho\u0302tel.example.fr", "michel@xn--htel-vqa.example.fr"),
        ("michel@xn--htel-vqa.example.fr", "michel@xn--htel-vqa.example.fr"),
        ("a" * 64 + "@example.fr", "a" * 64 + "@example.fr"),
    ],
)
def test_addresses(typed: str, stored: str) -> None:
    """Addresses are stored trimmed, with their domain in lower-case ASCII."""
    assert parse_email(typed) == stored
    assert email_key(typed) == email_key(stored) == stored.lower()


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "required"),
        (" ", "required"),
        ("michel", "invalid-email"),
        ("@example.fr", "invalid-email"),
        ("michel@", "invalid-email"),
        ("michel@example", "invalid-email"),
        ("michel@example.f", "invalid-email"),
        ("michel@example.1a", "invalid-email"),
        ("michel@example..fr", "invalid-email"),
        ("michel..dupont@example.fr", "invalid-email"),
        ("michel@example.fr, eve@example.com", "invalid-email"),
        ("Michel <michel@example.fr>", "invalid-email"),
        ('"michel"@example.fr', "invalid-email"),
        ("michel@[127.0.0.1]", "invalid-email"),
        ("michel@localhost", "invalid-email"),
        ("michel dupont@example.fr", "invalid-email"),
        ("michel＠example.fr", "invalid-email"),
        ("hélène@example.fr", "invalid-characters"),
        ("michel\nBcc: eve@example.com", "invalid-characters"),
        ("michel\r\n@example.fr", "invalid-characters"),
        ("michel\u200b@example.fr", "invalid-characters"),
        ("michel\u202e@example.fr", "invalid-characters"),
        ("michel@exam\ud800ple.fr", "invalid-characters"),
        ("a" * 65 + "@example.fr", "invalid-email"),
        ("a" * 246 + "@example.fr", "invalid-length"),
        (" " * 320 + "@", "invalid-length"),
        ("a" * 230 + "@" + "é" * 15 + ".fr", "invalid-email"),
    ],
)
def test_refusals(typed: str, code: str) -> None:
    """Each kind of wrong address is refused with its code, injected headers among them."""
    with pytest.raises(RuleError) as caught:
        parse_email(typed)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("michel@example.fr", "michele@example.fr"),
        ("michel@example.fr", "michel+ae@example.fr"),
        ("michel@example.fr", "m.ichel@example.fr"),
        ("michel@example.fr", "mıchel@example.fr"),
        ("sophie@example.fr", "ſophie@example.fr"),
        ("michel@example.fr", "michel"),
    ],
)
def test_keys_of_different_addresses_differ(one: str, other: str) -> None:
    """A tag, a dot or a look-alike letter does not give another person's key."""
    assert email_key(one) != email_key(other)


addresses = st.builds(
    "{}@{}.{}".format,
    st.from_regex(r"[A-Za-z0-9+_-]{1,20}", fullmatch=True),
    st.text("abcXYZéàçßœØ日本-", min_size=1, max_size=12),
    st.sampled_from(["fr", "com", "FR", "example.org"]),
)


@given(text=st.text() | st.emails() | addresses)
def test_any_text_passes_or_is_refused(text: str) -> None:
    """Any text is accepted or refused; an accepted one is ASCII, stable, and keeps its key."""
    key = email_key(text)
    mask_email(text)
    assert email_key(key) == key
    try:
        stored = parse_email(text)
    except RuleError:
        return
    assert stored.isascii()
    assert len(stored) <= 254
    assert parse_email(stored) == stored
    assert email_key(stored) == key == stored.lower()


@pytest.mark.parametrize(
    ("email", "masked"),
    [
        ("michel.dupont@example.fr", "m••••••t@example.fr"),
        ("ab@example.fr", "a••••••b@example.fr"),
        ("a@example.fr", "a••••••a@example.fr"),
        ("@example.fr", "••••••"),
        ("michel", "••••••"),
    ],
)
def test_mask(email: str, masked: str) -> None:
    """The mask shows two letters and the domain, and hides the length."""
    assert mask_email(email) == masked


def test_key_and_mask_load_no_validator() -> None:
    """Key and mask, which login uses, load neither email-validator nor the idna tables."""
    code = (
        "import sys; from portal.rules.email import email_key, mask_email;"
        "mask_email(email_key('Michel@example.fr'));"
        "print({'email_validator', 'idna', 'dns'} & set(sys.modules))"
    )
    done = subprocess.run(  # noqa: S603 - a constant program
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"


def test_lengths_that_still_pass() -> None:
    """An address has up to 254 characters, and 320 with the spaces typed around it."""
    domain = ".".join("d" * length for length in (62, 61, 61)) + ".fr"
    longest = "a" * 64 + "@" + domain
    assert len(longest) == 254
    assert parse_email(longest) == longest
    padded = f"{longest}{' ' * (320 - len(longest))}"
    assert parse_email(padded) == longest
    with pytest.raises(RuleError, match="invalid-length"):
        parse_email(f"{padded} ")


def test_the_key_of_what_is_no_address() -> None:
    """The last « @ » counts, and an impossible domain is left unchanged."""
    assert email_key("A@B@Éxample.fr") == "a@b@xn--xample-9ua.fr"
    assert email_key("a@" + "é" * 300) == "a@" + "é" * 300


@pytest.mark.guards("mailbox-without-tags")
@pytest.mark.parametrize(
    ("email", "mailbox"),
    [
        ("victim@example.fr", "victim@example.fr"),
        ("Victim+1@Example.fr", "victim@example.fr"),
        ("victim+a+b@example.fr", "victim@example.fr"),
        ("+1@example.fr", "+1@example.fr"),
        ("v.i.c.t.i.m@example.fr", "v.i.c.t.i.m@example.fr"),
        ("v.i.c.tim+1@gmail.com", "victim@gmail.com"),
        ("vic.tim@googlemail.com", "victim@gmail.com"),
        ("victim-1@example.fr", "victim-1@example.fr"),
        ("v-i.c_tim+1@pm.me", "victim@proton.me"),
        ("victim@protonmail.com", "victim@proton.me"),
        ("victim@me.com", "victim@icloud.com"),
        ("vic.tim@mac.com", "vic.tim@icloud.com"),
        ("victim-shop@yahoo.fr", "victim@yahoo.fr"),
        ("victim@yahoo.com", "victim@yahoo.com"),
        ("-@yahoo.fr", "-@yahoo.fr"),
        ("._-@proton.me", "._-@proton.me"),
        ("victim", "victim"),
    ],
)
def test_mailbox(email: str, mailbox: str) -> None:
    """An address has the mailbox that its provider says, whatever the tags and ignored signs."""
    assert mailbox_key(email) == mailbox


@given(addresses)
def test_a_mailbox_never_joins_domains(text: str) -> None:
    """Whatever is typed has a mailbox; it is the same with a tag, and in its own domain."""
    assert mailbox_key(mailbox_key(text)) == mailbox_key(text)
    assert email_key(text).endswith(domain_key(text) or "")


def test_large_providers_have_no_pace() -> None:
    """Mails to people at a large provider are not counted together; to other domains they are."""
    assert domain_key("a@Gmail.com") is None
    assert domain_key("a@orange.fr") is None
    assert domain_key("a@Example.fr") == domain_key("b+1@example.fr") == "example.fr"


@pytest.mark.guards("subdomains-of-one")
def test_subdomains_have_the_pace_of_their_domain() -> None:
    """Who has a domain has any number of others below it; those of a registry are strangers."""
    assert domain_key("a@b.c.example.fr") == domain_key("a@d.example.fr") == "example.fr"
    assert domain_key("a@b.un.asso.fr") == "un.asso.fr" != domain_key("a@deux.asso.fr")
    assert domain_key("a@b.one.co.uk") == "one.co.uk"
    assert domain_key("a@localhost") == "localhost"
    assert domain_key("nobody") == "nobody"
