"""The report in headless Chromium: what a reader sees and clicks."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from tests.builders import make_image
from tests.records.road import RecordedRoad, record_cars, settings
from tests.shared_material import need_tool
from traffic_monitor.records.run_folder import SCENE_FILE
from traffic_monitor.report.page import write_report
from traffic_monitor.shared_utils.frame_codec import encode_frame

pytestmark = pytest.mark.browser

IMAGE = "<img src=x onerror=document.title=1>"
HOSTILE = f"</script>{IMAGE}{{{{7*7}}}}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    options = ChromeOptions()
    options.binary_location = need_tool("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,1600"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options, ChromeService(need_tool("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 60 vehicles, 57 cars with plates and 3 trucks without, with pictures of the cars."""
    run = tmp_path_factory.mktemp("run")
    road = RecordedRoad(run)
    picture = encode_frame(make_image(60, 30), 90)
    cv2.imwrite(str(run / SCENE_FILE), make_image())
    for track in range(1, 61):
        road.drive_down(track, class_name="truck" if track > 57 else "car")
        if track <= 57:
            road.read(track, f"KLM{track:03d}", plate_picture_jpeg=picture, vehicle_picture_jpeg=picture)
        for _ in range(60):
            road.see()
    road.end()
    write_report(run)
    return run


@pytest.fixture
def page(browser: Chrome, folder: Path) -> Chrome:
    """The report, freshly opened."""
    return opened(browser, folder)


def opened(browser: Chrome, folder: Path) -> Chrome:
    browser.get_log("browser")
    browser.get((folder / "report.html").as_uri())
    return browser


def find(page: Chrome, selector: str) -> WebElement:
    return page.find_element(By.CSS_SELECTOR, selector)


def texts(page: Chrome, selector: str) -> list[str]:
    return [element.text for element in page.find_elements(By.CSS_SELECTOR, selector)]


def column(page: Chrome, number: int) -> list[str]:
    return texts(page, f"#table tbody td:nth-child({number})")


def test_nothing_goes_wrong_and_the_charts_are_there(page: Chrome) -> None:
    assert page.get_log("browser") == []
    for chart in ("#counts .bars .point", "#flow .sankey-link", "#paths .scatterlayer path.js-line"):
        assert page.find_elements(By.CSS_SELECTOR, chart), chart
    assert (
        find(page, "#paths .imagelayer image, #paths .layer-below image")
        .get_attribute("href")
        .startswith("data:image/jpeg")
    )
    numbers = dict(text.split("\n")[::-1] for text in texts(page, "#headlines div"))
    assert (numbers["vehicles"], numbers["car"], numbers["plates read (95%)"]) == ("60", "57", "57")


def luminance(page: Chrome, selector: str, style: str) -> float:
    """Of the colour of an element, 0 (black) to 1."""
    text = page.execute_script(
        "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]", selector, style
    )
    red, green, blue = (int(part) for part in re.findall(r"\d+", text)[:3])
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


@pytest.fixture
def choose_scheme(browser: Chrome) -> Iterator[Callable[[str], None]]:
    """What the reader has chosen for the desktop: light or dark."""

    def choose(scheme: str) -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}] if scheme else []
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    yield choose
    choose("")


WORDS = ("h1", "section p", "#table td", "#gallery figcaption b", "button#more")
IN_CHARTS = ("#counts .xtick text", "#counts .legendtext", "#flow .node-label", "#paths .legendtext")


@pytest.mark.parametrize("switched", [False, True], ids=["opened so", "switched while it is open"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_charts_can_be_read_in_light_and_dark(
    scheme: str, switched: bool, choose_scheme: Callable[[str], None], browser: Chrome, folder: Path
) -> None:
    choose_scheme({"light": "dark", "dark": "light"}[scheme] if switched else scheme)
    page = opened(browser, folder)
    choose_scheme(scheme)
    WebDriverWait(page, 10).until(lambda _: (luminance(page, IN_CHARTS[0], "fill") > 0.5) == (scheme == "dark"))
    behind = luminance(page, "section", "backgroundColor")
    assert (behind < 0.5) == (scheme == "dark")
    for selector, style in [*((each, "color") for each in WORDS), *((each, "fill") for each in IN_CHARTS)]:
        assert abs(luminance(page, selector, style) - behind) > 0.4, selector
    assert page.get_log("browser") == []


def test_codes_are_told_in_words(browser: Chrome, tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path)
    road.drive_down(1)
    road.read(1, "K", unread_reason="too_few_readings")
    road.end()
    write_report(tmp_path)
    page = opened(browser, tmp_path)
    assert column(page, 11) == ["read too few times to be sure"]
    assert column(page, 7) == ["from top to bottom"]


def test_it_needs_nothing_but_itself(folder: Path, browser: Chrome, tmp_path: Path) -> None:
    shutil.copy(folder / "report.html", tmp_path)
    opened(browser, tmp_path)
    assert browser.get_log("browser") == []
    loaded = browser.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith('data:'))"
    )
    assert loaded == []
    assert all(
        browser.execute_script(
            "return [...document.querySelectorAll('#gallery img')].map(i => i.naturalWidth > 0)"
        )
    )


