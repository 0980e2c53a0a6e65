"""Chromium without a window: runs a script in a page and brings back what it found."""

import json
import os
import queue
import shutil
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
in_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium on the PATH")


def browse(page, folder, check):
    """What the script in file `check` finds in a page whose console shows no error."""
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
        script = f"<script>{address}{check.read_text(encoding='utf-8')}</script>"
        head, end, tail = page.read_text(encoding="utf-8").rpartition("</body>")
        copy = folder / page.name
        copy.write_text(head + script + end + tail, encoding="utf-8")
        command = [
            BROWSER, "--headless", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0",
            "--window-size=1400,900",
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
    assert "error" not in result, result["error"]
    assert not errors
    return result["found"]
