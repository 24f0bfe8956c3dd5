//! The detail of a span: content, prompt, attributes, links, raw.

use llmobs_model::{Prompt, SpanEvent, Template, TemplatePart};
use llmobs_receiver::ReceivedSpan;
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::conversation::{amount, content};
use super::figures;
use super::json_view::json;
use super::kinds::kind_class;
use super::links;
use super::text::{STEP, head, plain, visible};
use crate::store::evaluation::EvaluationRow;
use crate::store::row::SpanRow;

/// The content of the detail.
#[derive(Debug)]
pub(crate) struct DetailView<'a> {
    pub(crate) trace: &'a str,
    /// The start of the trace.
    pub(crate) start_ns: i64,
    pub(crate) row: &'a SpanRow,
    pub(crate) body: &'a str,
    pub(crate) evaluations: Vec<&'a EvaluationRow>,
    pub(crate) tab: &'a str,
}

/// Writes the detail. All tabs are in it; the script switches between them, links work without it.
pub(crate) fn detail(view: &DetailView<'_>) -> Markup {
    let json: Option<Value> = serde_json::from_str(view.body).ok();
    let received = json.as_ref().and_then(|json| ReceivedSpan::new(json).ok());
    let Some(event) = received.map(|received| received.event) else {
        return html! { article class="detail" { p class="sec" { "This span was stored in a form that this version cannot read. “Save file” has it as it was sent." } } };
    };
    let mut tabs = vec![("content", "Content")];
    if event.prompt.is_some() {
        tabs.push(("prompt", "Prompt"));
    }
    tabs.push(("attributes", "Attributes"));
    if !event.links.is_empty() {
        tabs.push(("links", "Links"));
    }
    tabs.push(("raw", "Raw"));
    let tab = tabs.iter().find(|(name, _)| *name == view.tab).map_or("content", |(name, _)| name);
    let link = links::span(view.trace, &view.row.span);
    html! {
        article class={ "detail " (kind_class(&view.row.kind)) } data-detail=(view.row.span) aria-label={ "Span " (plain(&view.row.name)) } {
            div class="dh" {
                (title(view))
                (numbers(view))
                nav class="tabs" aria-label="Parts of the span" {
                    @for (name, title) in &tabs {
                        a href={ (link) "&tab=" (name) } data-tab=(name) aria-current=[(*name == tab).then_some("true")] { (title) }
                    }
                }
            }
            @for (name, _) in &tabs {
                div class="part" data-part=(name) hidden[*name != tab] {
                    @match *name {
                        "content" => (contents(view, &event)),
                        "prompt" => @if let Some(own) = &event.prompt { (prompt(own)) },
                        "attributes" => (attributes(&event)),
                        "links" => (span_links(view.trace, &event)),
                        _ => (raw(view, json.as_ref())),
                    }
                }
            }
        }
    }
}

fn title(view: &DetailView<'_>) -> Markup {
    let row = view.row;
    let model = match (&row.provider, &row.model) {
        (Some(provider), Some(model)) => format!("{provider}/{model}"),
        (_, model) => model.clone().unwrap_or_default(),
    };
    html! {
        h2 {
            span class="kind" { (visible(&row.kind)) }
            b class="cut" title=(plain(&row.name)) { bdi { (visible(&row.name)) } }
            span class="faint cut" { bdi { (visible(&model)) } }
            span class="end faint mono" dir="ltr" title=(row.span) { (head(&row.span, 12)) }
        }
    }
}

fn numbers(view: &DetailView<'_>) -> Markup {
    let row = view.row;
    let writing = row.ttft_ns.map(|ttft| row.duration_ns.saturating_sub(ttft)).filter(|ns| *ns > 0);
    let speed = row
        .tokens_out
        .zip(writing)
        .map(|(tokens, ns)| tokens.saturating_mul(1_000_000_000).checked_div(ns).unwrap_or(0));
    html! {
        div class="nums" {
            span { "at " b { (figures::duration(row.start_ns.saturating_sub(view.start_ns))) } }
            span { "took " b { (figures::duration(row.duration_ns)) } }
            @if let Some(ttft) = row.ttft_ns { span { "first token " b { (figures::duration(ttft)) } } }
            @if let Some(speed) = speed.filter(|speed| *speed > 0) { span { b { (speed) } " tok/s" } }
            @if let Some(tokens) = row.tokens_in {
                span { b { (figures::exact(tokens)) } " in" @if let Some(cached) = row.tokens_cached.filter(|cached| *cached > 0) { span class="faint" { " (" (figures::exact(cached)) " cached)" } } }
            }
            @if let Some(tokens) = row.tokens_out { span { b { (figures::exact(tokens)) } " out" } }
            @if let Some(cost) = row.cost { span { b { (figures::cost(cost)) } } }
        }
    }
}

