"""States that the service seldom shows: slow, silent, busy or broken."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import SIZES
from tests.browser.page_checks import still
from tests.browser.steps import IDENTIFIER, NIR, alert, choose_password, expect_title, fill, until
from tests.browser.steps import fill_sign_up as fill_sign_up_of
from tests.world.people import PASSWORD, new_person

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import Forgive, Look

pytestmark = [pytest.mark.stack, pytest.mark.browser]

TOKEN = "A" * 96
SECURITY = "/gerer/mon-compte/securite"
PROFILE: dict[str, Any] = {
    "last_name": "Dupont",
    "first_name": "Michel",
    "mobile_phone": "+33612345678",
    "mobile_phone_shown": "06\u00a012\u00a034\u00a056\u00a078",
    "email": "michel.dupont@example.fr",
    "email_receives": True,
    "new_email_masked": None,
    "nir_masked": "2 •• •• •• ••• •05",
    "siret": "35600000000048",
    "is_agent": False,
    "ways": ["password"],
    "password_changed_at": "2026-11-25T08:00:00Z",
    "created_at": "2026-11-25T08:00:00Z",
    "deletion_at": None,
    "affiliation": {"status": "pending", "reason": None},
    "services": [
        {"id": each, "open": False, "reason": "affiliation-pending"}
        for each in ("declare-and-pay", "payments", "documents", "messages")
    ],
}
SESSIONS = {
    "sessions": [
        {
            "id": "0123456789abcdef",
            "device": "Chrome, Linux",
            "created_at": "2026-11-25T08:00:00Z",
            "last_seen_at": "2026-11-25T09:00:00Z",
            "methods": ["password", "totp"],
            "current": True,
        }
    ]
}
FEED = {
    "previous_login_at": "2026-11-24T08:00:00Z",
    "entries": [
        {
            "id": "1",
            "at": "2026-11-25T08:00:00Z",
            "kind": "welcome",
            "title": "Bienvenue",
            "body": "Bienvenue MICHEL DUPONT sur votre nouvel espace personnel en ligne.",
        }
    ],
    "next_cursor": None,
}


def answer(status: int, body: object = None, **headers: str) -> "Callable[[Route], None]":
    """Return a function that answers a request of the page instead of the API."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    kind = "application/json" if status < 400 else "application/problem+json"
    return lambda route: route.fulfill(
        status=status, headers=sent | {"Content-Type": kind}, body=json.dumps(body or {})
    )


def problem(status: int, slug: str, **more: object) -> "Callable[[Route], None]":
    """Return a function that answers with a problem of the API."""
    detail = "Le service est momentanément indisponible."
    body = {"type": f"https://portail.example/problems/{slug}", "detail": detail} | more
    return answer(status, body, Retry_After="90")


def in_space(page: Page, *, feed: object = FEED, **profile: object) -> None:
    """Answer as the API does for a person who is logged in."""
    page.route("**/api/me", answer(200, PROFILE | profile))
    page.route("**/api/me/sessions", answer(200, SESSIONS))
    page.route("**/api/me/passkeys", answer(200, {"passkeys": [], "most": 20}))
    page.route("**/api/me/identities", answer(200, {"identities": [], "provider": None}))
    page.route("**/api/me/totp", answer(200, {"since": None, "recovery_codes_left": 0}))
    page.route("**/api/me/activity", answer(200, feed))


def fill_identifiers(page: Page) -> str:
    """Fill « Je n’ai pas encore de compte » in; return its button."""
    person = new_person()
    page.goto("/mon-compte")
    fill(page, {"Siret": person.siret, NIR: person.nir, "Clé": person.nir_key})
    return "Continuer"


def fill_sign_up(page: Page) -> str:
    """Fill « Créer mon compte » in; return its button."""
    page.goto("/creer-mon-compte")
    fill_sign_up_of(page, new_person())
    return "Créer mon compte"