def test_the_bars_of_one_direction_can_be_chosen(page: Chrome) -> None:
    assert page.find_elements(By.CSS_SELECTOR, "#counts .bars .point path")
    Select(find(page, "#direction")).select_by_visible_text("main: out")
    heights = page.execute_script(
        "return [...document.querySelectorAll('#counts .bars .point path')].map(p => p.getBBox().height)"
    )
    assert not any(heights)


def test_the_heat_map_is_one_click_away_and_back(page: Chrome) -> None:
    find(page, "#show-heat").click()
    assert page.find_elements(By.CSS_SELECTOR, "#paths .heatmaplayer image")
    assert not page.find_elements(By.CSS_SELECTOR, "#paths .scatterlayer path.js-line")
    find(page, "#show-paths").click()
    assert page.find_elements(By.CSS_SELECTOR, "#paths .scatterlayer path.js-line")


def test_the_table_filters_by_words_class_and_line(page: Chrome) -> None:
    find(page, "#filter").send_keys("klm01")
    assert column(page, 9) == [f"KLM{number:03d}" for number in range(10, 20)]
    assert find(page, "#found").text == "10 vehicles"
    find(page, "#filter").clear()
    find(page, "#filter").send_keys("car KLM057")
    assert column(page, 9) == ["KLM057"]
    find(page, "#filter").clear()
    find(page, "#filter").send_keys(" ")
    Select(find(page, "#filter-class")).select_by_visible_text("truck")
    assert column(page, 1) == ["58", "59", "60"]
    Select(find(page, "#filter-direction")).select_by_visible_text("main: out")
    assert column(page, 1) == []


def test_the_table_sorts_and_what_is_missing_comes_last(page: Chrome) -> None:
    plate = find(page, "#table th:nth-child(9) button")
    plate.click()
    assert column(page, 9)[:2] == ["KLM001", "KLM002"]
    plate.click()
    assert column(page, 9)[:2] == ["KLM057", "KLM056"]
    assert find(page, "#table th:nth-child(9)").get_attribute("aria-sort") == "descending"
    find(page, "#after").click()
    assert column(page, 9)[-3:] == ["", "", ""]


def test_the_table_pages(page: Chrome) -> None:
    assert (len(column(page, 1)), find(page, "#page").text) == (50, "page 1 of 2")
    assert not find(page, "#before").is_enabled()
    find(page, "#after").click()
    assert column(page, 1) == [str(number) for number in range(51, 61)]
    assert not find(page, "#after").is_enabled()


def test_the_gallery_shows_crop_text_and_certainty_and_more_on_demand(page: Chrome) -> None:
    captions = texts(page, "#gallery figcaption")
    assert len(captions) == 24
    assert captions[0].startswith("KLM001\n90 % sure · car")
    assert len(page.find_elements(By.CSS_SELECTOR, "#gallery img.plate")) == 24
    find(page, "#more").click()
    find(page, "#more").click()
    assert len(texts(page, "#gallery figcaption")) == 57
    assert not find(page, "#more").is_displayed()


def test_names_are_text_whatever_is_in_them(browser: Chrome, tmp_path: Path) -> None:
    line = {"name": HOSTILE, "points": [[0, 0.5], [1, 0.5]], "in_name": IMAGE}
    config = settings(camera_id=HOSTILE, vehicle_counter={"lines": [line]})
    record_cars(tmp_path, [HOSTILE, "KLM7"], config)
    write_report(tmp_path)
    page = opened(browser, tmp_path)
    assert page.get_log("browser") == []
    assert page.title == f"{HOSTILE} · Traffic Monitor"
    assert find(page, "h1").text == HOSTILE
    assert column(page, 9) == [HOSTILE, "KLM7"]
    assert not page.find_elements(By.CSS_SELECTOR, "img[src=x]")


def test_a_run_in_which_nothing_passed_has_a_report(browser: Chrome, tmp_path: Path) -> None:
    RecordedRoad(tmp_path).end()
    write_report(tmp_path)
    page = opened(browser, tmp_path)
    assert page.get_log("browser") == []
    assert texts(page, "section p") == [
        "No vehicle has crossed a line.", "No vehicle has passed.", "No vehicle has moved.", "No plate was read.",
        "No vehicle has passed.",
    ]  # fmt: skip
