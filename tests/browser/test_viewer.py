"""What somebody who may look only can reach, in a real browser: with `--viewer`, and signed in."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.store import Store
from tests.browser.conftest import Visitor, serve
from tests.browser.test_uploads import REFUSED, cookies_of, part, put, uploaded_to
from tests.loopback.openid import OpenIdServer
from tests.pages.runs import finished_run

CLOSED = ("upload", "configure", "label", "calls")
OPEN = {
    "results": "Results",
    "runs": "Runs",
    "compare": "Compare",
    "calibrate": "Calibrate",
    "experiments": "Experiments",
}
HARM = (
    "Run",
    "Resume",
    "Cancel",
    "Rename",
    "Save",
    "Delete",
    "Pin",
    "Archive",
    "Branch",
    "Import",
    "Describe",
    "Label",
)
CRAFTED = "resume=1&cancel=1&delete=1&role=analyst&viewer=0&words=true"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("viewer")
    finished_run(home / "persona.db")
    return home


@pytest.fixture(scope="module")
def viewers(home: Path) -> Iterator[str]:
    """The address of a server for viewers: on a database of its own, which nobody else may change meanwhile."""
    with serve(home, "--viewer") as address:
        yield address


@pytest.fixture
def looking(browser: object, viewers: str) -> Iterator[Visitor]:
    visitor = Visitor(browser, viewers)
    yield visitor
    visitor.context.close()


def test_a_viewer_finds_every_page_that_writes_closed_and_no_button_that_does(looking: Visitor, home: Path) -> None:
    store = Store(home / "persona.db")
    run = store.runs()[0]
    before = (store.runs(), store.studies(), store.removed_runs())
    for name in CLOSED:
        looking.open(f"/{name}?run={run.id}&study={run.study_id}&{CRAFTED}")
        looking.page.get_by_text("You are viewing. Only analysts upload").wait_for()
        assert looking.page.locator("input, textarea, [data-testid=stFileUploader]").count() == 0
    for name, title in OPEN.items():
        looking.open(f"/{name}?run={run.id}&runs={run.id}&chosen={run.id}&{CRAFTED}")
        assert looking.page.get_by_role("heading", name=title, exact=True).is_visible()
        assert not {text.split("\n")[-1].strip() for text in _buttons(looking)} & set(HARM)
    menu = looking.page.get_by_test_id("stSidebarNav").inner_text()
    assert not [title for title in ("Upload", "Configure", "Label", "Calls") if title in menu]
    assert (store.runs(), store.studies(), store.removed_runs()) == before


def test_a_viewer_takes_a_report_and_a_bundle_away(looking: Visitor, home: Path) -> None:
    looking.open("/results")
    looking.page.get_by_role("button", name="Export").click()
    looking.settle()
    assert not looking.page.get_by_text("With words of the study").is_visible()
    for name, ending in (("Report (simulated)", ".html"), ("Bundle for another installation", ".zip")):
        with looking.page.expect_download() as download:
            looking.page.get_by_role("button", name=name, exact=True).click()
        assert download.value.path().stat().st_size > 1000, download.value.failure()
        assert download.value.suggested_filename.endswith(ending)


def _buttons(visitor: Visitor) -> list[str]:
    return [button.inner_text() for button in visitor.page.locator("button:visible:not(th button)").all()]


# --- signing in ------------------------------------------------------------------------------------

ROLES = 'analysts = ["ana@example.org"]\nviewers = ["@board.example"]\n'


@pytest.fixture(scope="module")
def signing_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, OpenIdServer, Path]]:
    home = tmp_path_factory.mktemp("team")
    finished_run(home / "persona.db")
    with OpenIdServer() as provider:
        secrets = home / ".streamlit" / "secrets.toml"
        secrets.parent.mkdir()
        secrets.write_text(provider.secrets_file(ROLES))
        with serve(home) as address:
            yield address, provider, secrets


def _signed_in(browser: object, team: tuple[str, OpenIdServer, Path], **person: object) -> Visitor:
    address, provider, _ = team
    visitor = Visitor(browser, address)
    visitor.open("/results")
    visitor.page.get_by_text("Sign in to see studies and runs.").wait_for()
    assert not visitor.page.get_by_test_id("stSidebarNav").is_visible()
    provider.person = person
    visitor.page.get_by_role("button", name="Sign in").click()
    visitor.page.get_by_role("button", name="Sign out").wait_for(timeout=60_000)
    visitor.settle()
    return visitor


@pytest.mark.slow
def test_somebody_of_the_domain_of_viewers_may_look(
    browser: object, signing_in: tuple[str, OpenIdServer, Path]
) -> None:
    visitor = _signed_in(browser, signing_in, email="Chair@board.example", email_verified=True)
    visitor.open("/configure")
    visitor.page.get_by_text("You are viewing. Only analysts upload").wait_for()
    visitor.open("/results")
    assert visitor.page.get_by_role("heading", name="Results", exact=True).is_visible()
    assert not {"Rename", "Branch", "Label"} & {text.split("\n")[-1].strip() for text in _buttons(visitor)}
    visitor.page.get_by_role("button", name="Export").click()
    visitor.settle()
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("button", name="Bundle for another installation").click()
    assert download.value.path().stat().st_size > 1000
    visitor.page.get_by_role("button", name="Sign out").click()
    visitor.page.get_by_text("Sign in to see studies and runs.").wait_for()
    visitor.context.close()


@pytest.mark.slow
def test_an_analyst_loses_the_right_with_the_entry_and_a_secrets_file_that_is_gone_lets_nobody_in(
    browser: object, signing_in: tuple[str, OpenIdServer, Path]
) -> None:
    visitor = _signed_in(browser, signing_in, email="ana@example.org")
    assert visitor.page.get_by_role("button", name="Bring your own").is_visible()
    secrets = signing_in[2]
    kept = secrets.read_text()
    secrets.write_text(kept.replace("ana@example.org", "ben@example.org"))
    _told(visitor, "has no role here.")
    secrets.write_text("[auth")
    _told(visitor, "cannot be read as TOML, so access is refused")
    secrets.unlink()
    _told(visitor, "its [auth] section is gone, so access is refused")
    secrets.write_text(kept)
    visitor.context.close()


@pytest.mark.slow
def test_with_a_sign_in_only_analysts_upload(browser: object, signing_in: tuple[str, OpenIdServer, Path]) -> None:
    ana = _signed_in(browser, signing_in, email="ana@example.org")
    url = uploaded_to(ana)
    chair = _signed_in(browser, signing_in, email="chair@board.example")
    stranger = _signed_in(browser, signing_in, email="eve@elsewhere.example")
    for cookie in ("", "_streamlit_user=forged", cookies_of(chair), cookies_of(stranger)):
        assert put(url, part(100), cookie=cookie) == REFUSED
        assert put(url, cookie=cookie, says=10**9) == REFUSED
    for visitor in (ana, chair, stranger):
        visitor.context.close()


def _told(visitor: Visitor, words: str) -> None:
    """Open the page until it tells so: Streamlit looks at the file again within a second or two."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        visitor.open("/configure")
        if visitor.page.get_by_text(words).is_visible():
            return
    raise AssertionError(visitor.page.inner_text("body"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("person", "told"),
    [
        ({"email": "eve@elsewhere.example"}, "has no role here."),
        ({"email": "ana@example.org", "email_verified": False}, "Your account has no verified e-mail address"),
        ({"name": "ana@example.org"}, "Your account has no verified e-mail address"),
    ],
)
def test_a_stranger_sees_nothing(
    browser: object, signing_in: tuple[str, OpenIdServer, Path], person: dict[str, object], told: str
) -> None:
    visitor = _signed_in(browser, signing_in, **person)
    for name in (*CLOSED, *OPEN):
        visitor.open(f"/{name}")
        visitor.page.get_by_text(told).wait_for()
        assert visitor.page.locator("h1").all_inner_texts() == ["Persona"]
        assert not visitor.page.get_by_test_id("stSidebarNav").is_visible()
    visitor.context.close()
