//! The lines below a span in a tree: input, prompt, links, output, error, evaluations.

use anstyle::Style;

use super::decode::{ReceivedEvaluation, ReceivedSpan};
use super::styled_line::{BAD, DIM, GOOD};
use super::trace::Trace;
use super::visible_text as text;
use llmobs_model::{LinkEnd, Prompt, SpanError, SpanLink};

/// A line: its style, a label of at most four letters, and a text.
pub(super) type Detail = (Style, &'static str, String);

/// Returns input, prompt, links, output, error and evaluations of a span, each in at most `room` characters.
pub(super) fn details(trace: &Trace, span: &ReceivedSpan, room: usize) -> Vec<Detail> {
    let event = &span.event;
    let mut found = Vec::new();
    let input = event.input.as_ref().map(|input| text::preview(input, room));
    found.extend(input.map(|input| (DIM, "in", input)));
    found.extend(event.prompt.as_deref().map(|prompt| (DIM, "with", text::visible(&prompt_name(prompt), room))));
    let links = event.links.iter().take(MAX_LINKS);
    found.extend(links.map(|link| (DIM, "from", text::visible(&origin(trace, span, link), room))));
    if let Some(more) = event.links.len().checked_sub(MAX_LINKS).filter(|more| *more > 0) {
        found.push((DIM, "from", text::cut(&format!("{more} more"), room)));
    }
    let output = event.output.as_ref().map(|output| text::preview(output, room));
    found.extend(output.map(|output| (DIM, "out", output)));
    found.extend(event.error.as_ref().map(|error| (BAD, "err", failure(error, room))));
    found.extend(trace.evaluations_of(span).iter().map(|evaluation| opinion(evaluation, room)));
    found
}

fn prompt_name(prompt: &Prompt) -> String {
    let id = prompt.id.as_deref().unwrap_or("(no id)");
    let version = prompt.version.as_ref().map_or(String::new(), |version| format!("@{version}"));
    let label = prompt.label.as_ref().map_or(String::new(), |label| format!(" ({label})"));
    format!("prompt {id}{version}{label}")
}

/// Describes the other end of a link, by the name of the span if it is in this trace.
fn origin(trace: &Trace, span: &ReceivedSpan, link: &SpanLink) -> String {
    let end = link.from.as_str();
    let other = trace.span(link.span_id);
    let whose = match other {
        Some(other) => format!("{} {}", other.kind, other.event.name),
        None if link.trace_id == span.event.trace_id => format!("span {}", link.span_id),
        None => format!("span {} of trace {}", link.span_id, link.trace_id),
    };
    let to = match link.to {
        LinkEnd::Input => "",
        LinkEnd::Output | _ => ", to the output",
    };
    format!("the {end} of {whose}{to}")
}

fn failure(error: &SpanError, room: usize) -> String {
    let what = [error.error_type.as_str(), error.message.as_str()].map(|part| text::visible(part, room));
    let what: Vec<_> = what.into_iter().filter(|part| !part.is_empty()).collect();
    if what.is_empty() { "(no message)".to_owned() } else { what.join(": ") }
}

fn opinion(evaluation: &ReceivedEvaluation, room: usize) -> Detail {
    let style = if evaluation.assessment.as_deref() == Some("fail") { BAD } else { GOOD };
    let label = if evaluation.is_feedback { "user" } else { "eval" };
    let assessment = evaluation.assessment.as_ref().map_or(String::new(), |word| format!(" ({word})"));
    let why = evaluation.reasoning.as_ref().map_or(String::new(), |reasoning| format!(": {reasoning}"));
    let shown = format!("{} {}{assessment}{why}", evaluation.label, evaluation.value);
    (style, label, text::visible(&shown, room))
}

const MAX_LINKS: usize = 4;
