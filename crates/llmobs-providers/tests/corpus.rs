//! Hand-written exchanges of the kinds that hosts really send, each with the annotation that is expected of it.
//!
//! `tests/corpus/NAME.json` holds `{"report", "why", "url", "request", "response": {"status", "content_type", "headers",
//! "body"}, "expected": {"model", "input", "output", "metrics", "metadata", "error"}}`. `report` is the kind of complaint
//! that the case is an example of. A message is `[role, content, [[tool, arguments, id]]]`, and the error is its type. An
//! event stream of AWS is `"aws": [[event, payload]]` in place of a body, with `!` before the name of an exception.
//! Every case also passes through the mutators below. `BLESS=1 cargo test --test corpus` writes what is found into the
//! cases that expect nothing yet; read it before it is committed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may panic"
)]

use std::path::Path;

use std::io::Write as _;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use llmobs_model::{Annotation, Content, metric};
use llmobs_providers::{Call, Ending, Endpoint, ResponseHead};
use serde_json::{Value, json};

struct Case {
    name: String,
    json: Value,
}

impl Case {
    fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
        let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let case = |path: &std::path::PathBuf| {
            let json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            Self { name: path.file_stem().unwrap().to_string_lossy().into_owned(), json }
        };
        paths.iter().map(case).collect()
    }

    fn bytes(&self) -> Vec<u8> {
        let response = &self.json["response"];
        match response["aws"].as_array() {
            Some(events) => events.iter().flat_map(|event| frame(event[0].as_str().unwrap(), &event[1])).collect(),
            None => self.body().as_bytes().to_vec(),
        }
    }

    /// The body, where it is text.
    fn body(&self) -> &str {
        self.json["response"]["body"].as_str().unwrap_or_default()
    }

    /// Tells whether the body is events. One with its JSON on several lines has its own style of lines.
    fn is_stream(&self) -> bool {
        self.body().contains("data: ") && self.name != "openai_chat_event_over_lines"
    }

    fn expects_tokens(&self) -> bool {
        let expected = &self.json["expected"];
        let is_whole = expected["error"].is_null() && expected["metadata"]["incomplete_stream"].is_null();
        is_whole && expected["metrics"][metric::INPUT_TOKENS].is_number()
    }

    fn read<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>, ending: Ending) -> Annotation {
        let endpoint = Endpoint::recognise("POST", self.json["url"].as_str().unwrap()).unwrap();
        let response = &self.json["response"];
        let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
        let mut headers = http::HeaderMap::new();
        for (name, value) in response["headers"].as_object().into_iter().flatten() {
            let name = http::HeaderName::try_from(name.as_str()).unwrap();
            headers.insert(name, value.as_str().unwrap().try_into().unwrap());
        }
        let content_type = response["content_type"].as_str().unwrap();
        let head = ResponseHead::new(status).headers(&headers).content_type(content_type);
        let mut reader = Call::new(endpoint, self.json["request"].to_string()).begin_response(head);
        pieces.into_iter().for_each(|piece| reader.push(piece.to_vec(), None));
        reader.finish(ending)
    }

    fn read_whole(&self, body: impl AsRef<[u8]>) -> Value {
        shown(&self.read([body.as_ref()], Ending::Complete))
    }
}

/// The members that a case compares.
fn shown(annotation: &Annotation) -> Value {
    let metrics: serde_json::Map<String, Value> =
        annotation.metrics.iter().map(|(name, number)| (name.to_owned(), number.clone().into())).collect();
    let error = annotation.error.as_ref().map(|error| error.error_type.clone());
    let [input, output] = [annotation.input.as_ref(), annotation.output.as_ref()].map(messages);
    let model = [&annotation.model_provider, &annotation.model_name];
    json!({"model": model, "input": input, "output": output, "metrics": metrics, "metadata": annotation.metadata, "error": error})
}

fn messages(content: Option<&Content>) -> Vec<Value> {
    let Some(Content::Messages(messages)) = content else { return Vec::new() };
    let shown = |message: &llmobs_model::Message| {
        let call = |call: &llmobs_model::ToolCall| json!([call.name, call.arguments, call.tool_id]);
        json!([message.role.as_str(), message.content, message.tool_calls.iter().map(call).collect::<Vec<_>>()])
    };
    messages.iter().map(shown).collect()
}

/// A frame of an AWS event stream.
fn frame(name: &str, payload: &Value) -> Vec<u8> {
    let (kind, name) = name.strip_prefix('!').map_or(("event", name), |name| ("exception", name));
    let header = |name: &str, value: &str| Header::new(name.to_owned(), HeaderValue::String(value.to_owned().into()));
    let message = Message::new(payload.to_string().into_bytes())
        .add_header(header(":message-type", kind))
        .add_header(header(&format!(":{kind}-type"), name));
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes
}