def fill_resend(page: Page) -> str:
    """Go to where the mail is sent again; return its button."""
    page.goto("/accessibilite")
    sent = {"email": "m.dupont@example.fr", "email_masked": "m••••••t@example.fr"}
    page.evaluate("(sent) => sessionStorage.setItem('sent', JSON.stringify(sent))", sent)
    page.goto("/verifiez-vos-courriels")
    return "Renvoyer le courriel"


def fill_recovery(page: Page) -> str:
    """Fill « Mot de passe oublié » in; return its button."""
    page.goto("/mot-de-passe-oublie")
    fill(page, {IDENTIFIER: "m.dupont@example.fr"})
    return "Recevoir un lien"


def fill_password(page: Page) -> str:
    """Choose another password; return the button that saves it."""
    page.route("**/api/password-recovery/link", answer(204))
    page.goto(f"/nouveau-mot-de-passe#{TOKEN}")
    fill(page, {"Choisissez votre mot de passe": PASSWORD})
    fill(page, {"Confirmez votre mot de passe": PASSWORD})
    return "Enregistrer"


def fill_contact(page: Page) -> str:
    """Fill « Nous contacter » in; return its button."""
    page.goto("/nous-contacter")
    page.get_by_label("J’ai une impossibilité d’inscription").check()
    fill(page, {"Nom": "Dupont", "Prénom": "Michel", "Courriel": "m.dupont@example.fr"})
    fill(page, {"Message": "Je n’ai pas reçu de lien."})
    return "Envoyer"


FORMS = {
    "identifiers": (fill_identifiers, "**/api/signup/identifiers"),
    "sign-up": (fill_sign_up, "**/api/signup"),
    "resend": (fill_resend, "**/api/signup/resend"),
    "recovery": (fill_recovery, "**/api/password-recovery"),
    "password": (fill_password, "**/api/password"),
    "contact": (fill_contact, "**/api/contact"),
}


@pytest.mark.parametrize("form", FORMS)
def test_trouble_of_a_form(page: Page, look: "Look", forgive: "Forgive", form: str) -> None:
    """A form says that it is sending, delayed, down or offline, and keeps what was typed."""
    prepare, path = FORMS[form]
    button = page.get_by_role("button", name=prepare(page), exact=True)
    held: list[Route] = []
    page.route(path, lambda route: held.append(route), times=2)  # noqa: PLW0108
    button.click()
    expect(page.get_by_text("Envoi en cours… Merci de patienter.")).to_be_visible()
    button.click()
    look(f"{form}-sending")
    until(page, lambda: held)
    assert len(held) == 1, "a second click must send nothing"
    busy = "Trop de demandes. Patientez avant de recommencer."
    problem(429, "throttled", detail=busy)(held[0])
    page.unroute(path)
    alert(page, "Trop de demandes. Réessayez dans 2 minutes.")
    look(f"{form}-throttled")
    page.route(path, problem(503, "unavailable"), times=1)
    button.click()
    alert(page, "Le service rencontre une difficulté. Réessayez dans 2 minutes.")
    look(f"{form}-unavailable")
    page.context.set_offline(True)
    button.click()
    alert(page, "Vous êtes hors ligne. Vérifiez votre connexion à internet, puis réessayez.")
    page.context.set_offline(False)
    look(f"{form}-offline")
    values = page.locator("input:visible:not([type=checkbox], [type=search])")
    assert all(each.input_value() for each in values.all() if each.get_attribute("required"))
    forgive("status of 503|ERR_INTERNET_DISCONNECTED|api/")


