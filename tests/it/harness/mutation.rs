//! Breaks what a test receives, so that it can be shown that the test looks at it.
//!
//! A process that has the variable [`MUTATION`] changes one thing in everything that its intakes receive and its
//! recorders keep, and the test must fail. The value is `drop PATH` or `swap PATH`, where PATH is
//!
//! - `span.meta.input.value`: a member of each span event. Arrays are passed through; a tag is `span.tags.KEY`.
//! - `evaluation.label`: a member of each evaluation.
//! - `envelope.event_type`: a member around the spans.
//! - `header.dd-api-key`, and `path`: of the request.

use serde_json::Value;
use tracing_llmobs::SpanEvent;

/// The variable that holds the mutation.
pub const MUTATION: &str = "LLMOBS_TEST_MUTATION";

/// A change of everything that is received.
#[derive(Debug, Clone)]
pub struct Mutation {
    drops: bool,
    /// `span`, `evaluation`, `envelope`, `header` or `path`.
    place: String,
    members: Vec<String>,
}

impl Mutation {
    /// Returns the mutation of this process, if it has one.
    pub fn of_this_process() -> Option<Self> {
        Some(Self::parse(&std::env::var(MUTATION).ok()?))
    }

    fn parse(text: &str) -> Self {
        let (verb, path) = text.split_once(' ').unwrap_or_else(|| panic!("{text}: a verb and a path"));
        assert!(matches!(verb, "drop" | "swap"), "{text}: drop or swap");
        let mut parts = path.split('.').map(str::to_owned);
        Self { drops: verb == "drop", place: parts.next().unwrap(), members: parts.collect() }
    }

    /// Changes the body of a request; a body that is no JSON stays as it is.
    pub fn body(&self, bytes: &[u8]) -> Vec<u8> {
        let Ok(mut body) = serde_json::from_slice::<Value>(bytes) else { return bytes.to_vec() };
        let envelopes = match &mut body {
            Value::Array(envelopes) => envelopes.iter_mut().collect(),
            one => vec![one],
        };
        for envelope in envelopes {
            match self.place.as_str() {
                "envelope" => self.change(envelope, &self.members),
                "span" => items(envelope.get_mut("spans")).for_each(|span| self.change(span, &self.members)),
                "evaluation" => items(envelope.pointer_mut("/data/attributes/metrics"))
                    .for_each(|metric| self.change(metric, &self.members)),
                _ => {}
            }
        }
        serde_json::to_vec(&body).unwrap()
    }

    /// Changes the value of a header, or removes it.
    pub fn header(&self, name: &str, value: &str) -> Option<String> {
        let is_meant = self.place == "header" && self.members[0].eq_ignore_ascii_case(name);
        match (is_meant, self.drops) {
            (false, _) => Some(value.to_owned()),
            (true, true) => None,
            (true, false) => Some(format!("{value}~")),
        }
    }

    /// Changes the path of a request.
    pub fn path(&self, path: &str) -> String {
        if self.place == "path" { format!("{path}~") } else { path.to_owned() }
    }

