"""Spans to the OpenTelemetry SDK, and from there to a collector by OTLP over HTTP."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from samovar import __version__
from samovar.traces.span import Span

SECONDS = 3.0
"""A collector has for its answer, tries again included."""
KINDS = {"internal": SpanKind.INTERNAL, "client": SpanKind.CLIENT}


@dataclass(frozen=True)
class Sender:
    """Hands spans to an exporter of the SDK."""

    exporter: SpanExporter
    resource: Resource

    def send(self, spans: Sequence[Span]) -> bool:
        """Send spans; say whether they were taken. It blocks."""
        made = [self._readable(s) for s in spans]
        return self.exporter.export(made) is SpanExportResult.SUCCESS

    def close(self) -> None:
        """Send nothing more, and give up what is under way."""
        self.exporter.shutdown()

    def _readable(self, span: Span) -> ReadableSpan:
        parent = span.parent_id
        return ReadableSpan(
            name=span.name,
            context=_context(span.trace_id, span.id),
            parent=_context(span.trace_id, parent) if parent is not None else None,
            resource=self.resource,
            attributes={k: v for k, v in span.facts.items() if v != ""},
            kind=KINDS[span.kind],
            status=Status(StatusCode.ERROR, span.error[:500]) if span.error else Status(),
            start_time=_nanoseconds(span.begin.timestamp()),
            end_time=_nanoseconds(span.end.timestamp()),
            instrumentation_scope=InstrumentationScope("samovar", __version__),
        )


def sender(exporter: SpanExporter) -> Sender:
    """Return a sender to an exporter; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES count."""
    ours = Resource.create({"service.name": "samovar", "service.version": __version__})
    return Sender(exporter, ours.merge(OTELResourceDetector().detect()))


def by_http(endpoint: str, headers: Mapping[str, str]) -> Sender:
    """Return a sender to a collector's address, such as http://localhost:4318/v1/traces."""
    # It warns of every try; that it failed is said once, by whoever sends.
    logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)
    exporter = OTLPSpanExporter(endpoint=endpoint, headers=dict(headers) or None, timeout=SECONDS)
    return sender(exporter)


def _context(trace: int, span: int) -> SpanContext:
    return SpanContext(trace, span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1_000_000) * 1000
