//! Tags: session, user, agent, and attributes that are mapped to nothing else.

use crate::attributes::ResolvedAttributes;
use crate::convention::destination::Destination;
use crate::convention::openinference::{TAG_FAMILIES, TAGS};
use crate::convention::precedence::{AGENT, SESSION, USER};
use crate::convention::traceloop::{OTHER_PROPERTIES, PROPERTIES};
use crate::convention::{gen_ai, langfuse, traceloop};
use crate::format::decode;
use crate::format::json::Json;
use crate::format::secrets::is_secret;
use crate::{AttributeValue, USER_TAG};
use llmobs_model::{SpanKind, Tags};

/// Returns the tags of a span.
pub(crate) fn tags(attributes: &ResolvedAttributes<'_>, kind: SpanKind) -> Tags {
    let mut tags = Tags::new();
    for (name, value) in attributes.all() {
        let Some(key) = key(attributes, name) else { continue };
        let json = decode::json(value);
        if json.as_ref().is_some_and(|json| json.as_list().is_some()) {
            // Several values, each a tag of its own: the intake would split one with commas.
            let values = decode::list(value).into_iter().filter(|_| !attributes.is_restricted && !is_too_long(value));
            values.for_each(|value| _ = tags.insert_bare(format!("{key}:{value}")));
        } else if !json.is_some_and(|json| json.is_object()) {
            // The whole of a long text is in the metadata.
            let text = decode::text(value).filter(|text| attributes.lets_out(text));
            let _ = text.map(|text| tags.insert(key, cut(&text)));
        }
    }
    for family in TAG_FAMILIES {
        for (rest, value) in attributes.under(family) {
            let name = format!("{family}{rest}");
            let text = decode::text(value).filter(|text| text.chars().count() <= LONGEST && attributes.lets_out(text));
            if let Some(text) = text.filter(|_| name != PROMPT_ID && !is_secret(rest)) {
                tags.insert(name, text.into_owned());
            }
        }
    }
    for (rest, value) in attributes.under(PROPERTIES).filter(|(rest, _)| !OTHER_PROPERTIES.contains(rest)) {
        let text = decode::text(value).filter(|text| text.chars().count() <= LONGEST && attributes.lets_out(text));
        if let Some(text) = text.filter(|_| !is_secret(rest)) {
            tags.insert(rest, text.into_owned());
        }
    }
    for name in [TAGS, langfuse::TAGS] {
        let all = attributes.get(name).map(decode::list).unwrap_or_default().into_iter();
        all.filter(|tag| attributes.lets_out(tag)).for_each(|tag| _ = tags.insert_bare(tag));
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

/// Returns the key of an attribute that becomes a tag. The names of secrets are not captured in the first place.
fn key<'n>(attributes: &ResolvedAttributes<'_>, name: &'n str) -> Option<&'n str> {
    let Destination::Tag(prefix) = attributes.plan.destination(name) else { return None };
    name.get(prefix..)
}

/// Returns whether a value is too long for a tag, or is structure.
pub(crate) fn is_too_long(value: AttributeValue<'_>) -> bool {
    match value {
        AttributeValue::Text(text) | AttributeValue::Formatted(text) => {
            (text.len() > LONGEST || text.trim_start().starts_with(['{', '['])) && {
                let is_long = |text: &str| text.chars().count() > LONGEST;
                match decode::json(value) {
                    Some(Json::Object(_)) => true,
                    Some(Json::List(items)) => items.iter().any(|item| item.is_container() || is_long(&item.to_text())),
                    Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_)) | None => is_long(text),
                }
            }
        }
        AttributeValue::Signed(_)
        | AttributeValue::Unsigned(_)
        | AttributeValue::Float(_)
        | AttributeValue::Bool(_)
        | AttributeValue::Oversize => false,
    }
}

/// Returns the member of the metadata that an attribute becomes because it is too long for a tag, or because no rule asks
/// for it.
pub(crate) fn metadata_instead<'n>(
    attributes: &ResolvedAttributes<'_>,
    name: &'n str,
    value: AttributeValue<'_>,
) -> Option<&'n str> {
    match attributes.plan.destination(name) {
        Destination::Metadata(prefix) => name.get(prefix..),
        Destination::Tag(prefix) => name.get(prefix..).filter(|_| is_too_long(value)),
        Destination::Metric(_) => None,
        Destination::Mapped => {
            let is_long = || decode::text(value).is_some_and(|text| text.chars().count() > LONGEST);
            let property = name.strip_prefix(PROPERTIES).filter(|rest| !OTHER_PROPERTIES.contains(rest));
            let tag = TAG_FAMILIES.iter().any(|family| name.starts_with(family)).then_some(name);
            property.or(tag).filter(|_| is_long())
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// Longest value of a tag, in characters.
const LONGEST: usize = 256;
const PROMPT_ID: &str = "prompt.id";
/// Key of the tag that repeats the session.
const CONVERSATION_TAG: &str = "conversation_id";