def test_trouble_of_a_link(page: Page, look: "Look", forgive: "Forgive") -> None:
    """A link that cannot be checked is kept, and checked again."""
    path = "**/api/email-validation"
    held: list[Route] = []
    page.route(path, lambda route: held.append(route), times=1)  # noqa: PLW0108
    page.goto(f"/valider#{TOKEN}")
    expect(page.get_by_text("Vérification du lien… Merci de patienter.")).to_be_visible()
    look("checking")
    until(page, lambda: held)
    held[0].abort("internetdisconnected")
    expect_title(page, "Vérification impossible")
    alert(page, "Vérifiez votre connexion à internet")
    look("failed")
    page.route(path, problem(410, "link-expired", email_masked="m••••••t@example.fr"), times=1)
    page.get_by_role("button", name="Réessayer").click()
    expect_title(page, "Ce lien a expiré")
    forgive("ERR_INTERNET_DISCONNECTED|email-validation")


def test_motion(page: Page) -> None:
    """For who asked for less motion, nothing turns while the page waits."""
    page.route("**/api/email-validation", lambda _: None)
    page.goto(f"/valider#{TOKEN}")
    expect(page.locator("#checking")).not_to_be_empty()
    with pytest.raises(AssertionError, match="turn"):
        still(page)
    page.emulate_media(reduced_motion="reduce")
    still(page)


def test_space_that_loads(page: Page, look: "Look", forgive: "Forgive") -> None:
    """The space and the account say that they load, then which part failed."""
    in_space(page)
    held: list[Route] = []
    for path in ("**/api/me", "**/api/me/activity", "**/api/me/sessions"):
        page.route(path, lambda route: held.append(route), times=1)  # noqa: PLW0108
    page.goto("/gerer")
    expect(page.get_by_text("Chargement du fil d’activité…")).to_be_visible()
    look("space")
    page.unroute("**/api/me/activity")
    page.unroute("**/api/me")
    page.route("**/api/me", lambda route: held.append(route))  # noqa: PLW0108
    held.clear()
    page.goto("/gerer/mon-compte")
    expect(page.get_by_text("Chargement de votre compte…")).to_be_visible()
    look("account")
    page.unroute("**/api/me")
    in_space(page)
    page.route("**/api/me", problem(503, "unavailable"), times=1)
    page.reload()
    alert(page, "Votre compte n’a pas pu être chargé.")
    look("account-failed")
    page.get_by_role("button", name="Réessayer").click()
    expect(page.locator("[data-fill=email]")).to_have_text("michel.dupont@example.fr")
    page.route("**/api/me/export", problem(503, "unavailable"), times=1)
    page.get_by_role("button", name="Télécharger mes données").click()
    alert(page, "Le service rencontre une difficulté.")
    forgive("status of 503")


def test_security_that_fails(page: Page, look: "Look", forgive: "Forgive") -> None:
    """A section of « Sécurité » that cannot be read says so; the others are usable."""
    in_space(page)
    page.route("**/api/me", problem(503, "unavailable"), times=1)
    page.goto(SECURITY)
    alert(page, "La page n’a pas pu être chargée.")
    page.get_by_role("button", name="Réessayer").click()
    expect(page.locator("[data-fill=email]")).to_have_text("michel.dupont@example.fr")
    page.wait_for_load_state("networkidle")  # what is asked once more is not yet to fail
    page.route("**/api/me/sessions", problem(503, "unavailable"), times=1)
    page.route("**/api/me/totp", problem(503, "unavailable"), times=1)
    page.reload()
    alert(page, "Vos sessions n’ont pas pu être chargées.")
    expect(page.locator("#second-factor-more")).to_contain_text("n’a pas pu être lue")
    look("failed")
    page.get_by_role("button", name="Réessayer").click()
    expect(page.locator("#open-sessions li")).to_have_count(1)
    expect(page.locator("#open-sessions")).to_contain_text("par mot de passe et code")
    forgive("status of 503")


def test_few_codes_left(page: Page, look: "Look") -> None:
    """Who has few recovery codes left is asked to make new ones."""
    in_space(page, ways=["password", "second-factor"])
    few = {"since": "2026-11-01T08:00:00Z", "recovery_codes_left": 1}
    page.route("**/api/me/totp", answer(200, few))
    page.goto("/gerer/mon-compte")
    expect(page.locator("[data-fill=ways]")).to_have_text("Mot de passe et code")
    page.goto(SECURITY)
    expect(page.locator("#second-factor-state")).to_have_text("Active")
    expect(page.locator("#second-factor-more")).to_have_text(
        "Depuis le 1er novembre 2026. 1 code de secours : créez-en dix nouveaux."
    )
    look("few")


