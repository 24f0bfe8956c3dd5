//! Decides by the body of a request whether it is a model call, where its URL alone is no proof.
//!
//! In: the body. Out: yes or no. Never: a tree of a body that shows its signs early, as those of the usual clients do.

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::json::{self, BorrowedText, StrictObject};

/// The weight that the body of a request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Host and path are proof enough.
    None,
    /// The host is not known, the path is hardly used for anything else: a body that can be seen has to be that of a call.
    UnlessRefuted,
    /// The host is not known, and any service may use such a path: the body has to prove the call.
    UntilProven,
}

/// Tells whether a body at a common path is that of a model call: it names a model, unless the path does, and carries content.
pub(super) fn is_proof(integration: &str, has_model: bool, body: &[u8]) -> bool {
    let request = json::parse(body);
    let has_model = has_model || !json::text(&request, "model").is_empty();
    let has_stored_prompt = !json::text(json::get(&request, &["prompt"]), "id").is_empty();
    has_stored_prompt || has_model && has_contents(integration, &request)
}

fn has_contents(integration: &str, request: &Value) -> bool {
    let is_content = |value: &Value, name: &str| name != "messages" || has_roles(value);
    contents(integration).iter().any(|name| json::present(request, name).is_some_and(|value| is_content(value, name)))
}

/// Tells whether messages are those of a conversation: every API gives them roles, services for text messages do not.
fn has_roles(messages: &Value) -> bool {
    let first = messages.as_array().map(|messages| messages.first());
    first.is_some_and(|first| first.is_none_or(|first| !json::text(first, "role").is_empty()))
}

/// Tells whether a body at an unmistakable path may be that of a model call. One that cannot be seen, because it is not at
/// hand, was cut or is compressed, may.
pub(super) fn is_plausible(integration: &str, has_model: bool, body: &[u8]) -> bool {
    if body.is_empty() || COMPRESSED.iter().any(|magic| body.starts_with(magic)) {
        return true;
    }
    let mut signs = Signs { has_model, has_content: false, has_role: false, contents: contents(integration) };
    // The error is how a reader that has seen enough stops; the usual body begins with both signs.
    let outcome = serde_json::Deserializer::from_slice(body).deserialize_map(&mut signs);
    if signs.are_complete() || outcome.is_err_and(|error| error.is_eof()) {
        return true;
    }
    is_plausible_document(integration, has_model, &json::parse(body))
}

/// Looks at a document that is not quite valid, or that names no model: servers with a single model need none, and the roles
/// of its messages are the second sign. A text alone has nothing that could be taken for content.
fn is_plausible_document(integration: &str, has_model: bool, request: &Value) -> bool {
    let has_model = has_model || !json::text(request, "model").is_empty();
    let is_conversation = || json::present(request, "messages").is_some_and(has_roles);
    request.is_string() || has_contents(integration, request) && (has_model || is_conversation())
}

/// The signs of a model call among the members of a body.
#[derive(Debug)]
struct Signs {
    has_model: bool,
    has_content: bool,
    /// The first message has a role, which is proof enough.
    has_role: bool,
    contents: &'static [&'static str],
}

impl Signs {
    const fn are_complete(&self) -> bool {
        self.has_role || self.has_model && self.has_content
    }
}

impl<'de> Visitor<'de> for &mut Signs {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body of a request")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(BorrowedText(name)) = members.next_key()? {
            let is_content = self.contents.contains(&name.as_ref());
            if name == "model" {
                let BorrowedText(model) = members.next_value()?;
                self.has_model |= !model.is_empty();
            } else if is_content && name == "messages" {
                members.next_value_seed(Messages(self))?;
            } else if is_content && self.has_model {
                self.has_content = members.next_value::<Presence>()?.0;
            } else {
                let is_present = members.next_value::<Option<IgnoredAny>>()?.is_some();
                self.has_content |= is_content && is_present;
            }
            if self.are_complete() {
                return Err(A::Error::custom("enough"));
            }
        }
        Ok(())
    }
}

/// Looks for a role in the first of several messages, and stops the reader behind it.
struct Messages<'a>(&'a mut Signs);

impl<'de> DeserializeSeed<'de> for Messages<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Messages<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("messages")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut messages: A) -> Result<(), A::Error> {
        let first = messages.next_element::<StrictObject<FirstMessage>>()?;
        self.0.has_content |= first.is_none();
        self.0.has_role = first.is_some_and(|StrictObject(first)| first.role.is_some());
        if self.0.has_role {
            return Err(A::Error::custom("enough"));
        }
        while messages.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// The sign that a message is one of a conversation.
#[derive(Deserialize)]
struct FirstMessage {
    role: Option<IgnoredAny>,
}

/// Tells whether a value is there and not null. The value itself stays unread, so the reader has to stop behind it.
struct Presence(bool);

impl<'de> Deserialize<'de> for Presence {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct NotNull;
        impl<'de> Visitor<'de> for NotNull {
            type Value = Presence;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_none<E>(self) -> Result<Presence, E> {
                Ok(Presence(false))
            }

            fn visit_some<D: Deserializer<'de>>(self, _: D) -> Result<Presence, D::Error> {
                Ok(Presence(true))
            }
        }
        from.deserialize_option(NotNull)
    }
}

