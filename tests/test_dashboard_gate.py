"""What stands before the live page's server: names, tokens, sizes, numbers of pages and of requests."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from simulator.dashboard.gate import COOKIE, Bucket, Gate, Limits

LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Inner:
    """An application that says that it was reached, and reads what it is sent."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.hold = asyncio.Event()
        self.read = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.reached.append(scope["type"])
        if scope["type"] == "http":
            while (message := await receive())["type"] == "http.request":
                self.read += len(message.get("body", b""))
                if not message.get("more_body"):
                    break
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"ok"})
        elif scope["type"] == "websocket":
            await self.hold.wait()


async def ask(
    gate: Gate, path: str = "/", query: str = "", kind: str = "http", body: tuple[bytes, ...] = (b"",), **headers: str
) -> list[dict[str, Any]]:
    """Return what an application answers to a request."""
    sent: list[dict[str, Any]] = []
    parts = list(body)

    async def receive() -> dict[str, Any]:
        if kind == "websocket":
            return {"type": "websocket.connect"}
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    given = {"host": "127.0.0.1:8501", **{k.replace("_", "-"): v for k, v in headers.items()}}
    scope = {
        "type": kind,
        "path": path,
        "query_string": query.encode(),
        "client": ("10.0.0.1", 1),
        "headers": [(k.encode(), v.encode()) for k, v in given.items()],
    }
    await gate(scope, receive, send)
    return sent


def status(gate: Gate, *given: Any, **more: Any) -> int:
    """Return the status of an answer, that of a refused socket's closing among them."""
    first = asyncio.run(ask(gate, *given, **more))[0]
    return int(first.get("status") or first["code"])


@pytest.mark.parametrize("host", ["evil.example:8501", "127.0.0.1.evil.example", "", "[::2]:8501"])
def test_a_name_of_elsewhere_is_turned_away(host: str) -> None:
    inner = Inner()
    assert status(Gate(inner, LOCAL), host=host) == 403
    assert status(Gate(inner, LOCAL), kind="websocket", host=host) == 1008
    assert inner.reached == []


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "LOCALHOST", "localhost.:1", "[::1]:8501"])
def test_this_machine_is_let_in(host: str) -> None:
    assert status(Gate(Inner(), LOCAL), host=host) == 200


def test_the_token_is_wanted_of_everything_and_kept_as_a_cookie() -> None:
    inner = Inner()
    gate = Gate(inner, frozenset(), "right; one")
    for query in ("", "token=", "token=wrong", "token=right"):
        assert status(gate, query=query) == 403
        assert status(gate, path="/static/x.js", query=query) == 403
        assert status(gate, kind="websocket", query=query) == 1008
    assert status(gate, cookie=f"{COOKIE}=wrong") == 403
    assert inner.reached == []
    start = asyncio.run(ask(gate, query="lang=zh&token=right%3B%20one"))[0]
    (cookie,) = [value.decode() for name, value in start["headers"] if name == b"set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert status(gate, path="/static/x.js", cookie=cookie.partition("; ")[0]) == 200


def test_large_requests_are_refused_whatever_length_they_say() -> None:
    inner = Inner()
    gate = Gate(inner, LOCAL, limits=Limits(body=10))
    for length in ("11", "99999999999999999999", "-1", "x"):
        assert status(gate, content_length=length) == 413
    assert inner.reached == []
    asyncio.run(ask(gate, body=(b"123456", b"123456", b"123456")))
    assert inner.read == 6


def test_no_more_pages_than_allowed() -> None:
    async def check() -> None:
        inner = Inner()
        gate = Gate(inner, LOCAL, limits=Limits(pages=2))
        open_ = [asyncio.create_task(ask(gate, kind="websocket")) for _ in range(2)]
        await asyncio.sleep(0)
        assert (await ask(gate, kind="websocket"))[0]["type"] == "websocket.close"
        assert (await ask(gate))[0]["status"] == 503
        assert (await ask(gate, path="/static/x.js"))[0]["status"] == 200
        inner.hold.set()
        await asyncio.gather(*open_)
        assert (await ask(gate))[0]["status"] == 200

    asyncio.run(check())


def test_too_many_requests_of_one_address() -> None:
    gate = Gate(Inner(), LOCAL, limits=Limits(requests=0.001, burst=3))
    assert [status(gate) for _ in range(5)] == [200, 200, 200, 429, 429]


def test_what_a_page_sends_too_fast_waits() -> None:
    async def check() -> None:
        read: list[float] = []
        loop = asyncio.get_running_loop()

        async def inner(scope: Any, receive: Any, send: Any) -> None:
            for _ in range(6):
                await receive()
                read.append(loop.time())

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.receive", "bytes": b""}

        gate = Gate(inner, frozenset(), limits=Limits(messages=20.0, message_burst=2.0))
        scope = {"type": "websocket", "path": "/", "headers": [], "client": None}
        await gate(scope, receive, lambda message: asyncio.sleep(0))
        assert read[1] - read[0] < 0.045
        assert read[-1] - read[1] >= 0.15  # four more at twenty a second

    asyncio.run(check())


def test_a_bucket_fills_again_and_never_over() -> None:
    now = [0.0]
    bucket = Bucket(2.0, 3.0, lambda: now[0])
    assert [bucket.take() for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    now[0] = 100.0
    assert [bucket.take() for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
