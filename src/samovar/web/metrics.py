"""/metrics for Prometheus, and one line in the log for every request."""

import time
from dataclasses import dataclass

import structlog
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from samovar.web.api import status
from samovar.web.desk import Desk, TheDesk

log = structlog.get_logger("samovar.web")
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """What is counted; a registry of its own for each server, so that two can share a process."""

    def __init__(self) -> None:
        self.registry = to = CollectorRegistry()
        self.requests = Counter(
            "samovar_http_requests", "Requests", ["route", "status"], registry=to
        )
        self.seconds = Histogram(
            "samovar_http_seconds",
            "Time until the first byte",
            ["route"],
            registry=to,
            buckets=BUCKETS,
        )
        self.streams = Gauge("samovar_live_streams", "Open live streams", registry=to)
        self.runs = Gauge("samovar_runs", "Runs", ["state"], registry=to)
        self.jobs = Gauge("samovar_tasks", "Tasks", ["agent", "state"], registry=to)
        self.credits = Gauge("samovar_credits_micro", "Micro-credits left", ["agent"], registry=to)
        self.waiting = Gauge("samovar_waiting", "Questions that wait for a person", registry=to)

    async def refresh(self, desk: Desk) -> None:
        """Take the figures that are states, not events."""
        found = await status.fn(desk)
        left = await desk.office.purse.balances() if desk.office else {}
        # Nothing is awaited from here on: two who ask at once must not add up.
        for gauge in (self.runs, self.jobs, self.credits):
            gauge.clear()
        self.streams.set(desk.hub.listeners)
        self.waiting.set(found.waiting)
        for state, count in found.runs.items():
            self.runs.labels(state).set(count)
        for agent, states in found.queues.items():
            for state, count in states.items():
                self.jobs.labels(agent, state).set(count)
        for agent, amount in left.items():
            self.credits.labels(agent).set(amount)


TheMetrics = NamedDependency[Metrics]


@get("/metrics", include_in_schema=False)
async def metrics(desk: TheDesk, counted: TheMetrics) -> Response[bytes]:
    """Return the figures in Prometheus' text format."""
    await counted.refresh(desk)
    return Response(generate_latest(counted.registry), media_type=CONTENT_TYPE_LATEST)


@dataclass(frozen=True)
class Counted:
    """An ASGI application around ours that counts and logs; never a query, a body or a header."""

    app: ASGIApp
    metrics: Metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and note how it ended."""
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        # A mount shortens the path of the scope on its way.
        path, began = scope["path"], time.monotonic()
        ended: list[tuple[int, float]] = []

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                ended.append((message["status"], time.monotonic() - began))
            await send(message)

        await self.app(scope, receive, sending)
        status, seconds = ended[0] if ended else (0, 0.0)
        route = str(scope.get("path_template") or "none")
        self.metrics.requests.labels(route, str(status)).inc()
        self.metrics.seconds.labels(route).observe(seconds)
        log.info(
            "web.request",
            method=scope["method"],
            path=path[:200],
            status=status,
            ms=round(seconds * 1000, 1),
        )