#[test]
fn every_exchange_gives_what_is_expected_of_it() {
    for mut case in Case::all() {
        let found = case.read_whole(case.bytes());
        if case.json["expected"].is_null() && std::env::var_os("BLESS").is_some() {
            case.json["expected"] = found;
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/corpus/{}.json", case.name));
            std::fs::write(path, serde_json::to_string_pretty(&case.json).unwrap() + "\n").unwrap();
            continue;
        }
        assert_eq!(found, case.json["expected"], "{}: {}", case.name, case.json["why"]);
    }
}

#[test]
fn pieces_of_any_size_give_the_same() {
    for case in Case::all() {
        for size in [1, 2, 3, 7, 64] {
            let body = case.bytes();
            let found = shown(&case.read(body.chunks(size), Ending::Complete));
            assert_eq!(found, case.json["expected"], "{} in pieces of {size}", case.name);
        }
    }
}

#[test]
fn the_style_of_newlines_does_not_matter() {
    for case in Case::all().iter().filter(|case| case.is_stream()) {
        for newline in ["\r\n", "\r"] {
            assert_eq!(case.read_whole(case.body().replace('\n', newline)), case.json["expected"], "{}", case.name);
        }
    }
}

#[test]
fn blank_lines_between_events_may_be_missing() {
    // Where data are a number or a text, only a blank line ends an event.
    for case in Case::all().iter().filter(|case| case.is_stream() && case.name != "openai_chat_odd_events") {
        assert_eq!(case.read_whole(case.body().replace("\n\n", "\n")), case.json["expected"], "{}", case.name);
    }
}

#[test]
fn the_content_type_of_a_stream_does_not_matter() {
    for mut case in Case::all().into_iter().filter(Case::is_stream) {
        for content_type in ["", "text/plain", "application/json"] {
            case.json["response"]["content_type"] = content_type.into();
            assert_eq!(case.read_whole(case.body()), case.json["expected"], "{} as {content_type}", case.name);
        }
    }
}

#[test]
fn a_response_that_is_cut_anywhere_is_read_without_harm() {
    for case in Case::all() {
        let body = case.bytes();
        for end in 0..body.len() {
            for ending in [Ending::Complete, Ending::Dropped] {
                let annotation = case.read([&body[..end]], ending);
                assert!(annotation.output.is_some(), "{} cut at {end}", case.name);
                let metrics = shown(&annotation)["metrics"].clone();
                assert!(are_consistent(&metrics), "{} cut at {end}: {metrics}", case.name);
            }
        }
    }
}

/// Tells whether each part of the counts is contained in its whole.
fn are_consistent(metrics: &Value) -> bool {
    let count = |name: &str| metrics[name].as_u64();
    let is_within = |part: Option<u64>, whole: Option<u64>| part.is_none_or(|part| part <= whole.unwrap_or(0));
    let cached =
        [metric::CACHE_READ_INPUT_TOKENS, metric::CACHE_WRITE_INPUT_TOKENS].map(|name| count(name).unwrap_or(0));
    let [input, output, total] = [metric::INPUT_TOKENS, metric::OUTPUT_TOKENS, metric::TOTAL_TOKENS].map(count);
    is_within(Some(cached[0] + cached[1]), input)
        && is_within(count(metric::REASONING_OUTPUT_TOKENS), output)
        && input.zip(output).zip(total).is_none_or(|((input, output), total)| input + output <= total)
}

#[test]
fn every_part_is_contained_in_its_whole() {
    for case in Case::all() {
        let metrics = &case.json["expected"]["metrics"];
        assert!(are_consistent(metrics), "{}: {metrics}", case.name);
    }
}

#[test]
fn no_later_event_lowers_a_count() {
    let mut compared = 0;
    for case in Case::all().iter().filter(|case| case.is_stream()) {
        let body = case.body();
        let mut before = json!({});
        for (end, _) in body.match_indices("\n\n") {
            let metrics = shown(&case.read([&body.as_bytes()[..end + 2]], Ending::Dropped))["metrics"].clone();
            for (name, count) in before.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_tokens")) {
                let count = count.as_u64().unwrap();
                assert!(metrics[name].as_u64() >= Some(count), "{} at {end}: {name}: {count}", case.name);
                compared += 1;
            }
            before = metrics;
        }
    }
    assert!(compared > 20, "{compared} counts were compared");
}

#[test]
fn a_report_of_zeros_at_the_end_takes_no_count_away() {
    for case in Case::all().into_iter().filter(|case| case.is_stream() && case.expects_tokens()) {
        let url = case.json["url"].as_str().unwrap();
        let zeros = match url {
            _ if url.contains("/messages") => {
                r#"{"type":"message_delta","delta":{},"usage":{"input_tokens":0,"output_tokens":0}}"#
            }
            _ if url.contains("Content") => r#"{"usageMetadata":{"promptTokenCount":0,"totalTokenCount":0}}"#,
            _ if url.contains("completions") => r#"{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}"#,
            _ => continue,
        };
        let body = case.body().replace("data: [DONE]\n\n", "") + &format!("data: {zeros}\n\ndata: [DONE]\n\n");
        assert_eq!(case.read_whole(body)["metrics"], case.json["expected"]["metrics"], "{}", case.name);
    }
}

