"""What a browser is shown around the UI, and what it may do with it. Nothing comes from other servers."""

from html import escape
from string import Template
from typing import Final

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: with that the Origin of our own form would be "null".
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self' {socket}; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_STYLE: Final = """
  body { background: #0f1419; color: #d8dee9; font: 16px/1.5 ui-monospace, Menlo, Consolas, monospace;
         margin: 0; min-height: 100vh; display: flex; align-items: center; justify-content: center; }
  form { width: 20rem; } h1 { font-size: 1.25rem; margin: 0 0 1rem; }
  label { display: block; margin: .75rem 0 .25rem; }
  input { box-sizing: border-box; width: 100%; padding: .5rem; font: inherit; color: inherit;
          background: #1b222b; border: 1px solid #4c566a; }
  button { margin-top: 1.25rem; width: 100%; padding: .6rem; font: inherit; border: 0; cursor: pointer;
           background: #88c0d0; color: #0f1419; }
  input:focus, button:focus { outline: 2px solid #ebcb8b; }
  p.wrong { color: #ff8f8f; } p.hint { color: #9aa5b5; }
"""
_LOGIN: Final = Template("""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>chatops</title>
<link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width"><style>$style</style></head>
<body><form method="post" action="/login" autocomplete="on">
<h1>chatops</h1><p class="hint">Your account at $hub</p>$wrong
<label for="username">User</label>
<input id="username" name="username" value="$username" autocomplete="username" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<label for="otp">Code, if you use a second factor</label>
<input id="otp" name="otp" inputmode="numeric" autocomplete="one-time-code">
<button>Sign in</button></form></body></html>
""")
_UI: Final = Template("""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>chatops</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/css/xterm.css">
<script src="/page.js"></script>
<script src="/static/js/textual.js"></script>
<style>
  body { background: #0f1419; margin: 0; }
  #ended { display: none; position: fixed; inset: 0; z-index: 20; align-items: center;
           justify-content: center; background: #0f1419; color: #d8dee9;
           font: 16px ui-monospace, Menlo, Consolas, monospace; }
  body.-closed #ended { display: flex; }
  #ended button { margin: 1rem; padding: .6rem 1.5rem; font: inherit; cursor: pointer; border: 0;
                  background: #88c0d0; color: #0f1419; }
</style></head>
<body><div id="ended"><div>This window has ended.<br>
<button id="again">Open it again</button><form method="post" action="/logout"><button>Sign out</button></form>
</div></div>
<div id="terminal" class="textual-terminal" data-session-websocket-url="$socket" data-font-size="16"></div>
</body></html>
""")
SCRIPT: Final = """addEventListener("DOMContentLoaded", () => {
  document.getElementById("again").addEventListener("click", () => location.reload());
  // Where a proxy does the TLS only the browser knows; it refuses ws: on such a page.
  const terminal = document.getElementById("terminal").dataset;
  if (location.protocol === "https:")
    terminal.sessionWebsocketUrl = terminal.sessionWebsocketUrl.replace(/^ws:/, "wss:");
});
"""


def login_page(hub: str, username: str = "", wrong: str = "") -> str:
    """Return the page that asks who is there; `wrong` says why the last answer was none."""
    said = f'<p class="wrong" role="alert">{escape(wrong)}</p>' if wrong else ""
    return _LOGIN.substitute(style=_STYLE, hub=escape(hub), username=escape(username), wrong=said)


def ui_page(socket: str) -> str:
    """Return the page of the UI, which comes over this address of a WebSocket."""
    return _UI.substitute(socket=escape(socket))


def policy(socket: str) -> str:
    """Return what a page may load: ours, and the UI over this address."""
    return _POLICY.format(socket=socket)
