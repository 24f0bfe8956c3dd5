//! Hand-written exchanges of the kinds that hosts really send, each with the annotation that is expected of it.
//!
//! `tests/corpus/NAME.json` holds `{"why", "url", "request", "response": {"status", "content_type", "body"}, "expected":
//! {"output", "metrics", "metadata", "error"}}`: a message of the output is `[role, content, [[tool, arguments, id]]]`, and
//! the error is its type. Every case also passes through the mutators below.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may panic"
)]

use std::path::Path;

use llmobs_model::{Annotation, Content};
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

    fn body(&self) -> &str {
        self.json["response"]["body"].as_str().unwrap()
    }

    fn is_stream(&self) -> bool {
        self.body().contains("data: ")
    }

    fn read<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>, ending: Ending) -> Annotation {
        let endpoint = Endpoint::recognise("POST", self.json["url"].as_str().unwrap()).unwrap();
        let response = &self.json["response"];
        let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
        let head = ResponseHead::new(status).content_type(response["content_type"].as_str().unwrap());
        let mut reader = Call::new(endpoint, self.json["request"].to_string()).begin_response(head);
        pieces.into_iter().for_each(|piece| reader.push(piece.to_vec(), None));
        reader.finish(ending)
    }

    fn read_whole(&self, body: &str) -> Value {
        shown(&self.read([body.as_bytes()], Ending::Complete))
    }
}

/// What a case compares.
fn shown(annotation: &Annotation) -> Value {
    let messages = match &annotation.output {
        Some(Content::Messages(messages)) => messages.as_slice(),
        _ => &[],
    };
    let output: Vec<Value> = messages
        .iter()
        .map(|message| {
            let call = |call: &llmobs_model::ToolCall| json!([call.name, call.arguments, call.tool_id]);
            json!([message.role.as_str(), message.content, message.tool_calls.iter().map(call).collect::<Vec<_>>()])
        })
        .collect();
    let metrics: serde_json::Map<String, Value> =
        annotation.metrics.iter().map(|(name, number)| (name.to_owned(), number.clone().into())).collect();
    let error = annotation.error.as_ref().map(|error| error.error_type.clone());
    json!({"output": output, "metrics": metrics, "metadata": annotation.metadata, "error": error})
}

#[test]
fn every_exchange_gives_what_is_expected_of_it() {
    for case in Case::all() {
        assert_eq!(case.read_whole(case.body()), case.json["expected"], "{}: {}", case.name, case.json["why"]);
    }
}

#[test]
fn pieces_of_any_size_give_the_same() {
    for case in Case::all() {
        for size in [1, 2, 3, 7, 64] {
            let pieces = case.body().as_bytes().chunks(size);
            let found = shown(&case.read(pieces, Ending::Complete));
            assert_eq!(found, case.json["expected"], "{} in pieces of {size}", case.name);
        }
    }
}

#[test]
fn the_style_of_newlines_does_not_matter() {
    for case in Case::all().iter().filter(|case| case.is_stream()) {
        for newline in ["\r\n", "\r"] {
            assert_eq!(case.read_whole(&case.body().replace('\n', newline)), case.json["expected"], "{}", case.name);
        }
    }
}

#[test]
fn blank_lines_between_events_may_be_missing() {
    for case in Case::all().iter().filter(|case| case.is_stream()) {
        assert_eq!(case.read_whole(&case.body().replace("\n\n", "\n")), case.json["expected"], "{}", case.name);
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
        for end in 0..case.body().len() {
            for ending in [Ending::Complete, Ending::Dropped] {
                let annotation = case.read([&case.body().as_bytes()[..end]], ending);
                assert!(annotation.output.is_some(), "{} cut at {end}", case.name);
            }
        }
    }
}