#[test]
fn events_that_nobody_knows_change_nothing() {
    let strange = "event: heartbeat\ndata: {\"type\":\"heartbeat\",\"n\":1}\n\n: comment\n\nid: 7\nretry: 5\n\n";
    for case in Case::all().into_iter().filter(|case| case.is_stream() && case.body().contains("\n\n")) {
        let body = case.body().replacen("\n\n", &format!("\n\n{strange}"), 2);
        assert_eq!(case.read_whole(body), case.json["expected"], "{}", case.name);
    }
}

#[test]
fn a_body_that_is_compressed_gives_the_same() {
    for mut case in Case::all() {
        if case.json["response"]["headers"].is_object() || case.bytes().is_empty() {
            continue;
        }
        case.json["response"]["headers"] = json!({"content-encoding": "gzip"});
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&case.bytes()).unwrap();
        let mut found = case.read_whole(encoder.finish().unwrap());
        // Of an unreadable body, the bytes on the wire are reported.
        if let Some(bytes) = found.pointer_mut("/metadata/unreadable_response/bytes") {
            *bytes = case.bytes().len().into();
        }
        assert_eq!(found, case.json["expected"], "{}", case.name);
    }
}

#[test]
fn a_response_behind_an_instrumented_proxy_counts_nothing() {
    for case in Case::all() {
        let endpoint = Endpoint::recognise("POST", case.json["url"].as_str().unwrap()).unwrap();
        let call = Call::new(endpoint.behind_instrumented_proxy(), case.json["request"].to_string());
        let mut reader = call.begin_response(ResponseHead::new(200).content_type("text/event-stream"));
        reader.push(case.bytes(), None);
        let found = reader.finish(Ending::Complete);
        assert_eq!(found.metrics.get(metric::INPUT_TOKENS), None, "{}", case.name);
    }
}

/// The APIs of the table in `docs/integrations.md`, and the case that has all that each of them tells.
const APIS: &[(&str, &str)] = &[
    ("OpenAI and its dialect: chat", "facts_openai_chat"),
    ("OpenAI: responses", "facts_openai_responses"),
    ("Anthropic", "facts_anthropic"),
    ("Bedrock: Converse", "facts_bedrock_converse"),
    ("Gemini, Vertex AI", "facts_gemini"),
    ("Mistral", "facts_mistral"),
    ("Cohere", "facts_cohere"),
    ("Ollama", "facts_ollama"),
];

/// Reads the table of providers and facts off the corpus.
fn table_of_facts() -> String {
    let mut lines = vec![
        "| provider | tokens | cache | reasoning tokens | cost | finish reason | tools | thoughts | citations | media | errors |".to_owned(),
        "|---|---|---|---|---|---|---|---|---|---|---|".to_owned(),
    ];
    let cases = Case::all();
    let case = |name: &str| cases.iter().find(|case| case.name == name).unwrap();
    for (title, name) in APIS {
        let expected = &case(name).json["expected"];
        let (metrics, metadata) = (&expected["metrics"], &expected["metadata"]);
        let output = || expected["output"].as_array().unwrap().iter();
        let annotation = case(name).read([case(name).bytes().as_slice()], Ending::Complete);
        let has_media = matches!(&annotation.input, Some(Content::Messages(input)) if input.iter().any(|message| !message.image_parts.is_empty()));
        let facts = [
            metrics[metric::INPUT_TOKENS].is_number() && metrics[metric::OUTPUT_TOKENS].is_number(),
            metrics[metric::CACHE_READ_INPUT_TOKENS].is_number(),
            metrics[metric::REASONING_OUTPUT_TOKENS].is_number(),
            metrics[metric::TOTAL_COST].is_number(),
            metadata["finish_reason"].is_string(),
            output().any(|message| !message[2].as_array().unwrap().is_empty()),
            output().any(|message| message[0] == "reasoning"),
            metadata["citations"].is_array(),
            has_media,
            case(&format!("{name}_error")).json["expected"]["error"].is_string(),
        ];
        let cells = facts.map(|is_told| if is_told { "yes" } else { "–" });
        lines.push(format!("| {title} | {} |", cells.join(" | ")));
    }
    lines.join("\n")
}

#[test]
fn the_table_in_the_documents_is_what_the_corpus_shows() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/integrations.md");
    let Ok(page) = std::fs::read_to_string(&path) else { return };
    let table = table_of_facts();
    let (begin, end) = ("<!-- facts: made by crates/llmobs-providers/tests/corpus.rs -->\n", "\n<!-- /facts -->");
    let (before, rest) = page.split_once(begin).unwrap();
    let (found, behind) = rest.split_once(end).unwrap();
    if found != table && std::env::var_os("BLESS").is_some() {
        std::fs::write(path, [before, begin, &table, end, behind].concat()).unwrap();
        return;
    }
    assert_eq!(found, table, "write it anew with BLESS=1 cargo test -p llmobs-providers --test corpus");
}
