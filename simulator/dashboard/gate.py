"""What stands before the live page's server: who is let in, and how much of what they may ask for.

A layer around any ASGI application. It lets through only requests for a host name that the server answers to (a page
of elsewhere that points its own name at this machine is turned away), with the token where there is one, and bounds
open pages, requests of an address, messages of a page and the size of a request. What a page sends too fast waits; what
an address asks too often is refused.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from simulator.dashboard.folders import MB

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger(__name__)
COOKIE = "ris_token"
REFUSED = {
    "host": (403, "This server does not answer to that name.", "本服务器不接受该主机名。"),
    "token": (
        403,
        "Open the address, with its token, that was printed at the start.",
        "请使用启动时给出的带令牌网址。",
    ),
    "rate": (429, "Too many requests: try again in a while.", "请求过于频繁，请稍后再试。"),
    "size": (413, "The request is too large.", "请求过大。"),
    "pages": (503, "Too many pages are open: close some or try again in a while.", "打开的页面过多，请稍后再试。"),
}


@dataclass(frozen=True)
class Limits:
    """How much is let through."""

    pages: int = 64  # open at the same time
    requests: float = 300.0  # a second, of one address, over time
    burst: float = 3000.0  # of one address, at once
    messages: float = 30.0  # a second, of one page, over time
    message_burst: float = 60.0
    body: int = 2 * MB  # bytes of a request: an upload with what surrounds it
    addresses: int = 1024  # remembered


class Bucket:
    """Lets ``rate`` through a second over time and ``burst`` at once."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst, self.clock = rate, burst, clock
        self.left, self.at = burst, clock()

    def take(self) -> float:
        """Take one and return 0, or return for how many seconds there is none."""
        now = self.clock()
        self.left, self.at = min(self.burst, self.left + (now - self.at) * self.rate), now
        if self.left >= 1.0:
            self.left -= 1.0
            return 0.0
        return (1.0 - self.left) / self.rate


class Gate:
    """An ASGI application around another one.

    ``hosts`` are the names that it answers to, none for any; ``token`` is wanted of every request, once in the address
    (``?token=``), from then on in a cookie.
    """

    def __init__(self, app: App, hosts: frozenset[str], token: str = "", limits: Limits | None = None) -> None:
        self.app, self.hosts, self.token = app, hosts, token
        self.limits = limits or Limits()
        self.open = 0
        self._asked: OrderedDict[str, Bucket] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        if why := self._refuses(scope, headers):
            await _refuse(scope, receive, send, why)
        elif scope["type"] == "websocket":
            await self._page(scope, receive, send)
        else:
            await self.app(scope, self._bounded(receive), self._remembering(scope, send))

    def _refuses(self, scope: Scope, headers: Mapping[str, str]) -> str:
        """Return why a request is refused, nothing where it is not."""
        if self.hosts and _name(headers.get("host", "")) not in self.hosts:
            return "host"
        if self._bucket(scope).take():
            return "rate"
        if self.token and not (self._right(_asked_with(scope)) or self._right(_cookie(headers))):
            return "token"
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self.limits.body:
            return "size"
        full = self.open >= self.limits.pages
        return "pages" if full and (scope["type"] == "websocket" or scope["path"] == "/") else ""

    def _right(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.token.encode())

    def _bucket(self, scope: Scope) -> Bucket:
        address = (scope.get("client") or ("",))[0]
        if address not in self._asked:
            self._asked[address] = Bucket(self.limits.requests, self.limits.burst)
        self._asked.move_to_end(address)
        while len(self._asked) > self.limits.addresses:
            self._asked.popitem(last=False)
        return self._asked[address]

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve an open page; what it sends too fast is read later."""
        bucket = Bucket(self.limits.messages, self.limits.message_burst)

        async def paced() -> Message:
            message = await receive()
            while message["type"] == "websocket.receive" and (seconds := bucket.take()):
                await asyncio.sleep(seconds)
            return message

        self.open += 1
        try:
            await self.app(scope, paced, send)
        except Exception as error:  # a page that breaks off, or sends what is no message, is no fault of the server
            _log.debug("a page ended with %r", error)
        finally:
            self.open -= 1

    def _bounded(self, receive: Receive) -> Receive:
        """Return what reads a request no further than allowed, whatever length it said."""
        read = 0

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            return {"type": "http.disconnect"} if read > self.limits.body else message

        return bounded

    def _remembering(self, scope: Scope, send: Send) -> Send:
        """Return what sends an answer, with the token as a cookie where the address held it."""
        if not self.token or not self._right(_asked_with(scope)):
            return send

        async def remembering(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookie = f"{COOKIE}={quote(self.token)}; Path=/; HttpOnly; SameSite=Strict"
                message = {**message, "headers": [*message.get("headers", ()), (b"set-cookie", cookie.encode())]}
            await send(message)

        return remembering


def _name(host: str) -> str:
    """Return the name in a Host header, without the port."""
    name = host.rpartition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    return name.lower().rstrip(".")


def _asked_with(scope: Scope) -> str:
    given = parse_qs(scope.get("query_string", b"").decode("latin-1"), max_num_fields=50)
    return given.get("token", [""])[0]


def _cookie(headers: Mapping[str, str]) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return unquote(found.value) if found is not None else ""


async def _refuse(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    status, english, chinese = REFUSED[why]
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    body = f"{english}\n{chinese}\n".encode()
    kind = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": kind})
    await send({"type": "http.response.body", "body": body})
