//! Tags: session, user, agent, and attributes that are mapped to nothing else.

use crate::USER_TAG;
use crate::attributes::ResolvedAttributes;
use crate::convention::openinference::{TAG_FAMILIES, TAGS};
use crate::convention::precedence::{AGENT, SESSION, USER};
use crate::convention::traceloop::{OTHER_PROPERTIES, PROPERTIES};
use crate::convention::{gen_ai, langfuse, traceloop};
use crate::format::decode;
use crate::format::secrets::is_secret;
use llmobs_model::{SpanKind, Tags};

/// Returns the tags of a span.
pub(crate) fn tags(attributes: &ResolvedAttributes<'_>, kind: SpanKind) -> Tags {
    let mut tags = Tags::new();
    for (name, value) in attributes.all() {
        let Some(key) = key(name) else { continue };
        let list = decode::json(value).is_some_and(|json| json.as_list().is_some());
        if list {
            // Several values, each a tag of its own: the intake would split one with commas.
            for value in decode::list(value) {
                tags.insert_bare(format!("{key}:{}", cut(&value)));
            }
        } else if let Some(text) = decode::text(value) {
            tags.insert(key, cut(&text));
        }
    }
    for family in TAG_FAMILIES {
        for (rest, value) in attributes.under(family) {
            let name = format!("{family}{rest}");
            let text = decode::text(value).filter(|text| text.chars().count() <= LONGEST);
            if let Some(text) = text.filter(|_| name != PROMPT_ID && !is_secret(rest)) {
                tags.insert(name, text.into_owned());
            }
        }
    }
    for (rest, value) in attributes.under(PROPERTIES).filter(|(rest, _)| !OTHER_PROPERTIES.contains(rest)) {
        if let Some(text) = decode::text(value).filter(|_| !is_secret(rest)) {
            tags.insert(rest, cut(&text));
        }
    }
    for name in [TAGS, langfuse::TAGS] {
        for tag in attributes.get(name).map(decode::list).unwrap_or_default() {
            tags.insert_bare(tag);
        }
    }
    let named = [
        (CONVERSATION_TAG, SESSION),
        (USER_TAG, USER),
        ("agent.name", AGENT),
        ("workflow.name", &[gen_ai::WORKFLOW, traceloop::WORKFLOW]),
    ];
    for (key, names) in named {
        if let Some(text) = attributes.first_text(names) {
            tags.insert(key, cut(&text));
        }
    }
    if let Some(version) = attributes.text(gen_ai::AGENT_VERSION).filter(|_| kind != SpanKind::Agent) {
        tags.insert("agent.version", cut(&version));
    }
    tags
}

/// Returns the tag key of an attribute that becomes a tag.
fn key(name: &str) -> Option<&str> {
    let is_allowed = ALLOWED.contains(&name)
        || name.starts_with("openai.response.")
        || (name.starts_with("mcp.") && !MCP_PAYLOADS.contains(&name));
    let key = if is_allowed { Some(name) } else { gen_ai::tag_of(name) };
    // Few names become tags, and to look for secrets in one takes long.
    key.filter(|_| !is_secret(name))
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// Longest value of a tag, in characters.
const LONGEST: usize = 256;
const PROMPT_ID: &str = "prompt.id";
/// Key of the tag that repeats the session.
const CONVERSATION_TAG: &str = "conversation_id";
/// Attributes of other namespaces that are safe to send and have few values.
pub(crate) const ALLOWED: [&str; 5] =
    ["server.address", "server.port", "openai.api.type", "aws.bedrock.guardrail.id", "aws.bedrock.knowledge_base.id"];
const MCP_PAYLOADS: [&str; 2] = ["mcp.request.argument", "mcp.response.value"];
