//! Prompt, tools, links, and the intake's part of the metadata.

use super::json::Writer;
use super::span_event_ref::{MetadataValue, SpanEventRef};
use llmobs_model::{Prompt, RESERVED_METADATA_KEY, SpanLink, Template, TemplatePart, ToolDefinition};

/// Appends the member of an input.
///
/// Shape: `"prompt":{"id":"…","ml_app":"…","version":"…","label":"…","template":"…","variables":{},"tags":{},
/// "_dd_context_variable_keys":["…"],"_dd_query_variable_keys":["…"],"prompt_uuid":"…","prompt_version_uuid":"…"}`, or
/// `chat_template`, an array, instead of `template`.
///
/// Source: dd-trace-py 4.16 `ddtrace/llmobs/_utils.py` (`_validate_prompt`), August 2026.
pub(super) fn encode_prompt(prompt: &Prompt, json: &mut Writer<'_>) {
    json.raw(r#""prompt":{"id":"#).text(prompt.id.as_deref().unwrap_or_default());
    json.optional(r#","ml_app":"#, prompt.ml_app.as_deref());
    json.optional(r#","version":"#, prompt.version.as_deref());
    json.optional(r#","label":"#, prompt.label.as_deref());
    match &prompt.template {
        Some(Template::Text(text)) => json.raw(r#","template":"#).text(text),
        Some(Template::Chat(parts)) => json.raw(r#","chat_template":"#).list(parts, encode_part),
        Some(_) | None => json,
    };
    if !prompt.variables.is_empty() {
        json.raw(r#","variables":"#).object(&prompt.variables, VARIABLES_DEPTH);
    }
    if !prompt.tags.is_empty() {
        json.raw(r#","tags":{"#);
        for (index, (key, value)) in prompt.tags.iter().enumerate() {
            json.comma(index).text(key).raw(":").text(value);
        }
        json.raw("}");
    }
    for (name, keys) in [
        (r#","_dd_context_variable_keys":"#, &prompt.rag_context_variables),
        (r#","_dd_query_variable_keys":"#, &prompt.rag_query_variables),
    ] {
        if !keys.is_empty() {
            json.raw(name).list(keys, |json, key| {
                json.text(key);
            });
        }
    }
    json.optional(r#","prompt_uuid":"#, prompt.prompt_uuid.as_deref());
    json.optional(r#","prompt_version_uuid":"#, prompt.prompt_version_uuid.as_deref()).raw("}");
}

/// `{"role":"…","content":"…"}` or `{"type":"placeholder","name":"…"}`
fn encode_part(json: &mut Writer<'_>, part: &TemplatePart) {
    match part {
        TemplatePart::Message { role, content } => {
            json.raw(r#"{"role":"#).text(role.as_str()).raw(r#","content":"#).text(content)
        }
        TemplatePart::Placeholder(name) => json.raw(r#"{"type":"placeholder","name":"#).text(name),
        _ => json.raw("{"),
    };
    json.raw("}");
}

/// Appends what the user said, without what he wrote into the intake's part, and then that part.
///
/// Shape: `,"metadata":{"temperature":0.2,"_dd":{"cost_tags":["team"],"agent_manifest":{…}}}`.
///
/// Source: dd-trace-py 4.16 `ddtrace/llmobs/_llmobs.py`, August 2026.
pub(super) fn encode_metadata(event: &SpanEventRef<'_>, json: &mut Writer<'_>) {
    json.raw(r#","metadata":{"#);
    let mut written = 0_usize;
    for (name, value) in event.metadata.iter().filter(|(name, _)| *name != RESERVED_METADATA_KEY) {
        json.comma(written).text(name).raw(":");
        match value {
            MetadataValue::Text(text) => json.text(text),
            MetadataValue::Json(value) => json.value(value, METADATA_DEPTH.saturating_add(1)),
        };
        written = written.saturating_add(1);
    }
    let manifest = event.agent_manifest.as_ref().filter(|manifest| !manifest.members().is_empty());
    if !event.cost_tags.is_empty() || manifest.is_some() {
        json.comma(written).raw(r#""_dd":{"#);
        if !event.cost_tags.is_empty() {
            json.raw(r#""cost_tags":"#).list(&event.cost_tags, |json, key| {
                json.text(key);
            });
        }
        if let Some(manifest) = manifest {
            json.comma(event.cost_tags.len()).raw(r#""agent_manifest":"#);
            json.object(manifest.members(), METADATA_DEPTH.saturating_add(2));
        }
        json.raw("}");
    }
    json.raw("}");
}

/// Appends `,"tool_definitions":[…]` and `,"tool":{"version":"…"}`, whichever there is.
///
/// Source: dd-trace-py 4.16 `ddtrace/llmobs/_llmobs.py` and `utils.py` (`extract_tool_definitions`), August 2026.
pub(super) fn encode_tools(event: &SpanEventRef<'_>, json: &mut Writer<'_>) {
    if !event.tool_definitions.is_empty() {
        json.raw(r#","tool_definitions":"#).list(&event.tool_definitions, encode_definition);
    }
    if let Some(version) = &event.tool_version {
        json.raw(r#","tool":{"version":"#).text(version).raw("}");
    }
}

/// `{"name":"…","description":"…","schema":{…},"version":"…"}`
fn encode_definition(json: &mut Writer<'_>, definition: &ToolDefinition) {
    json.raw(r#"{"name":"#).text(&definition.name);
    json.optional(r#","description":"#, definition.description.as_deref());
    if let Some(schema) = &definition.schema {
        json.raw(r#","schema":"#).object(schema, SCHEMA_DEPTH);
    }
    json.optional(r#","version":"#, definition.version.as_deref()).raw("}");
}

/// `{"span_id":"7","trace_id":"6a87…","attributes":{"from":"output","to":"input"}}`
///
/// Source: dd-trace-py 4.16 `ddtrace/llmobs/_utils.py` (`add_span_link`), August 2026; go writes other ids.
pub(super) fn encode_link(json: &mut Writer<'_>, link: &SpanLink) {
    json.raw(r#"{"span_id":""#).integer(link.span_id.as_u64());
    json.raw(r#"","trace_id":"#).trace_id(&link.trace_id);
    json.raw(r#","attributes":{"from":""#).raw(link.from.as_str());
    json.raw(r#"","to":""#).raw(link.to.as_str()).raw(r#""}}"#);
}

/// `meta` is 0.
const METADATA_DEPTH: usize = 1;
/// `meta` is 0, then `input`, `prompt`, `variables`.
const VARIABLES_DEPTH: usize = 3;
/// `meta` is 0, then `tool_definitions`, a definition, `schema`.
const SCHEMA_DEPTH: usize = 3;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::super::tests::{encoded, event, text};
    use llmobs_model::{
        AgentManifest, LinkEnd, Message, Prompt, SpanEvent, SpanId, SpanKind, SpanLink, Template, TemplatePart,
        ToolDefinition, TraceId,
    };

    /// An event that has all of them, whether its kind has or not.
    fn full() -> SpanEvent {
        let mut prompt = Prompt::new("p").version("1").label("l").template("t {{x}}").variable("x", json!([1]));
        prompt = prompt.tag("k", "v").managed("u1", "u2").rag_context_variables(["c"]).rag_query_variables(["q"]);
        prompt.ml_app = Some("app".to_owned());
        let mut full = event(SpanKind::Llm);
        full.prompt = Some(Box::new(prompt));
        let tool = ToolDefinition::new("f").description("d").schema(json!({"type": "object"})).version("2");
        full.tool_definitions = vec![tool, ToolDefinition::new("g")];
        full.tool_version = Some("2".to_owned());
        full.intent = Some("why".to_owned());
        full.cost_tags = vec!["env".into(), "team".into()];
        full.agent_manifest = Some(AgentManifest::new().model("m"));
        let link = SpanLink::between(TraceId::new(0x0f), SpanId::new(7).unwrap());
        full.links = vec![link.clone(), link.ends(LinkEnd::Input, LinkEnd::Output)];
        full.metadata = Map::from_iter([("a".to_owned(), json!(1)), ("_dd".to_owned(), json!({"spoof": 1}))]);
        full
    }

    #[test]
    fn each_has_its_place() {
        let got = encoded(&full());
        let trace = "0000000000000000000000000000000f";
        let links = json!([
            {"span_id": "7", "trace_id": trace, "attributes": {"from": "output", "to": "input"}},
            {"span_id": "7", "trace_id": trace, "attributes": {"from": "input", "to": "output"}},
        ]);
        let meta = json!({
            "span": {"kind": "llm"},
            "input": {"prompt": {
                "id": "p", "ml_app": "app", "version": "1", "label": "l", "template": "t {{x}}", "variables": {"x": [1]},
                "tags": {"k": "v"}, "_dd_context_variable_keys": ["c"], "_dd_query_variable_keys": ["q"],
                "prompt_uuid": "u1", "prompt_version_uuid": "u2",
            }},
            "metadata": {"a": 1, "_dd": {"cost_tags": ["env", "team"], "agent_manifest": {"model": "m"}}},
            "tool_definitions": [
                {"name": "f", "description": "d", "schema": {"type": "object"}, "version": "2"},
                {"name": "g"},
            ],
            "tool": {"version": "2"},
            "intent": "why",
        });
        assert_eq!((&got["span_links"], &got["meta"]), (&links, &meta));
        let chat = [TemplatePart::from(Message::user("{{q}}")), TemplatePart::placeholder("history")];
        let mut chatting = updated!(event(SpanKind::Llm), input: Some(Message::user("hi").into()));
        chatting.prompt = Some(Box::new(Prompt::new("p").chat_template(chat)));
        let template = json!([{"role": "user", "content": "{{q}}"}, {"type": "placeholder", "name": "history"}]);
        let input = json!({
            "messages": [{"role": "user", "content": "hi"}],
            "prompt": {"id": "p", "chat_template": template},
        });
        assert_eq!(encoded(&chatting)["meta"]["input"], input);
    }

    #[test]
    fn the_intakes_part_of_the_metadata_is_there_when_it_holds_something() {
        let metadata = |change: fn(&mut SpanEvent)| {
            let mut event = event(SpanKind::Agent);
            change(&mut event);
            encoded(&event)["meta"]["metadata"].clone()
        };
        assert_eq!(metadata(|event| event.agent_manifest = Some(AgentManifest::new())), json!({}));
        let costs = metadata(|event| event.cost_tags = vec!["k".into()]);
        assert_eq!(costs, json!({"_dd": {"cost_tags": ["k"]}}));
        let manifest = metadata(|event| event.agent_manifest = Some(AgentManifest::new().name("n")));
        assert_eq!(manifest, json!({"_dd": {"agent_manifest": {"name": "n"}}}));
    }

    #[test]
    fn the_twelfth_level_below_meta_is_text_here_too() {
        let nested = |levels: usize| (0..levels).fold(json!([1]), |inner, _| json!({ "a": inner }));
        let path = |levels: usize| "/a".repeat(levels);
        for (levels, kept) in [(8, json!([1])), (9, json!("[1]"))] {
            let mut deep = full();
            let manifest = AgentManifest::new().member("deep", nested(levels - 1));
            let (variable, schema) = (nested(levels - 1), json!({"deep": nested(levels - 1)}));
            deep.prompt = Some(Box::new(Prompt::new("p").variable("deep", variable)));
            deep.tool_definitions = vec![ToolDefinition::new("f").schema(schema)];
            deep.agent_manifest = Some(manifest);
            let meta = &encoded(&deep)["meta"];
            for place in ["/input/prompt/variables", "/tool_definitions/0/schema", "/metadata/_dd/agent_manifest"] {
                let at = format!("{place}/deep{}", path(levels - 1));
                assert_eq!(meta.pointer(&at), Some(&kept), "{at}");
            }
        }
    }

    #[test]
    fn every_member_is_in_the_document_of_the_wire() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/wire.md")).unwrap();
        let all = encoded(&full());
        let objects = [
            &all,
            &all["meta"],
            &all["meta"]["input"],
            &all["meta"]["input"]["prompt"],
            &all["meta"]["metadata"]["_dd"],
            &all["meta"]["tool_definitions"][0],
            &all["span_links"][0],
        ];
        let names: BTreeSet<_> = objects.iter().flat_map(|object| object.as_object().unwrap().keys()).collect();
        let is_listed = |name: &str| {
            [format!("`{name}`"), format!(".{name}`"), format!("`{name}.")].iter().any(|form| page.contains(form))
        };
        let missing: Vec<_> = names.into_iter().filter(|name| !is_listed(name)).collect();
        assert_eq!(missing, Vec::<&String>::new());
    }

    fn prompts() -> impl Strategy<Value = Prompt> {
        let words = || option::of(".{0,9}");
        let part = prop_oneof![
            (".{0,9}", ".{0,9}").prop_map(|(role, content)| TemplatePart::from(Message::new(role, content))),
            ".{0,9}".prop_map(TemplatePart::Placeholder),
        ];
        let template = prop_oneof![".{0,9}".prop_map(Template::Text), vec(part, 0..3).prop_map(Template::Chat)];
        let names = || vec(".{0,9}", 0..3);
        let texts = (".{0,9}", words(), words(), words(), words(), words());
        let pairs = (vec(("[a-z]{1,3}", any::<i64>()), 0..3), vec(("[a-z]{1,3}", ".{0,9}"), 0..3));
        (texts, option::of(template), pairs, names(), names()).prop_map(
            |((id, ml_app, version, label, uuid, version_uuid), template, (variables, tags), contexts, queries)| {
                let mut prompt = Prompt::new(id).rag_context_variables(contexts).rag_query_variables(queries);
                (prompt.ml_app, prompt.version, prompt.label) = (ml_app, version, label);
                (prompt.prompt_uuid, prompt.prompt_version_uuid) = (uuid, version_uuid);
                prompt.template = template;
                prompt.variables = variables.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
                prompt.tags = tags.into_iter().collect();
                prompt
            },
        )
    }

    fn tools() -> impl Strategy<Value = ToolDefinition> {
        let words = || option::of(".{0,9}");
        let schema = option::of(vec(("[a-z]{1,3}", any::<bool>()), 0..3));
        (".{0,9}", words(), words(), schema).prop_map(|(name, description, version, schema)| {
            let mut tool = ToolDefinition::new(name);
            (tool.description, tool.version) = (description, version);
            tool.schema = schema.map(|all| all.into_iter().map(|(name, value)| (name, Value::from(value))).collect());
            tool
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_the_same(
            prompt in option::of(prompts()),
            tools in vec(tools(), 0..3),
            texts in (option::of(".{0,9}"), option::of(".{0,9}")),
            costs in vec("[a-z]{1,5}", 0..3),
            links in vec((any::<u128>(), 1_u64.., any::<[bool; 2]>()), 0..3),
            manifest in option::of("[a-z]{1,5}"),
        ) {
            let mut all = event(SpanKind::Llm);
            all.prompt = prompt.map(Box::new);
            all.tool_definitions = tools;
            (all.tool_version, all.intent) = texts;
            all.cost_tags = costs.into_iter().map(Into::into).collect();
            let end = |is_input: bool| if is_input { LinkEnd::Input } else { LinkEnd::Output };
            all.links = links.into_iter().map(|(trace, span, [from, to])| {
                SpanLink::between(TraceId::new(trace), SpanId::new(span).unwrap()).ends(end(from), end(to))
            }).collect();
            all.agent_manifest = manifest.map(|name| AgentManifest::new().name(name));
            prop_assert_eq!(text(&all), serde_json::to_string(&all).unwrap());
            prop_assert_eq!(llmobs_receiver::decode_span(&encoded(&all)).unwrap(), all);
        }
    }
}
