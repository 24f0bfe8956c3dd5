//! The page for those who have sent nothing yet: lines to copy, and what became of requests so far.

use maud::{Markup, html};

use super::figures;
use super::frame::{self, Frame};
use super::text::visible;

/// A request that came, and what became of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct SeenRequest {
    pub(crate) at_ms: i64,
    pub(crate) what: String,
    pub(crate) outcome: String,
    pub(crate) is_bad: bool,
}

/// Writes the page.
pub(crate) fn start(frame: &Frame, seen: &[SeenRequest]) -> Markup {
    let address = &frame.address;
    let ways = ways(address, frame_time(seen));
    let main = html! {
        div class="first" {
            h1 { "Send a trace" }
            p class="lead" { "llmobs listens on " span class="mono" { (address) } " where an Agent of Datadog would. Point an SDK at it; nothing leaves this machine." }
            @for (name, line) in &ways {
                h2 { b { (name) } }
                div class="code" { pre { (line) } button class="btn" data-do="copy" { "Copy" } }
            }
            section class="seen" aria-label="Requests" {
                h2 { "What came so far" @if seen.is_empty() { span class="end faint" { "nothing yet; this page updates itself" } } }
                ul data-seen {
                    @for one in seen {
                        li {
                            span class="faint" { (figures::time(one.at_ms.saturating_mul(1_000_000), "%H:%M:%S")) }
                            span class="mono cut" dir="ltr" { (visible(&one.what)) }
                            span class=[one.is_bad.then_some("err")] { (visible(&one.outcome)) }
                        }
                    }
                }
            }
        }
    };
    frame::page(frame, "Send a trace", "start", &main)
}

/// Returns the ways to send, each with a line to copy.
fn ways(address: &str, at_ms: i64) -> [(&'static str, String); 5] {
    [
        ("Rust, tracing-llmobs", format!("DD_TRACE_AGENT_URL=http://{address} DD_LLMOBS_ML_APP=my-app cargo run")),
        (
            "Python, ddtrace",
            format!(
                "DD_LLMOBS_ENABLED=1 DD_LLMOBS_ML_APP=my-app DD_TRACE_AGENT_URL=http://{address} ddtrace-run python app.py"
            ),
        ),
        (
            "Node, dd-trace",
            format!(
                "DD_LLMOBS_ENABLED=1 DD_LLMOBS_ML_APP=my-app DD_TRACE_AGENT_URL=http://{address} node --import dd-trace/initialize.mjs app.js"
            ),
        ),
        (
            "OpenTelemetry",
            format!(
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://{address}/v1/traces OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf python app.py"
            ),
        ),
        (
            "Any language, by hand",
            format!(
                "curl http://{address}/api/v2/llmobs -H 'content-type: application/json' -d '[{{\"spans\":[{{\"span_id\":\"1\",\"trace_id\":\"1\",\"name\":\"hello\",\"start_ns\":{at_ms}000000,\"duration\":1000000,\"meta\":{{\"span.kind\":\"llm\",\"input\":{{\"value\":\"Hello?\"}},\"output\":{{\"value\":\"Hello!\"}}}},\"tags\":[\"ml_app:my-app\"]}}]}}]'"
            ),
        ),
    ]
}

fn frame_time(seen: &[SeenRequest]) -> i64 {
    seen.iter().map(|one| one.at_ms).max().unwrap_or(1_764_547_200_000)
}
