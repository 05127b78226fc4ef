"""/openapi.json and /docs: the interface described, for programs and for people, without the internet."""

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from importlib import resources
from typing import Any, Final

import msgspec

from chatops_server.web.asking import Ask
from chatops_server.web.openapi import document
from chatops_server.web.routes import PREFIX, Document, Handler, Public, Route

_TAG = "docs"
# A description is looked for in both places.
_PREFIXES: Final = ("", PREFIX)
_INLINE: Final = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


def with_docs(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Return the routes and those that describe them; `/openapi.json` and `/docs` list themselves."""
    described = tuple(routes)
    # The paths are known before the document is: only the handler differs.
    listed = _routes(Document(b""), Document(b""))
    openapi = Document(msgspec.json.encode(document((*described, *listed))))
    return (*described, *_routes(openapi, _page()))


def _routes(openapi: Document, page: Document) -> list[Route]:
    routes = []
    for prefix in _PREFIXES:
        routes.append(
            Route(
                method="GET",
                path="/openapi.json",
                right=Public.PUBLIC,
                handle=_answering(openapi),
                summary="Get this description: OpenAPI 3.1.",
                tag=_TAG,
                answer=dict[str, Any],
                prefix=prefix,
            )
        )
        routes.append(
            Route(
                method="GET",
                path="/docs",
                right=Public.PUBLIC,
                handle=_answering(page),
                summary="Get this description as a page to read.",
                tag=_TAG,
                answer=str,
                media_type="text/html",
                prefix=prefix,
            )
        )
    return routes


def _answering(answer: Document) -> Handler:
    async def handle(ask: Ask[None]) -> Document:
        del ask
        return answer

    return handle


def _page() -> Document:
    text = (resources.files("chatops_server.web") / "docs.html").read_text(encoding="utf-8")
    # The page's own script and style by their hashes, and nothing else.
    hashes: dict[str, str] = {}
    for found in _INLINE.finditer(text):
        hashes[found[1]] = b64encode(sha256(found[2].encode()).digest()).decode()
    csp = (
        f"default-src 'none'; script-src 'sha256-{hashes['script']}'; style-src 'sha256-{hashes['style']}'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Document(text.encode(), content_type="text/html", csp=csp)