fn contents(view: &DetailView<'_>, event: &SpanEvent) -> Markup {
    html! {
        @if let Some(error) = &event.error {
            div class="errbox" role="note" {
                b { @if error.error_type.is_empty() { "error" } @else { (visible(&error.error_type)) } }
                @if !error.message.is_empty() { p class="pre" dir="auto" { (visible(head(&error.message, STEP))) } }
                @if !error.stack.is_empty() { details { summary { "Stack" } pre { (visible(head(&error.stack, STEP))) } } }
            }
        } @else if view.row.failed { div class="errbox" { b { "This span failed." } " It says nothing more." } }
        @for problem in &event.collection_errors { p class="sec faint" { "Left out by the sender: " (visible(problem)) } }
        section class="sec" {
            h3 { "Output" @if let Some(own) = &event.output { @let amount = amount(own); @if !amount.is_empty() { " · " (amount) } } }
            @match &event.output { Some(own) => (content(own, true)), None => p class="faint" { "The span has no output." } }
        }
        section class="sec" {
            h3 { "Input" @if let Some(own) = &event.input { @let amount = amount(own); @if !amount.is_empty() { " · " (amount) } } }
            @match &event.input { Some(own) => (content(own, false)), None => p class="faint" { "The span has no input." } }
        }
        @if !view.evaluations.is_empty() { (evaluations(&view.evaluations)) }
        @if let Some(manifest) = &event.agent_manifest { section class="sec" { h3 { "Agent" } (members(manifest.members())) } }
        @if !event.tool_definitions.is_empty() {
            section class="sec" {
                h3 { "Tools it could call · " (event.tool_definitions.len()) }
                @for tool in event.tool_definitions.iter().take(200) {
                    details {
                        summary { span class="mono" { (visible(&tool.name)) } }
                        @if let Some(text) = &tool.description { p class="soft" dir="auto" { (visible(head(text, STEP))) } }
                        @if let Some(schema) = &tool.schema { (json(&Value::Object(schema.clone()))) }
                    }
                }
            }
        }
    }
}

fn evaluations(all: &[&EvaluationRow]) -> Markup {
    html! {
        section class="sec" {
            h3 { "Evaluations and feedback" }
            dl class="kv" {
                @for one in all {
                    dt { (visible(&one.label)) @if one.is_feedback { " (feedback)" } }
                    dd {
                        bdi { (visible(&one.value)) }
                        @if let Some(verdict) = &one.assessment { " " span class={ "tag" @if one.has_failed() { " bad" } } { (visible(verdict)) } }
                        @if let Some(reason) = &one.reasoning { p class="soft" dir="auto" { (visible(head(reason, 4000))) } }
                    }
                }
            }
        }
    }
}

fn prompt(prompt: &Prompt) -> Markup {
    let facts =
        [("id", &prompt.id), ("version", &prompt.version), ("label", &prompt.label), ("ml_app", &prompt.ml_app)];
    html! {
        section class="sec" {
            h3 { "Prompt" }
            dl class="kv" { @for (name, value) in facts { @if let Some(value) = value { dt { (name) } dd { bdi { (visible(value)) } } } } }
        }
        @match &prompt.template {
            Some(Template::Text(own)) => section class="sec" { h3 { "Template, filled" } p class="pre" dir="auto" { (filled(own, &prompt.variables)) } },
            Some(Template::Chat(parts)) => section class="sec" {
                h3 { "Template, filled" }
                @for part in parts.iter().take(100) { (template_part(part, &prompt.variables)) }
            },
            _ => {}
        }
        @if !prompt.variables.is_empty() { section class="sec" { h3 { "Variables" } (members(&prompt.variables)) } }
    }
}

fn template_part(part: &TemplatePart, variables: &Map<String, Value>) -> Markup {
    match part {
        TemplatePart::Message { role, content, .. } => html! {
            div class="msg" { div class="role" { (visible(role.as_str())) } div class="body pre" dir="auto" { (filled(content, variables)) } }
        },
        TemplatePart::Placeholder(name) => html! { p { span class="var" { "{{" (visible(name)) "}}" } } },
        _ => html! {},
    }
}

