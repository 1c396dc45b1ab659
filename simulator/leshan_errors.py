"""How a simulated Leshan says no: texts, pages, and what they look like on the wire."""

import html
from typing import Final

from aiohttp import web

from simulator.leshan_generation import LeshanSettings

PAGE_HEADERS: Final = {
    "Cache-Control": "must-revalidate,no-cache,no-store",
    "Content-Type": "text/html;charset=iso-8859-1",
}
NULL_REGISTRATION: Final = (
    "java.lang.NullPointerException: Cannot invoke "
    '"org.eclipse.leshan.server.registration.Registration.getSupportedObject()" '
    'because "this.registration" is null'
)
NULL_PATH: Final = (
    'java.lang.NullPointerException: Cannot invoke "String.length()" because the return value of '
    '"jakarta.servlet.http.HttpServletRequest.getPathInfo()" is null'
)
REASONS: Final = {
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    500: "Server Error",
    501: "Not Implemented",
    504: "Gateway Timeout",
}


class AnswerError(Exception):
    """Ends an HTTP request with a text, e.g. `Invalid request: …`."""

    def __init__(self, status: int, kind: str, text: str | None = None) -> None:
        super().__init__(kind, text)
        self.status = status
        self.kind = kind
        self.text = text

    def message(self, separator: str) -> str:
        """The whole text, as its generation separates kind and details."""
        return self.kind if self.text is None else f"{self.kind}{separator}{self.text}"


def invalid_request(text: str) -> AnswerError:
    """The request makes no sense for this server or this device."""
    return AnswerError(400, "Invalid request", text)


def unexpected_exception(text: str) -> AnswerError:
    """The server stumbles over the request."""
    return AnswerError(500, "Unexpected exception", text)


class ServletError(Exception):
    """An error of the servlet itself, which looks different in each generation."""

    def __init__(self, message: str, *, is_page_before_m18: bool) -> None:
        super().__init__(message)
        self.message = message
        self.is_page_before_m18 = is_page_before_m18


class PageError(Exception):
    """Ends an HTTP request with an error page of the web server."""

    def __init__(self, status: int, message: str, uri: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.uri = uri
        """The page's own idea of the URI, where it differs from the request's."""


def untyped_text(status: int, text: str) -> web.Response:
    """A text without a content type, in Java's default for it: ISO-8859-1, chunked."""
    response = web.Response(
        status=status, reason=REASONS.get(status), body=text.encode("iso-8859-1", "replace")
    )
    response.enable_chunked_encoding()
    return response


def servlet_error(
    error: ServletError, request: web.BaseRequest, settings: LeshanSettings
) -> web.Response:
    """An error of the servlet: plain text since M18; before, a page or an untyped text."""
    if settings.traits.has_plain_servlet_errors:
        headers = {"Content-Type": "text/plain;charset=utf-8"}
        return web.Response(
            status=400, reason=REASONS[400], body=error.message.encode(), headers=headers
        )
    if error.is_page_before_m18:
        return page(PageError(400, error.message), request, settings)
    return untyped_text(400, error.message)


def page(error: PageError, request: web.BaseRequest, settings: LeshanSettings) -> web.Response:
    """Jetty's error page, which only GET, HEAD and POST get."""
    if request.method not in ("GET", "HEAD", "POST"):
        return web.Response(status=error.status, reason=REASONS.get(error.status))
    path = request.raw_path.partition("?")[0]
    message, uri = html.escape(error.message), html.escape(error.uri or path)
    jetty = settings.traits.jetty
    body = (
        "<html>\n<head>\n"
        '<meta http-equiv="Content-Type" content="text/html;charset=ISO-8859-1"/>\n'
        f"<title>Error {error.status} {message}</title>\n</head>\n<body>\n"
        f"<h2>HTTP ERROR {error.status} {message}</h2>\n<table>\n"
        f"<tr><th>URI:</th><td>{uri}</td></tr>\n"
        f"<tr><th>STATUS:</th><td>{error.status}</td></tr>\n"
        f"<tr><th>MESSAGE:</th><td>{message}</td></tr>\n</table>\n"
        f"<hr/><i>Powered by Jetty:// {jetty}</i><hr/>\n\n</body>\n</html>\n"
    )
    encoded = body.encode("iso-8859-1", "replace")
    return web.Response(
        status=error.status, reason=REASONS.get(error.status), body=encoded, headers=PAGE_HEADERS
    )


async def broken_answer(request: web.Request, status: int, text: str) -> web.StreamResponse:
    """An answer whose last chunk never comes, as M4's and M15's about unknown endpoints' models."""
    response = web.StreamResponse(status=status, reason=REASONS.get(status))
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(text.encode("iso-8859-1", "replace"))
    if request.transport is not None:
        request.transport.close()
    return response
