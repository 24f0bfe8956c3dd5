//! The cases of the folder beside the repository: each is played in every staging.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::matcher::{differences, mutations};
use super::play::{PRIMARY, Sent, Staging, Told, play, server};

#[derive(Debug, Deserialize)]
struct Case {
    id: String,
    #[serde(flatten)]
    primary: Told,
    expect: Value,
    #[serde(default)]
    extra_spans: Vec<Told>,
    #[serde(default)]
    expect_extra: Map<String, Value>,
    #[serde(default)]
    expect_evaluations: Option<Vec<Map<String, Value>>>,
}

impl Case {
    fn spans(&self) -> Vec<Told> {
        std::iter::once(&self.primary).chain(&self.extra_spans).cloned().collect()
    }

    /// The expectation for each span; a span that the case does not name is not compared.
    fn expected(&self) -> impl Iterator<Item = (&str, &Value)> {
        let extra = self.expect_extra.iter().map(|(reference, expected)| (reference.as_str(), expected));
        std::iter::once((PRIMARY, &self.expect)).chain(extra)
    }

    fn differences(&self, sent: &Sent) -> Vec<String> {
        let mut found = Vec::new();
        for (reference, expected) in self.expected() {
            match (expected, sent.of(reference)) {
                (Value::Null, None) => {}
                (Value::Null, Some(event)) => found.push(format!("{reference}: must not be sent: {event}")),
                (expected, got) => {
                    let expected = with_ids(expected, sent);
                    let told = differences(&expected, got);
                    found.extend(told.into_iter().map(|difference| format!("{reference}{difference}")));
                }
            }
        }
        for event in &sent.spans {
            let is_known = sent.ids.iter().any(|(_, id)| id.is_some_and(|id| event["span_id"] == id.to_string()));
            found.extend((!is_known).then(|| format!("sent by nobody: {event}")));
        }
        found.extend(self.evaluation_differences(sent));
        found
    }

    fn evaluation_differences(&self, sent: &Sent) -> Vec<String> {
        let expected = self.expect_evaluations.iter().flatten().filter(|draft| !draft.contains_key("dropped"));
        let expected: Vec<Value> = expected.map(|draft| as_sent(draft, sent)).collect();
        let got = Value::from(sent.evaluations.clone());
        differences(&expected.into(), Some(&got)).into_iter().map(|line| format!("evaluations{line}")).collect()
    }
}

/// The expectation with the ids of this run in place of references.
fn with_ids(expected: &Value, sent: &Sent) -> Value {
    let mut expected = expected.clone();
    let id_of = |reference: &Value| match reference.as_str() {
        Some("undefined") => "undefined".to_owned(),
        Some(reference) => sent.id(reference).unwrap_or_else(|| format!("the id of {reference}")),
        None => panic!("{reference} is no reference"),
    };
    let Some(members) = expected.as_object_mut() else { return expected };
    if let Some(parent) = members.remove("parent") {
        members.insert("parent_id".to_owned(), id_of(&parent).into());
    }
    for link in members.get_mut("span_links").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(reference) = link.as_object_mut().and_then(|link| link.remove("ref")) {
            link["span_id"] = id_of(&reference).into();
        }
    }
    expected
}

/// A draft of an evaluation as it is on the wire.
fn as_sent(draft: &Map<String, Value>, sent: &Sent) -> Value {
    let mut expected = draft.clone();
    // What is joined to a span does not say the response too.
    let response = expected.remove("response_id");
    match expected.remove("join").as_ref().and_then(Value::as_str) {
        Some("enclosing" | "parent" | "own") | None => {
            if let Some(id) = sent.id(PRIMARY) {
                expected.insert("join_on".to_owned(), json!({"span": {"span_id": id}}));
            }
        }
        Some("tag" | "response_id") => {
            expected.insert("join_on".to_owned(), json!({"tag": {"key": "response.id", "value": response}}));
        }
        Some(other) => panic!("unknown join {other}"),
    }
    if let Some(scope) = expected.remove("scope") {
        expected.insert("eval_scope".to_owned(), scope);
    }
    Value::Object(expected)
}

/// Returns the cases that lie beside the repository.
fn cases() -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/otel_cases.jsonl");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let cases = text.lines().filter(|line| !line.trim().is_empty());
    cases.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[test]
#[ignore = "needs ../shared"]
fn every_case_leaves_as_it_should_in_every_staging() {
    let cases = cases();
    assert!(cases.len() >= 100, "{} cases", cases.len());
    let server = server();
    let mut failed = Vec::new();
    for case in &cases {
        for staging in Staging::ALL {
            let sent = play(&case.spans(), staging, &server);
            failed.extend(case.differences(&sent).into_iter().map(|line| format!("{} {staging:?} {line}", case.id)));
        }
    }
    let mut ids: Vec<&str> = failed.iter().filter_map(|line| line.split(' ').next()).collect();
    ids.dedup();
    assert!(failed.is_empty(), "{} of {} cases:\n{}", ids.len(), cases.len(), failed.join("\n"));
}

/// A matcher that cannot fail proves nothing.
#[test]
#[ignore = "needs ../shared"]
fn every_change_of_a_leaf_of_an_expectation_is_noticed() {
    let cases = cases();
    let server = server();
    let mut unnoticed = Vec::new();
    let mut tried = 0_usize;
    for case in &cases {
        let sent = play(&case.spans(), Staging::ALL[0], &server);
        for (reference, expected) in case.expected().filter(|(_, expected)| !expected.is_null()) {
            for (at, mutation) in mutations(expected) {
                tried += 1;
                let told = differences(&with_ids(&mutation, &sent), sent.of(reference));
                unnoticed.extend(told.is_empty().then(|| format!("{} {reference}{at}", case.id)));
            }
        }
    }
    assert!(tried > 1_000, "{tried} changes");
    assert!(unnoticed.is_empty(), "{} of {tried}:\n{}", unnoticed.len(), unnoticed.join("\n"));
}
