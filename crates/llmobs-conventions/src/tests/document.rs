//! The tables in `docs/fields.md` about other conventions are those of the code.

use std::fmt::Write as _;
use std::path::Path;

use crate::Conventions;
use crate::convention::precedence as table;
use crate::convention::{allowlist, frameworks, gen_ai, langfuse, openinference, traceloop, vercel};
use crate::mapping::message_sources;
use llmobs_model::SpanKind;

#[test]
fn the_document_has_the_tables_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/fields.md");
    let document = std::fs::read_to_string(path).unwrap();
    let tables = [conventions(), kinds(), slots(), content(), metrics(), metadata(), crates()];
    let missing: Vec<String> = tables.into_iter().filter(|table| !document.contains(table)).collect();
    assert!(missing.is_empty(), "not in the document:\n{}", missing.join("\n"));
}

fn row(out: &mut String, cells: &[&str]) {
    writeln!(out, "| {} |", cells.join(" | ")).unwrap();
}

fn names<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

fn begin(head: &[&str]) -> String {
    let mut out = String::new();
    row(&mut out, head);
    writeln!(out, "|{}", "---|".repeat(head.len())).unwrap();
    out
}

fn conventions() -> String {
    let mut out = begin(&["convention", "names"]);
    for (name, convention) in Conventions::NAMES.iter().copied() {
        let attributes = allowlist::ALLOWED
            .iter()
            .filter(|allowed| allowed.of.contains(convention) && allowed.of != Conventions::ALL);
        let attributes = attributes
            .map(|allowed| if allowed.is_family { format!("{}*", allowed.name) } else { allowed.name.to_owned() });
        let attributes = names(attributes);
        row(
            &mut out,
            &[&format!("`{name}`"), if attributes.is_empty() { "those of the crate, see below" } else { &attributes }],
        );
    }
    out
}

type Kinds = &'static [(&'static str, SpanKind)];

fn kinds() -> String {
    let mut out = begin(&["name", "value", "kind"]);
    for (kind, operations) in gen_ai::OPERATIONS {
        row(&mut out, &[&format!("`{}`", table::OPERATION), &names(*operations), kind.as_str()]);
    }
    row(&mut out, &[&format!("`{}`", table::OPERATION), "anything else", "workflow"]);
    let tables: [(String, Kinds, &str); 5] = [
        (names([table::OPENINFERENCE_KIND]), openinference::KINDS, "workflow"),
        (names(table::LANGFUSE_KIND), langfuse::KINDS, "workflow"),
        (names([table::TRACELOOP_KIND]), traceloop::KINDS, "–"),
        (names([table::REQUEST_TYPE]), traceloop::REQUEST_TYPES, "workflow"),
        (format!("last segment of `{}`", table::VERCEL_OPERATION), vercel::KINDS, "workflow"),
    ];
    for (name, values, other) in tables {
        for (value, kind) in values {
            row(&mut out, &[&name, &format!("`{value}`"), kind.as_str()]);
        }
        row(&mut out, &[&name, "anything else", other]);
    }
    out
}

fn slots() -> String {
    let mut out = begin(&["becomes", "of these names the first"]);
    let slots: [(&str, &[&str]); 9] = [
        ("model", table::MODEL),
        ("provider", table::PROVIDERS),
        ("name of a `tool` span", table::TOOL_NAME),
        ("name", table::NAME),
        ("session, and tag `conversation_id`", table::SESSION),
        ("tag `user_id`", table::USER),
        ("agent, and tag `agent.name`", table::AGENT),
        ("which call a `tool` span answers", table::TOOL_ID),
        ("metadata `finish_reasons`", table::FINISH_REASONS),
    ];
    for (slot, keys) in slots {
        row(&mut out, &[slot, &names(keys)]);
    }
    out
}

fn content() -> String {
    let mut out = begin(&["kind", "input", "output"]);
    let model = |all: [&[message_sources::MessageSource]; 3]| {
        names(all.into_iter().flatten().map(message_sources::MessageSource::shown))
    };
    let input = model([message_sources::OTEL_INPUT, message_sources::OTHER_INPUT, message_sources::GENERIC_INPUT]);
    let output = model([message_sources::OTEL_OUTPUT, message_sources::OTHER_OUTPUT, message_sources::GENERIC_OUTPUT]);
    row(&mut out, &["`llm`", &input, &output]);
    row(&mut out, &["`tool`", &names(table::TOOL_INPUT), &names(table::TOOL_OUTPUT)]);
    row(&mut out, &["`retrieval`", &names(table::RETRIEVAL_INPUT), &names(table::RETRIEVAL_OUTPUT)]);
    let others =
        |first: &[message_sources::MessageSource], values: &[&str], last: &[message_sources::MessageSource]| {
            let carried =
                |all: &[message_sources::MessageSource]| names(all.iter().map(message_sources::MessageSource::shown));
            format!("{}, {}, {}", carried(first), names(values), carried(last))
        };
    let input = others(message_sources::OTEL_INPUT, table::INPUT_VALUE, message_sources::OTHER_INPUT);
    let output = others(message_sources::OTEL_OUTPUT, table::OUTPUT_VALUE, message_sources::OTHER_OUTPUT);
    row(&mut out, &["`workflow`, `agent`, `task`", &input, &output]);
    out
}

fn metrics() -> String {
    let mut out = begin(&["metric", "of these names the first with a usable number", "of Langfuse's object"]);
    for (metric, keys) in table::METRICS {
        let members = [table::LANGFUSE_USAGE, table::LANGFUSE_COST].into_iter().flatten();
        let members = members.filter(|(own, _)| own == metric).flat_map(|(_, members)| members.iter());
        row(&mut out, &[&format!("`{metric}`"), &names(*keys), &names(members)]);
    }
    let first_token = format!("{}, `{}` (milliseconds)", names(table::FIRST_TOKEN), table::FIRST_TOKEN_MS);
    row(&mut out, &["`time_to_first_token`", &first_token, ""]);
    out
}

fn metadata() -> String {
    let mut out = begin(&["name", "member of the metadata"]);
    row(&mut out, &["`gen_ai.request.*` but `model`", "the rest of the name; dots nest"]);
    for (name, member) in table::METADATA {
        row(&mut out, &[&format!("`{name}`"), &format!("`{member}`")]);
    }
    row(
        &mut out,
        &[&names(table::METADATA_FAMILIES.iter().map(|family| format!("{family}*"))), "the rest of the name"],
    );
    row(&mut out, &[&names(table::METADATA_OBJECTS), "each member of the object"]);
    row(&mut out, &[&format!("`{}`", table::LAST_METADATA), "each member of the object; wins over all others"]);
    out
}

fn crates() -> String {
    let mut out = begin(&["convention", "targets", "spans", "attributes"]);
    for profile in frameworks::FRAMEWORKS {
        let name = Conventions::NAMES.iter().find(|(_, own)| *own == profile.convention).unwrap().0;
        let spans = profile.spans.iter().map(|(span, kind)| format!("`{span}` {kind}")).collect::<Vec<_>>().join(", ");
        let attributes = profile.attributes.iter().map(|(allowed, meaning)| format!("`{allowed}` as `{meaning}`"));
        let attributes = attributes.collect::<Vec<_>>().join(", ");
        row(&mut out, &[&format!("`{name}`"), &names(profile.crates), &spans, &attributes]);
    }
    out
}