    /// Changes a whole request in bytes.
    pub fn request(&self, bytes: &[u8]) -> Vec<u8> {
        let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return bytes.to_vec() };
        let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
        let mut lines = text.split("\r\n");
        let mut words: Vec<String> = lines.next().unwrap().split(' ').map(str::to_owned).collect();
        words[1] = self.path(&words[1]);
        let mut changed = words.join(" ");
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            if let Some(value) = self.header(name, value) {
                changed.extend(["\r\n", name, ": ", &*value]);
            }
        }
        [changed.as_bytes(), b"\r\n\r\n", &self.body(&bytes[head + 4..])].concat()
    }

    /// Changes a span event as it would be changed on the wire.
    pub fn event(&self, event: SpanEvent) -> SpanEvent {
        if self.place != "span" {
            return event;
        }
        let mut json = serde_json::to_value(&event).unwrap();
        self.change(&mut json, &self.members);
        let mut changed: SpanEvent = serde_json::from_value(json).unwrap();
        if self.drops && self.members == ["name"] {
            // A reader of the wire takes the kind in its place.
            changed.name.clear();
        }
        changed
    }

    /// Changes an evaluation as it is on the wire.
    pub fn evaluation(&self, mut evaluation: Value) -> Value {
        if self.place == "evaluation" {
            self.change(&mut evaluation, &self.members);
        }
        evaluation
    }

    fn change(&self, value: &mut Value, path: &[String]) {
        let [member, below @ ..] = path else { return };
        match value {
            Value::Array(items) if items.iter().any(|item| is_tag(item, &path.join("."))) => {
                let key = path.join(".");
                if self.drops {
                    items.retain(|item| !is_tag(item, &key));
                } else {
                    items.iter_mut().filter(|item| is_tag(item, &key)).for_each(swap);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.change(item, path)),
            Value::Object(members) if below.is_empty() && self.drops => drop(members.remove(member)),
            Value::Object(members) if below.is_empty() => members.get_mut(member).into_iter().for_each(swap),
            Value::Object(members) => members.get_mut(member).into_iter().for_each(|inner| self.change(inner, below)),
            _ => {}
        }
    }
}

fn items(value: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    value.and_then(Value::as_array_mut).into_iter().flatten()
}

fn is_tag(item: &Value, key: &str) -> bool {
    item.as_str().and_then(|tag| tag.strip_prefix(key)).is_some_and(|rest| rest.starts_with(':'))
}

/// Puts another value of the same type in place of one.
fn swap(value: &mut Value) {
    match value {
        Value::Null => *value = Value::from("~"),
        Value::Bool(flag) => *flag = !*flag,
        Value::Number(number) => {
            *value = number.as_u64().map_or_else(|| Value::from(123.5), |whole| Value::from(whole + 1));
        }
        // Ids stay ids.
        Value::String(text) if text.parse::<u64>().is_ok() => "77777".clone_into(text),
        Value::String(text) if text.len() == 32 && text.bytes().all(|one| one.is_ascii_hexdigit()) => {
            "00000000000000000000000000077777".clone_into(text);
        }
        Value::String(text) => text.push('~'),
        Value::Array(items) => match items.as_mut_slice() {
            [] => items.push(Value::from("~")),
            [first, ..] => swap(first),
        },
        Value::Object(members) => match members.iter_mut().next() {
            Some((_, first)) => swap(first),
            None => drop(members.insert("~".to_owned(), Value::from("~"))),
        },
    }
}

#[test]
fn a_mutation_changes_what_it_names_and_nothing_else() {
    let body = r#"[{"event_type":"span","spans":[{"name":"a","tags":["a.b:1","c:2"],"meta":{"input":{"messages":[{"role":"user"}]}}}]}]"#;
    let changed = |text: &str| String::from_utf8(Mutation::parse(text).body(body.as_bytes())).unwrap();
    let plain: String = serde_json::from_str::<Value>(body).unwrap().to_string();
    assert_eq!(changed("swap span.nothing"), plain);
    assert_eq!(changed("swap span.name"), plain.replace(r#""a","#, r#""a~","#));
    assert_eq!(changed("drop span.tags.a.b"), plain.replace(r#""a.b:1","#, ""));
    assert_eq!(changed("swap span.tags.c"), plain.replace("c:2", "c:2~"));
    assert_eq!(changed("drop span.meta.input.messages.role"), plain.replace(r#""role":"user""#, ""));
    assert_eq!(changed("swap envelope.event_type"), plain.replace(r#""span""#, r#""span~""#));
    let request = b"POST /a HTTP/1.1\r\nx: 1\r\ny: 2\r\n\r\n{}";
    let changed = |text: &str| String::from_utf8(Mutation::parse(text).request(request)).unwrap();
    assert_eq!(changed("drop header.X"), "POST /a HTTP/1.1\r\ny: 2\r\n\r\n{}");
    assert_eq!(changed("swap header.y"), "POST /a HTTP/1.1\r\nx: 1\r\ny: 2~\r\n\r\n{}");
    assert_eq!(changed("swap path"), "POST /a~ HTTP/1.1\r\nx: 1\r\ny: 2\r\n\r\n{}");
}