/// Writes a template with its variables filled in and underlined; those without a value stay as they are.
fn filled(template: &str, variables: &Map<String, Value>) -> Markup {
    let mut parts = Vec::new();
    let mut rest = head(template, STEP);
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else { break };
        parts.push(visible(before));
        parts.push(match variables.get(name.trim()) {
            Some(Value::String(text)) => html! { span class="var" title=(plain(name)) { (visible(head(text, STEP))) } },
            Some(value) => html! { span class="var" title=(plain(name)) { (visible(&value.to_string())) } },
            None => html! { span class="var" { "{{" (visible(name)) "}}" } },
        });
        rest = behind;
    }
    parts.push(visible(rest));
    html! { @for part in &parts { (part) } }
}

fn attributes(event: &SpanEvent) -> Markup {
    let numbers: Vec<(&str, String)> = event.metrics.iter().map(|(name, number)| (name, number.to_string())).collect();
    html! {
        @if !event.metadata.is_empty() { section class="sec" { h3 { "Metadata" } (members(&event.metadata)) } }
        @if !numbers.is_empty() {
            section class="sec" { h3 { "Metrics" } dl class="kv" { @for (name, number) in &numbers { dt { (visible(name)) } dd { (number) } } } }
        }
        section class="sec" {
            h3 { "Tags" }
            dl class="kv" {
                @for (key, value) in event.tags.iter() { dt class="cut" title=(plain(key)) { bdi { (visible(key)) } } dd { bdi { (visible(value)) } } }
                @for tag in event.tags.bare() { dt { bdi { (visible(tag)) } } dd {} }
            }
        }
        section class="sec" {
            h3 { "Span" }
            dl class="kv" {
                dt { "span id" } dd class="mono" { (event.span_id.to_string()) }
                @if let Some(parent) = event.parent_id { dt { "parent id" } dd class="mono" { (parent.to_string()) } }
                dt { "trace id" } dd class="mono" { (visible(&event.trace_id.to_string())) }
                @if let Some(id) = &event.apm_trace_id { dt { "APM trace id" } dd class="mono" { (visible(&id.to_string())) } }
                @if let Some(intent) = &event.intent { dt { "intent" } dd { (visible(intent)) } }
                @if let Some(version) = &event.tool_version { dt { "tool version" } dd { (visible(version)) } }
                dt { "started" } dd { (figures::time(crate::number::stored(event.start_ns), "%Y-%m-%d %H:%M:%S.%6f %:z")) }
            }
        }
    }
}

fn members(all: &Map<String, Value>) -> Markup {
    html! {
        dl class="kv" {
            @for (name, value) in all {
                dt class="cut" title=(plain(name)) { bdi { (visible(name)) } }
                dd {
                    @match value {
                        Value::String(text) if text.len() > 400 => details { summary { (figures::exact(crate::number::count(text.chars().count()))) " characters" } p class="pre" dir="auto" { (visible(head(text, STEP))) } },
                        Value::String(text) => bdi class="pre" { (visible(text)) },
                        Value::Object(_) | Value::Array(_) => (json(value)),
                        other => (other.to_string()),
                    }
                }
            }
        }
    }
}

fn span_links(trace: &str, event: &SpanEvent) -> Markup {
    html! {
        section class="sec" {
            h3 { "Where its data came from" }
            dl class="kv" {
                @for link in event.links.iter().take(200) {
                    dt { (link.from.as_str()) " of → " (link.to.as_str()) }
                    @let id = link.span_id.to_string();
                    dd { a class="u mono" href=(links::span(if link.trace_id == event.trace_id { trace } else { "" }, &id)) data-go=(id) { "span " (id) } }
                }
            }
        }
    }
}

fn raw(view: &DetailView<'_>, value: Option<&Value>) -> Markup {
    let file = format!("/traces/{}/spans/{}.json", links::encode(view.trace), links::encode(&view.row.span));
    html! {
        section class="sec" {
            h3 { "As sent · " (figures::bytes(view.row.bytes)) span class="end" { a class="u" href=(file) download { "Save file" } } }
            @if let Some(value) = value { (json(value)) }
        }
    }
}