/// Returns the members of a request that carry what the model is to read.
fn contents(integration: &str) -> &'static [&'static str] {
    match integration {
        "bedrock" | "bedrock_agents" => BEDROCK_CONTENTS,
        "google_genai" | "vertexai" => GOOGLE_CONTENTS,
        _ => CONTENTS,
    }
}

const CONTENTS: &[&str] = &["messages", "input", "prompt"];

const GOOGLE_CONTENTS: &[&str] = &["contents", "content", "requests", "instances", "input"];

/// The members that carry content in the requests of all model families on Bedrock.
const BEDROCK_CONTENTS: &[&str] = &[
    "messages",
    "prompt",
    "inputText",
    "message",
    "texts",
    "inputs",
    "images",
    "inputImage",
    "inputPrompt",
    "singleEmbeddingParams",
    "segmentedEmbeddingParams",
];

/// The first bytes of bodies that the client has compressed with gzip or zstd.
const COMPRESSED: &[&[u8]] = &[&[0x1F, 0x8B], &[0x28, 0xB5, 0x2F, 0xFD]];

#[cfg(test)]
mod tests {
    use crate::endpoint::Endpoint;

    fn is_call(url: &str, body: &str) -> bool {
        Endpoint::recognise("POST", url).is_some_and(|endpoint| endpoint.is_confirmed_by(body.as_bytes()))
    }

    #[test]
    fn a_look_alike_of_any_path_on_an_unknown_host_is_no_call() {
        let paths = [
            "/v1/chat/completions",
            "/chat/completions",
            "/openai/deployments/d/chat/completions",
            "/openai/deployments/d/completions",
            "/openai/deployments/d/embeddings",
            "/v1/completions",
            "/v1/responses",
            "/v1/embeddings",
            "/v1/messages",
            "/model/7/invoke",
            "/model/7/converse",
            "/agents/7/agentAliases/1/sessions/2/text",
            "/v1/models/m:generateContent",
            "/v1/models/m:streamGenerateContent",
            "/v1/models/m:embedContent",
            "/v1/publishers/google/models/gecko-embed:predict",
            "/v1/publishers/anthropic/models/m:rawPredict",
            "/v1/publishers/mistralai/models/m:rawPredict",
        ];
        let hosts = [
            "https://app.example.com",
            "https://x1.execute-api.eu-west-1.amazonaws.com",
            "https://vm.cloudapp.azure.com",
        ];
        let bodies = [
            r#"{"from":"A","to":"447700900000","text":"Hi."}"#,
            r#"{"to":"447700900000","content_type":"text","messages":null}"#,
            r#"{"form":7,"answers":["a"],"state":"done"}"#,
            "[1,2]",
            "to=447700900000&body=Hi.",
        ];
        for (host, path, body) in hosts
            .iter()
            .flat_map(|host| paths.iter().map(move |path| (host, path)))
            .flat_map(|(host, path)| bodies.iter().map(move |body| (host, path, body)))
        {
            assert!(!is_call(&format!("{host}{path}"), body), "{host}{path} {body}");
        }
        let (ollama, databricks) = ("http://ollama.example.com", "https://w.cloud.databricks.com");
        let several = r#"{"model":"bulk","messages":[{"to":"447700900000","text":"Hi."}]}"#;
        for path in ["/v1/messages", "/v1/chat/completions"] {
            assert!(!is_call(&format!("https://sms.example.com{path}"), several), "{path}");
        }
        assert!(!is_call(&format!("{ollama}/api/generate"), r#"{"report":7}"#));
        assert!(!is_call(&format!("{databricks}/serving-endpoints/churn/invocations"), r#"{"dataframe_records":[]}"#));
        assert!(is_call(&format!("{databricks}/serving-endpoints/llama/invocations"), r#"{"messages":[]}"#));
    }

    #[test]
    fn calls_at_unmistakable_paths_are_calls_whatever_the_order_and_state_of_their_bodies() {
        let url = "http://gpu-7:8000/v1/chat/completions";
        for body in [
            "",
            r#""a text""#,
            r#"{"model":"m","messages":[{"role":"user","content":"Hi"}]}"#,
            r#"{"messages":[{"role":"user","content":"Hi"}],"temperature":1,"model":"m"}"#,
            // A server with one model.
            r#"{"messages":[{"role":"user","content":"Hi"}]}"#,
            r#"{"messages":[{"role":"user","content":"\ud800"}],"model":"m"}"#,
            r#"{"temperature":NaN,"messages":[{"role":"user","content":"Hi"}],"model":"m"}"#,
            // The rest has not been sent yet.
            r#"{"messages":[{"role":"us"#,
        ] {
            assert!(is_call(url, body), "{body}");
        }
        let compressed = [0x1F, 0x8B, 8, 0];
        assert!(Endpoint::recognise("POST", url).unwrap().is_confirmed_by(&compressed));
        let gemini = "https://proxy.example.com/v1beta/models/gemini-2.5-flash:generateContent";
        assert!(is_call(gemini, r#"{"contents":[{"parts":[{"text":"Hi"}]}]}"#));
    }
}
