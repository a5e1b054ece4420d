"""The page in Chromium: it opens without errors or requests, and what it offers works."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import EVIL

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def opened(browser: Any, page: Path) -> Any:
    """The page, freshly loaded."""
    browser.get(page.as_uri())
    browser.execute_script("document.documentElement.style.scrollBehavior = 'auto'")
    return browser


def one(browser: Any, selector: str) -> Any:
    return browser.find_element("css selector", selector)


def all_of(browser: Any, selector: str) -> list[Any]:
    return browser.find_elements("css selector", selector)


def style(browser: Any, selector: str, name: str) -> list[str]:
    """A computed property of every element that fits."""
    script = "return [...document.querySelectorAll(arguments[0])].map((one) => getComputedStyle(one)[arguments[1]])"
    return browser.execute_script(script, selector, name)


def transforms(browser: Any) -> list[list[int]]:
    """How every picture is enlarged and moved, [a, b, c, d, x, y], in whole pixels: frames may differ by a 64th."""
    texts = style(browser, ".pane img", "transform")
    return [[round(float(number)) for number in text[7:-1].split(",")] for text in texts]


def soon(browser: Any, check: Callable[[], Any]) -> Any:
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, 20, 0.05).until(lambda _: check())


def actions(browser: Any) -> Any:
    from selenium.webdriver import ActionChains

    return ActionChains(browser, duration=50)


def keys() -> Any:
    from selenium.webdriver.common.keys import Keys

    return Keys


def test_no_errors_no_requests_and_every_chart_is_drawn(opened: Any, page: Path) -> None:
    for plot in all_of(opened, ".plot"):
        opened.execute_script("arguments[0].closest('details')?.setAttribute('open', '')", plot)
        opened.execute_script("arguments[0].scrollIntoView()", plot)
        soon(opened, lambda plot=plot: plot.find_elements("css selector", ".main-svg"))
    assert len(all_of(opened, ".plot")) >= 8
    assert [line["message"] for line in opened.get_log("browser")] == []
    messages = [json.loads(line["message"])["message"] for line in opened.get_log("performance")]
    asked = [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]
    since = asked.index(page.as_uri())  # before it, the browser had other pages
    assert {url.partition(":")[0] for url in asked[since + 1 :]} <= {"data", "blob"}


def test_a_name_that_is_a_tag_stays_a_text(opened: Any) -> None:
    assert all_of(opened, "img[src='x']") == []
    assert f"set / {EVIL}" in [one.text for one in all_of(opened, ".shot strong")]
    assert f"Watch {EVIL}" in one(opened, ".warnings li").text
    assert "19" in one(opened, "#scores").text


def test_the_divider_is_dragged(opened: Any) -> None:
    handle, (first, *others) = one(opened, ".handle"), style(opened, ".pane.left", "clipPath")
    assert others == [first] * 2
    width = one(opened, ".frame").size["width"]
    actions(opened).click_and_hold(handle).move_by_offset(width // 4, 0).release().perform()
    soon(opened, lambda: style(opened, ".pane.left", "clipPath") != [first] * 3)
    now = style(opened, ".pane.left", "clipPath")
    assert len(set(now)) == 1, "every image has the same divider"
    assert [74 <= int(one.get_attribute("aria-valuenow")) <= 76 for one in all_of(opened, ".handle")] == [True] * 3


def test_the_divider_obeys_the_keyboard(opened: Any) -> None:
    handle, before = all_of(opened, ".handle")[1], style(opened, ".pane.left", "clipPath")
    opened.execute_script("arguments[0].focus()", handle)
    actions(opened).send_keys(keys().ARROW_LEFT).perform()
    assert handle.get_attribute("aria-valuenow") == "48"
    assert style(opened, ".pane.left", "clipPath") != before
    actions(opened).send_keys(keys().HOME).perform()
    assert handle.get_attribute("aria-valuenow") == "0"
    actions(opened).send_keys(keys().END, keys().ARROW_RIGHT).perform()
    assert handle.get_attribute("aria-valuenow") == "100"


def test_zoom_and_place_are_the_same_everywhere(opened: Any) -> None:
    whole = [[1, 0, 0, 1, 0, 0]] * 6
    assert transforms(opened) == whole
    frame = one(opened, ".frame")
    opened.execute_script("arguments[0].focus()", frame)
    actions(opened).send_keys("++").perform()
    first = transforms(opened)[0]
    assert first[:4] == [4, 0, 0, 4] and transforms(opened) == [first] * 6
    assert first[4] == pytest.approx(-1.5 * frame.size["width"], abs=2), "the middle stays in the middle"
    assert one(opened, "[data-zoom='reset']").text == "4×"
    actions(opened).send_keys(keys().ARROW_RIGHT).perform()
    moved = transforms(opened)[0]
    assert transforms(opened) == [moved] * 6 and moved[4] < first[4] and moved[5] == first[5]
    actions(opened).move_to_element_with_offset(frame, 60, 20).click_and_hold().move_by_offset(
        30, 10
    ).release().perform()
    dragged = transforms(opened)[0]
    assert transforms(opened) == [dragged] * 6
    assert (dragged[4] - moved[4], dragged[5] - moved[5]) == pytest.approx((30, 10), abs=2), "it follows the pointer"
    assert one(opened, ".handle").get_attribute("aria-valuenow") == "50", "the divider stays"
    one(opened, "[data-zoom='reset']").click()
    assert transforms(opened) == whole


def test_any_two_of_all_can_be_compared(opened: Any) -> None:
    from selenium.webdriver.support.ui import Select

    def labels() -> list[str]:
        return [one.text for one in all_of(opened, ".label")][:2]

    assert labels() == ["two", "HR"]
    Select(one(opened, "[data-choice='left']")).select_by_value("LR")
    Select(one(opened, "[data-choice='right']")).select_by_value("bicubic")
    assert labels() == ["LR", "bicubic"]
    shown = one(opened, ".pane.right img").get_attribute("src")
    one(opened, ".controls [data-view='error']").click()
    assert labels() == ["LR", "bicubic, error"], "LR has another size: its picture stays"
    assert one(opened, ".pane.right img").get_attribute("src") != shown
    assert one(opened, "[data-bar='error']").is_displayed() and not one(opened, "[data-bar='spectrum']").is_displayed()
    one(opened, ".controls [data-view='spectrum']").click()
    assert labels() == ["LR", "bicubic, spectrum"]


def test_images_can_be_ordered_by_scores(opened: Any) -> None:
    from selenium.webdriver.support.ui import Select

    def order() -> list[str]:
        return [one.get_attribute("id") for one in all_of(opened, ".shot")]

    choice = Select(one(opened, "[data-choice='order']"))
    choice.select_by_visible_text("worst psnr: two")
    assert order() == ["shot-1", "shot-0", "shot-2"]
    choice.select_by_visible_text("best psnr: two")
    assert order() == ["shot-2", "shot-0", "shot-1"]
    choice.select_by_value("")
    assert order() == ["shot-0", "shot-1", "shot-2"]


def test_the_legend_hides_a_part_and_the_switch_changes_the_axis(opened: Any) -> None:
    chart = "document.querySelector('#losses .plot')"
    opened.execute_script(f"{chart}.scrollIntoView()")
    soon(opened, lambda: opened.execute_script(f"return {chart}.data !== undefined"))
    assert opened.execute_script(f"return {chart}.data.map((one) => one.visible)") == [True] * 3
    opened.execute_script("document.querySelector('#losses [data-part=\"1\"]').click()")
    soon(opened, lambda: opened.execute_script(f"return {chart}.data[1].visible") is False)
    assert one(opened, "#losses [data-part='1']").get_attribute("aria-pressed") == "false"
    assert opened.execute_script(f"return {chart}.layout.yaxis.type") == "linear"
    opened.execute_script("document.querySelector('[data-logarithmic]').click()")
    soon(opened, lambda: opened.execute_script(f"return {chart}.layout.yaxis.type") == "log")


def test_the_page_is_dark_where_people_like_it_dark(opened: Any) -> None:
    (light,) = style(opened, "body", "backgroundColor")
    query = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", query)
    try:
        (dark,) = style(opened, "body", "backgroundColor")
    finally:
        opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert sum(map(int, dark[4:-1].split(","))) < 100 < sum(map(int, light[4:-1].split(",")))
