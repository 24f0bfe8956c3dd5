//! The tables in `docs/fields.md` about other vocabularies are those of the code.

use std::fmt::Write as _;
use std::path::Path;

use super::super::precedence as table;
use super::super::{Vocabularies, carriers, gen_ai, heard, langfuse, openinference, profiles, traceloop, vercel};
use llmobs_model::SpanKind;

#[test]
fn the_document_has_the_tables_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fields.md");
    let document = std::fs::read_to_string(path).unwrap();
    let tables = [vocabularies(), kinds(), slots(), content(), metrics(), metadata(), crates()];
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

fn vocabularies() -> String {
    let mut out = begin(&["vocabulary", "names"]);
    for (name, vocabulary) in Vocabularies::NAMES {
        let words = heard::WORDS.iter().filter(|word| word.of.contains(vocabulary) && word.of != Vocabularies::ALL);
        let words = words.map(|word| if word.is_family { format!("{}*", word.name) } else { word.name.to_owned() });
        let words = names(words);
        row(&mut out, &[&format!("`{name}`"), if words.is_empty() { "those of the crate, see below" } else { &words }]);
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
    let model = |all: [&[carriers::Carrier]; 3]| names(all.into_iter().flatten().map(carriers::Carrier::shown));
    let input = model([carriers::INPUT_OF_CONVENTION, carriers::OTHER_INPUT, carriers::ANY_INPUT]);
    let output = model([carriers::OUTPUT_OF_CONVENTION, carriers::OTHER_OUTPUT, carriers::ANY_OUTPUT]);
    row(&mut out, &["`llm`", &input, &output]);
    row(&mut out, &["`tool`", &names(table::TOOL_INPUT), &names(table::TOOL_OUTPUT)]);
    row(&mut out, &["`retrieval`", &names(table::RETRIEVAL_INPUT), &names(table::RETRIEVAL_OUTPUT)]);
    let others = |first: &[carriers::Carrier], values: &[&str], last: &[carriers::Carrier]| {
        let carried = |all: &[carriers::Carrier]| names(all.iter().map(carriers::Carrier::shown));
        format!("{}, {}, {}", carried(first), names(values), carried(last))
    };
    let input = others(carriers::INPUT_OF_CONVENTION, table::INPUT_VALUE, carriers::OTHER_INPUT);
    let output = others(carriers::OUTPUT_OF_CONVENTION, table::OUTPUT_VALUE, carriers::OTHER_OUTPUT);
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
    let mut out = begin(&["vocabulary", "targets", "spans", "words"]);
    for profile in profiles::PROFILES {
        let name = Vocabularies::NAMES.iter().find(|(_, own)| *own == profile.vocabulary).unwrap().0;
        let spans = profile.spans.iter().map(|(span, kind)| format!("`{span}` {kind}")).collect::<Vec<_>>().join(", ");
        let words = profile.words.iter().map(|(word, meaning)| format!("`{word}` as `{meaning}`"));
        let words = words.collect::<Vec<_>>().join(", ");
        row(&mut out, &[&format!("`{name}`"), &format!("`{}*`", profile.crates), &spans, &words]);
    }
    out
}