def test_no_password_to_ask(page: Page) -> None:
    """Who has no password is not asked for one."""
    in_space(page, ways=[], password_changed_at=None)
    page.route("**/api/me/export", problem(403, "reauthentication-required"))
    page.goto(SECURITY)
    expect(page.locator("[data-fill=password]")).to_have_text("Aucun")
    page.goto("/gerer/mon-compte")
    page.get_by_role("button", name="Télécharger mes données").click()
    alert(page, "reconnectez-vous pour continuer")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_feed_without_entries(page: Page, look: "Look") -> None:
    """An empty feed says what will be there."""
    in_space(page, feed={"previous_login_at": None, "entries": [], "next_cursor": None})
    page.goto("/gerer")
    expect(page.get_by_text("Aucune notification pour le moment.")).to_be_visible()
    look("empty")


def test_a_delayed_login(page: Page, look: "Look") -> None:
    """A delayed login says « Trop d’essais », for how long, and the way out."""
    page.goto("/mon-compte")
    fill(page, {IDENTIFIER: "m.dupont@example.fr", "Mot de passe": PASSWORD})
    said = "Trop d’essais avec cet identifiant. Patientez avant de recommencer, ou choisissez…"
    page.route("**/api/login", problem(429, "throttled", title="Trop d’essais", detail=said))
    page.get_by_role("button", name="Me connecter", exact=True).click()
    alert(page, "Trop d’essais avec cet identifiant. Réessayez dans 2 minutes, ou choisissez")
    look("delayed")


def test_a_recovery_without_account(page: Page) -> None:
    """After a recovery, the page counts down to the next mail and says what to do otherwise."""
    page.route("**/api/password-recovery", answer(202))
    page.goto("/mot-de-passe-oublie")
    fill(page, {IDENTIFIER: "m.dupont@example.fr"})
    page.get_by_role("button", name="Recevoir un lien").click()
    expect(page.locator("#pause")).to_contain_text("Un autre courriel pourra partir dans")
    expect(page.get_by_role("link", name="créez votre compte")).to_be_visible()


def test_the_first_of_a_month(page: Page) -> None:
    """The first day of a month is « 1er », the others are numbers."""
    in_space(page, deletion_at="2026-12-01T08:00:00Z")
    page.goto("/gerer/mon-compte")
    expect(page.locator("[data-fill=deletion_day]")).to_have_text("1er décembre 2026")
    in_space(page, deletion_at="2026-12-11T08:00:00Z")
    page.reload()
    expect(page.locator("[data-fill=deletion_day]")).to_have_text("11 décembre 2026")


def test_account_with_everything(page: Page, look: "Look") -> None:
    """The space and the account have room for the longest names and every notice at once."""
    long = "Wolfeschlegelsteinhausenbergerdorff-" * 2
    in_space(
        page,
        last_name=long,
        first_name=long,
        email=f"{long.lower()}@{'sous-domaine.' * 6}example.fr",
        email_receives=False,
        new_email_masked="m••••••t@example.fr",
        is_agent=True,
        siret=None,
        nir_masked=None,
        deletion_at="2026-12-25T08:00:00Z",
        affiliation={"status": "rejected", "reason": "Pièce d’identité illisible."},
    )
    page.goto("/gerer")
    expect(page.locator("#greeting")).to_contain_text(long)
    look("space")
    page.goto("/gerer/mon-compte")
    expect(page.get_by_text("Jamais attribué")).to_have_count(2)
    for words in ("Un mandataire a demandé", "sera supprimé le"):
        expect(page.get_by_text(words).filter(visible=True).first).to_be_visible()
    look("account")
    page.goto(SECURITY)
    for words in ("nous reviennent", "pour confirmer votre nouvelle adresse"):
        expect(page.get_by_text(words).filter(visible=True).first).to_be_visible()
    look("security")


