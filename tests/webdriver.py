"""A real Chromium for tests, by its driver: the few WebDriver commands they need."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

# https://www.w3.org/TR/webdriver2/#keyboard-actions
ENTER = "\ue007"
TAB = "\ue004"
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]


class Browser:
    """One session."""

    def __init__(self, driver: str) -> None:
        self._url = driver
        options = {
            "goog:chromeOptions": {"args": _ARGUMENTS},
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        made = self._ask("session", {"capabilities": {"alwaysMatch": options}})
        self._url = f"{driver}/session/{made['sessionId']}"

    def open(self, url: str) -> None:
        self._ask("url", {"url": url})

    def run(self, script: str, *values: object) -> Any:
        """Run script as a debugger does, whatever the page's policy; await it."""
        body = {"script": f"return (async () => {{ {script} }})()", "args": values}
        return self._ask("execute/sync", body)

    def type(self, selector: str, text: str) -> None:
        found = self._ask("element", {"using": "css selector", "value": selector})
        self._ask(f"element/{found[_ELEMENT]}/value", {"text": text})

    def click(self, selector: str) -> None:
        found = self._ask("element", {"using": "css selector", "value": selector})
        self._ask(f"element/{found[_ELEMENT]}/click", {})

    def look(self, width: int, height: int, *, dark: bool = False) -> None:
        """Look at pages so, from now on: a narrow screen is a phone's."""
        screen = {"width": width, "height": height, "deviceScaleFactor": 1}
        phone = {**screen, "mobile": width < 600}
        self._control("Emulation.setDeviceMetricsOverride", phone)
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._control("Emulation.setEmulatedMedia", {"features": [theme]})

    def picture(self) -> bytes:
        """Return what is seen, as PNG."""
        taken = self._control("Page.captureScreenshot", {"format": "png"})
        return base64.b64decode(taken["data"])

    def messages(self) -> list[str]:
        """Return what the page told the console since it was asked last."""
        return [each["message"] for each in self._ask("se/log", {"type": "browser"})]

    def close(self) -> None:
        request = urllib.request.Request(self._url, method="DELETE")
        urllib.request.urlopen(request).close()

    def _control(self, command: str, values: Mapping[str, object]) -> Any:
        """Send a command of Chromium's own protocol."""
        return self._ask("goog/cdp/execute", {"cmd": command, "params": values})

    def _ask(self, command: str, body: object) -> Any:
        request = urllib.request.Request(
            f"{self._url}/{command}", json.dumps(body).encode()
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["value"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium through ``chromedriver``, at a port of its own choice."""
    with subprocess.Popen(
        ["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True
    ) as driver:
        assert driver.stdout is not None
        try:
            port = next(
                found[1]
                for line in driver.stdout
                if (found := re.search(r"successfully on port (\d+)", line))
            )
            browser = Browser(f"http://127.0.0.1:{port}")
            yield browser
            browser.close()
        finally:
            driver.terminate()
