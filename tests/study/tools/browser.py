"""Opens the study's pages in a real browser: no requests, no errors, every field by keyboard, nothing cut.

usage: browser.py [--shots FOLDER] FOLDER_OF_PAGES
Needs PyPI's playwright, and Debian's chromium (or another, named by CHROMIUM).
"""

import json
import os
import re
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
# Names, numbers and notation that are the same in both languages.
SAME = re.compile(r"^[\W\d_]*$|^[0-9a-f ]+$")


def watch(page, problems):
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: problems.append(request.url) if not request.url.startswith("file:") else None)


def keyboard(page):
    """Every record is opened by Enter, every field reached by the arrow keys; what is lit is the field's bytes."""
    page.evaluate("window.scrollTo(0, 0)")
    rows = page.locator(".row").count()
    # All are open: closed by Enter, and opened again.
    for row in range(rows):
        for expanded in ("false", "true"):
            page.locator(".row").nth(row).focus()
            page.keyboard.press("Enter")
            assert page.locator(".row").nth(row).get_attribute("aria-expanded") == expanded
    fields = page.evaluate("[...document.querySelectorAll('.f')].length")
    page.evaluate(
        """() => {
        window.walked = [];
        document.addEventListener('focusin', ({ target: e }) => {
            if (e.classList.contains('row')) return;
            const f = F.get(+e.dataset.f);
            const shown = [...e.closest('.part').querySelectorAll('.hex .on')].map(s => s.textContent).join('').replace(/ /g, '');
            const bytes = hexOf(f.space, f.start, f.start + f.len).replace(/ /g, '');
            const box = document.getElementById('info').textContent;
            walked.push(shown !== bytes ? `${f.name}: lit ${shown}, not ${bytes}`
                : !box.includes(f.name) || !box.includes(L(f.text)) ? `${f.name} is not explained`
                : f.text.en && f.text.es ? f.id : `${f.name} has no text`);
        });
    }"""
    )
    page.locator(".row").first.focus()
    for _ in range(fields + rows - 1):
        page.keyboard.press("ArrowDown")
    walked = page.evaluate("walked")
    wrong = [problem for problem in walked if isinstance(problem, str)]
    assert not wrong, wrong[0]
    assert len(set(walked)) == fields, f"{len(set(walked))} of {fields} fields"
    return fields


def mouse(page):
    """Pointing at bytes lights their field and explains it."""
    span = page.locator(".hex span").nth(2)
    span.hover()
    id_ = span.get_attribute("data-leaf")
    assert page.evaluate("state.field") == int(id_)
    assert "on" in span.get_attribute("class")


def shown_bytes_are_the_captures(page, study):
    """Each leaf's bytes on the page are those that the JSON, made apart from the page, has of the capture."""
    connection = study["connections"][0]
    spaces = [bytes.fromhex(space["bytes"]) for space in connection["spaces"]]
    leaves = page.evaluate(
        """[...document.querySelectorAll('.hex span')].map(s => [+s.dataset.leaf, s.textContent])"""
    )
    for number, text in leaves:
        field = connection["fields"][number]
        bytes_ = spaces[field["space"]][field["start"] : field["start"] + field["len"]]
        if "[" not in text:
            assert bytes.fromhex(text) == bytes_, field["name"]
    return len(leaves)


def no_text_is_cut(page, width):
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, f"the page is {wide} px wide in a window of {width}"
    cut = page.evaluate(
        """[...document.querySelectorAll('h1,h2,h3,p,button,dd,dt,code,span')]
        .filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline')
        .map(e => e.textContent.slice(0, 60))"""
    )
    assert not cut, f"cut at {width} px: {cut}"


# References; and the heading of a page, which is made of versions, addresses and names.
DATA = ("RFC", "X.690", "TLS: ", "TLS 1.3 (")


def both_languages(page):
    """No text of one language is left in the other: what stays the same is data."""
    texts = {}
    for name, language in (("English", "en"), ("Español", "es")):
        page.get_by_role("button", name=name).click()
        assert page.evaluate("document.documentElement.lang") == language
        texts[language] = page.evaluate(
            "[...document.querySelectorAll('h1,h2,p:not(.mono):not(.count)')].filter(e => !e.querySelector('code')).map(e => e.innerText)"
        )
    assert len(texts["en"]) == len(texts["es"])
    same = [a for a, b in zip(texts["en"], texts["es"]) if a == b and not SAME.match(a) and not a.startswith(DATA)]
    same = [text for text in same if " › " not in text]
    assert not same, same


def guided_path(page):
    page.get_by_role("button", name="English").click()
    steps = 1
    while page.get_by_role("button", name="Next →").count():
        page.get_by_role("button", name="Next →").click()
        steps += 1
        show = page.get_by_role("button", name="Show it")
        if show.count():
            show.click()
            page.get_by_role("button", name="Back to the path").click()
            assert page.evaluate("document.activeElement.id") == "guide"
    assert steps == 12, steps


def main():
    arguments = sys.argv[1:]
    shots = None
    if arguments[0] == "--shots":
        shots, arguments = Path(arguments[1]), arguments[2:]
        shots.mkdir(parents=True, exist_ok=True)
    folder = Path(arguments[0]).resolve()
    pages = sorted(path for path in folder.glob("*.html") if path.with_suffix(".json").exists())
    assert pages, "there are no pages"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=FLAGS)
        for path in [*pages, *folder.glob("index.html")]:
            problems = []
            for width, scheme in ((1280, "light"), (360, "dark")):
                page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
                watch(page, problems)
                page.goto(path.as_uri())
                if path.name != "index.html":
                    if width == 1280:
                        guided_path(page)
                        page.reload()
                        both_languages(page)
                        page.reload()
                        page.locator("#all").click()
                        fields = keyboard(page)
                        mouse(page)
                        leaves = shown_bytes_are_the_captures(page, json.loads(path.with_suffix(".json").read_text()))
                    else:
                        page.get_by_role("button", name="Español").click()
                        page.locator("#all").click()
                        page.locator(".f").last.focus()
                no_text_is_cut(page, width)
                if shots:
                    page.screenshot(path=shots / f"{path.stem}-{width}.png", full_page=True)
                page.close()
            assert not problems, f"{path.name}: {problems}"
            assert path.stat().st_size <= 400 * 1024, path.name
            print(f"{path.name}: " + (f"{fields} fields, {leaves} pieces of bytes" if path.name != "index.html" else "loads"))
        browser.close()


main()