def test_kept_account(page: Page) -> None:
    """What was done is said once, at the top, until the next click; dates are not broken."""
    in_space(page, deletion_at="2026-12-25T08:00:00Z")
    page.goto("/gerer/mon-compte")
    day = page.locator("[data-fill=deletion_day]")
    expect(day).to_have_text("25 décembre 2026")
    assert day.text_content() == "25\u00a0décembre 2026"
    in_space(page)
    page.get_by_role("button", name="Garder mon compte").click()
    expect(page.locator("#done")).to_have_text("Votre compte est conservé.")
    expect(page.locator("#done")).to_be_focused()
    expect(page.get_by_text("Votre compte est conservé.")).to_have_count(1)
    page.get_by_role("heading", name="Identité").click()
    expect(page.locator("#done")).to_be_hidden()
    page.goto("/gerer")
    time = page.locator("#feed time")
    expect(time).to_contain_text("novembre 2026")
    assert "25\u00a0novembre 2026" in (time.text_content() or "")


def test_kept_account_in_the_feed(page: Page) -> None:
    """« Garder mon compte » reads the feed again, and what it says goes at the next click."""
    in_space(page, deletion_at="2026-12-25T08:00:00Z")
    page.goto("/gerer")
    expect(page.locator("#feed > li")).to_have_count(1)
    kept = {
        **FEED["entries"][0],
        "id": "2",
        "kind": "deletion-cancelled",
        "title": "Compte conservé",
    }
    in_space(page, feed=FEED | {"entries": [kept, *FEED["entries"]]})
    page.get_by_role("button", name="Garder mon compte").click()
    expect(page.locator("#feed > li")).to_have_count(2)
    expect(page.get_by_role("heading", name="Compte conservé")).to_be_visible()
    notice = page.locator("#kept")
    expect(notice).to_have_text("Votre compte est conservé.")
    page.get_by_role("heading", name="Mon fil d’activité").click()
    expect(notice).to_be_hidden()


def test_new_devices(page: Page, look: "Look") -> None:
    """Logins from new devices, one after the other, are one line of the feed, which unfolds."""
    logins = [
        {
            "id": str(number),
            "at": f"2026-11-26T0{number}:00:00Z",
            "kind": "new-device",
            "title": "Connexion depuis un nouvel appareil",
            "body": f"Firefox {140 + number} sur Windows.",
        }
        for number in (4, 3, 2)
    ]
    in_space(page, feed=FEED | {"entries": [*logins, *FEED["entries"]]})
    page.goto("/gerer")
    expect(page.locator("#feed > li")).to_have_count(2)
    expect(page.get_by_role("heading", name="3 connexions depuis de nouveaux")).to_be_visible()
    page.get_by_text("Voir lesquelles").click()
    for number in (4, 3, 2):
        expect(page.get_by_text(f"0{number + 1}:00 : Firefox {140 + number}")).to_be_visible()
    look("unfolded")


@pytest.mark.parametrize(
    ("status", "words"), [(410, "Ce lien ne fonctionne pas"), (409, "sert maintenant à un autre")]
)
def test_address_that_is_not_confirmed(page: Page, look: "Look", status: int, words: str) -> None:
    """A new address that cannot be confirmed gives the reason and what to do."""
    in_space(page)
    page.route("**/api/me/email/confirmation", problem(status, "refused"))
    page.goto(f"/gerer/mon-compte#{TOKEN}")
    page.get_by_role("button", name="Confirmer mon adresse").click()
    expect(page.get_by_text(words)).to_be_visible()
    expect(page.locator("#confirmation-title")).to_be_focused()
    look(str(status))


