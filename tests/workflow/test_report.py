"""The report in a browser, from disk and without a network: opened, clicked through, sorted."""

import json
import os
import queue
import re
import shutil
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on the PATH")
HERE = Path(__file__).parent


def browse(page, folder, check):
    """What the script `check` finds in a page, and the errors that its console shows."""
    told = queue.Queue()

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802
            told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as listener:
        Thread(target=listener.serve_forever, daemon=True).start()
        address = f'const LISTENER = "http://127.0.0.1:{listener.server_port}/";'
        script = f"<script>{address}{(HERE / check).read_text(encoding='utf-8')}</script>"
        head, end, tail = page.read_text(encoding="utf-8").rpartition("</body>")
        copy = folder / page.name
        copy.write_text(head + script + end + tail, encoding="utf-8")
        command = [
            BROWSER, "--headless", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0",
            # A container's root has no other way to start it; the page is our own.
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr", "--v=0",
            copy.as_uri(),
        ]  # fmt: skip
        log = folder / "console.log"
        with log.open("w") as console:
            browser = subprocess.Popen(command, stdout=console, stderr=console)
            try:
                result = told.get(timeout=600)
            except queue.Empty:
                pytest.fail(f"the page told nothing: {log.read_text()[-2000:]}")
            finally:
                browser.terminate()
                browser.wait(30)
                listener.shutdown()
    errors = [line for line in log.read_text().splitlines() if "ERROR:CONSOLE" in line]
    return result, errors


def test_every_section_opens_and_every_image_is_decoded(finished, tmp_path):
    result, errors = browse(
        finished.folder / "results/report-laptop.html", tmp_path, "report_check.js"
    )
    assert "error" not in result, result["error"]
    found = result["found"]
    assert not errors
    sections = ["0 Overview", "1 Hall loops", "2 Torque", "3 Switching", "4 States", "5 Networks"]
    assert sorted(found["sections"]) == sections
    config = yaml.safe_load((finished.folder / "config.yaml").read_text(encoding="utf-8"))
    figures = {
        f"results/{study}/figures/laptop/{name}.png"
        for study, block in config["studies"].items()
        for name in block["figures"]
    }
    assert len(found["images"]) == len(figures)
    assert all(width > 500 for width in found["images"].values())
    assert figures < set(found["captions"])
    assert not any("System Message" in caption for caption in found["captions"].values())
    for path in figures:
        caption = found["captions"][path]
        for words in ("Made by rule figure_", "from results/", "emulated raw data", "laptop"):
            assert words in caption, path
    for words in ("the study in two minutes", "provenance and run times"):
        assert words in found["pages"]


def number(text):
    found = re.match(r"[−-]?\d+\.?\d*(e[−+-]?\d+)?", text)
    return float(found.group().replace("−", "-")) if found else None


def test_the_overview_shows_its_pictures_and_sorts_its_tables(finished, tmp_path):
    result, errors = browse(
        finished.folder / "results/overview-laptop.html", tmp_path, "overview_check.js"
    )
    assert "error" not in result, result["error"]
    found = result["found"]
    assert not errors
    assert len(found["images"]) == 8 and all(width > 500 for width in found["images"])
    for words in ("In short", "cotb", "ruo2", "Networks", "confusion", "Against the papers"):
        assert any(words in heading for heading in found["headings"]), words
    assert len(found["tables"]) >= 10
    numeric = 0
    for column in (column for table in found["tables"] for column in table):
        assert sorted(column["up"]) == sorted(column["before"]) == sorted(column["down"])
        values = [number(text) for text in column["up"]]
        if None not in values and len(set(values)) > 1:
            numeric += 1
            assert values == sorted(values), column["name"]
            down = [number(text) for text in column["down"]]
            assert down == sorted(down, reverse=True), column["name"]
    assert numeric > 20


def test_the_report_asks_for_nothing_from_a_network(finished):
    for name in ("overview", "provenance"):
        page = (finished.folder / f"results/{name}-laptop.html").read_text(encoding="utf-8")
        assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)