@pytest.mark.parametrize(
    ("status", "slug", "title"),
    [
        (409, "identity-conflict", "Cette adresse sert à un autre compte"),
        (404, "link-unknown", "Ce lien n’est pas valable"),
    ],
)
def test_undoing_refused(page: Page, look: "Look", status: int, slug: str, title: str) -> None:
    """A change of address that cannot be undone gives the reason and whom to ask."""
    page.route("**/api/email-undo", problem(status, slug))
    page.goto(f"/annuler-changement#{TOKEN}")
    page.get_by_label("Je n’ai pas demandé ce changement").check()
    page.get_by_role("button", name="Annuler ce changement").click()
    expect_title(page, title)
    look(slug)


def test_module_that_does_not_come(page: Page, forgive: "Forgive") -> None:
    """A page whose module failed to load says how to go on."""
    in_space(page)
    page.route("**/assets/confirm-email-*.js", lambda route: route.abort())
    page.goto(f"/gerer/mon-compte#{TOKEN}")
    alert(page, "Rechargez la page pour confirmer votre adresse.")
    forgive("confirm-email|ERR_FAILED")
    page.unroute("**/assets/confirm-email-*.js")
    page.reload()
    expect(page.get_by_role("button", name="Confirmer mon adresse")).to_be_visible()


def test_search_without_its_index(page: Page, look: "Look", forgive: "Forgive") -> None:
    """A search whose index failed to load says so; the next one works."""
    page.goto("/une-question")
    page.route("**/assets/search-*.json", lambda route: route.abort())
    query = page.get_by_label("Cherchez dans le site")
    query.fill("acre")
    query.press("Enter")
    expect(page.get_by_text("La recherche ne fonctionne pas pour le moment.")).to_be_visible()
    look("failed")
    forgive("search-|ERR_FAILED")
    page.unroute("**/assets/search-*.json")
    query.press("Enter")
    expect(page.locator("#results li")).not_to_have_count(0)


def test_numbers_never_attributed(page: Page, look: "Look") -> None:
    """A number that the person does not have is empty, also on the next page."""
    page.goto("/mon-compte")
    for box in page.get_by_label("Ce numéro ne m’a jamais été attribué.").all():
        box.check()
    for label in ("Siret", NIR, "Clé"):
        expect(page.get_by_label(label, exact=True)).to_be_disabled()
    look("numbers")
    page.get_by_role("button", name="Continuer").click()
    expect_title(page, "Créer mon compte")
    for box in page.get_by_label("Ce numéro ne m’a pas encore été attribué.").all():
        expect(box).to_be_checked()


def test_password_shown(page: Page, look: "Look", forgive: "Forgive") -> None:
    """A password is shown on demand, which is announced, and hidden again when it is sent.

    The form is there although its link could not be checked.
    """
    page.route("**/api/password-recovery/link", problem(503, "unavailable"), times=1)
    page.goto(f"/nouveau-mot-de-passe#{TOKEN}")
    password = page.get_by_label("Choisissez votre mot de passe", exact=True)
    password.fill("Soleil")
    page.get_by_role("button", name="Afficher le mot de passe").click()
    expect(password).to_have_attribute("type", "text")
    expect(page.locator("#password-shown")).to_have_text("Ce que vous avez saisi est visible.")
    look("shown")
    choose_password(page, "Soleil")
    expect(password).to_have_attribute("type", "password")
    forgive("503")


@pytest.mark.parametrize("path", ["/", "/mon-compte", "/creer-mon-compte", "/gerer", "/valider"])
def test_without_scripts(browser: Browser, base_url: str, path: str) -> None:
    """Without scripts, a page says so and what to do."""
    context = browser.new_context(java_script_enabled=False, base_url=base_url, locale="fr-FR")
    page = context.new_page()
    page.set_viewport_size(SIZES[-1])
    page.goto(path)
    notice = page.locator("noscript p").first
    expect(notice).to_be_visible()
    assert "besoin de JavaScript" in (notice.text_content() or "")
    context.close()
