//! Says what a span of another crate says, given as JSON, and compares what is read with what is expected.

use serde_json::{Map, Value, json};

use crate::{
    AttributePlan, AttributeValue, Classification, Conventions, ForeignAttributes, MappedSpan, Promise, UNKNOWN_MODEL,
};
use llmobs_model::{Content, Document, MediaSource, Message, Prompt, SpanKind, Template, ToolDefinition};

/// Checks each case and tells all that fail.
pub(crate) fn check(cases: &Value) {
    let mut failed = Vec::new();
    for case in cases.as_array().unwrap() {
        let mut problems = Vec::new();
        compare("", &case["expect"], &seen(case, &case["expect"]), &mut problems);
        failed.extend(problems.into_iter().map(|problem| format!("{}: {problem}", case["case"])));
    }
    assert!(failed.is_empty(), "{} differences:\n{}", failed.len(), failed.join("\n"));
}

fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn field(value: &Value) -> AttributeValue<'static> {
    match value {
        Value::String(text) => AttributeValue::Text(leak(text)),
        Value::Bool(flag) => AttributeValue::Bool(*flag),
        Value::Number(number) if number.is_u64() => AttributeValue::Unsigned(number.as_u64().unwrap()),
        Value::Number(number) if number.is_i64() => AttributeValue::Signed(number.as_i64().unwrap()),
        Value::Number(number) => AttributeValue::Float(number.as_f64().unwrap()),
        Value::Object(members) => {
            if let Some(Value::Array(records)) = members.get("$records") {
                return field(records.last().unwrap());
            }
            AttributeValue::Formatted(leak(members.values().next().unwrap().as_str().unwrap()))
        }
        Value::Null | Value::Array(_) => panic!("{value}"),
    }
}

fn fields(json: &Value) -> Vec<(&'static str, AttributeValue<'static>)> {
    json.as_object().unwrap().iter().map(|(name, value)| (leak(name), field(value))).collect()
}

fn seen(span: &Value, expected: &Value) -> Value {
    let all = Conventions::ALL;
    let target = leak(span["target"].as_str().unwrap_or("app"));
    let span_name = leak(span["span"].as_str().unwrap_or("span"));
    let recorded = fields(&span["fields"]);
    let own_kind = recorded.iter().find(|(name, _)| *name == "llmobs.kind").map(|(_, value)| *value);
    let own_name = span["fields"]["llmobs.name"].clone();
    let own_session = span["fields"]["llmobs.session_id"].clone();
    let declared = span["declared"].as_array().into_iter().flatten().map(|name| leak(name.as_str().unwrap()));
    let names = recorded.iter().map(|(name, _)| *name).chain(declared);
    let plan = AttributePlan::new(all, target, span_name, names);
    let mut attributes = ForeignAttributes::new(&plan);
    for (name, value) in recorded.into_iter().filter(|(name, _)| all.captures_attribute(target, name)) {
        attributes.push(name, value);
    }
    for event in span["events"].as_array().into_iter().flatten() {
        let fields = fields(&event["fields"]);
        let (name, is_error) = (leak(event["name"].as_str().unwrap()), event["level"] == "ERROR");
        if all.captures_event(name, is_error, fields.iter().map(|(name, _)| *name)) {
            attributes.push_event(name, is_error);
            for (name, value) in fields {
                attributes.push_event_attribute(name, value);
            }
        }
    }
    let kind = match own_kind {
        Some(AttributeValue::Text(kind)) => kind.parse().unwrap(),
        _ => match attributes.classify() {
            Classification::Span(kind) if plan.promise() == Promise::Candidate => kind,
            Classification::Span(_) => return json!("no candidate"),
            Classification::Undecided if expected["meta"].is_object() => SpanKind::Workflow,
            Classification::Evaluation | Classification::Off | Classification::Undecided => return Value::Null,
        },
    };
    // Only the tree can tell that a span is demoted; the expectation does.
    let wanted = &expected["meta"]["span"]["kind"];
    let is_demoted = kind == SpanKind::Llm && *wanted == "workflow" && own_kind.is_none();
    let kind = if is_demoted { SpanKind::Workflow } else { kind };
    let mapped = attributes.map(kind, is_demoted);
    event(mapped, kind, span_name, [own_name.as_str(), own_session.as_str()])
}

fn event(mapped: MappedSpan, kind: SpanKind, span_name: &str, own: [Option<&str>; 2]) -> Value {
    let annotation = mapped.annotation;
    let name = own[0].map(str::to_owned).or(annotation.name).unwrap_or_else(|| span_name.to_owned());
    let session = own[1].map(str::to_owned).or(annotation.session_id);
    let mut meta = Map::new();
    meta.insert("span".into(), json!({"kind": kind.as_str()}));
    if kind.has_model() {
        let unknown = || UNKNOWN_MODEL.to_owned();
        meta.insert("model_name".into(), annotation.model_name.unwrap_or_else(unknown).into());
        let provider = annotation.model_provider.unwrap_or_else(unknown).to_lowercase();
        meta.insert("model_provider".into(), provider.into());
    }
    let details = annotation.details.unwrap_or_default();
    let mut input = content(annotation.input, kind);
    if let Some(found) = details.prompt {
        let input = input.get_or_insert_with(|| json!({}));
        input["prompt"] = prompt(&found);
    }
    meta.extend(input.map(|input| ("input".into(), input)));
    meta.extend(content(annotation.output, kind).map(|output| ("output".into(), output)));
    meta.insert("metadata".into(), Value::Object(annotation.metadata));
    let mut tags: Vec<String> = annotation
        .tags
        .iter()
        .map(|(key, value)| if value.is_empty() { key.to_owned() } else { format!("{key}:{value}") })
        .collect();
    tags.extend(session.as_ref().map(|session| format!("session_id:{session}")));
    tags.extend(details.agent_version.map(|version| format!("agent_version:{version}")));
    if let Some(error) = &annotation.error {
        let json = json!({"message": error.message, "type": error.error_type, "stack": error.stack});
        meta.insert("error".into(), json);
        tags.extend(["error:1".to_owned(), format!("error_type:{}", error.error_type)]);
    }
    meta.extend(details.tool_definitions.map(|tools| ("tool_definitions".into(), tools.iter().map(tool).collect())));
    let metrics: Map<String, Value> =
        annotation.metrics.iter().map(|(name, number)| (name.to_owned(), Value::Number(number.clone()))).collect();
    let mut event = json!({"name": name, "meta": meta, "metrics": metrics, "tags": tags,
        "status": if annotation.error.is_some() { "error" } else { "ok" }});
    if let Some(session) = session {
        event["session_id"] = session.into();
    }
    event
}

fn tool(tool: &ToolDefinition) -> Value {
    let mut json = json!({"name": tool.name});
    if let Some(text) = &tool.description {
        json["description"] = text.as_str().into();
    }
    if let Some(schema) = &tool.schema {
        json["schema"] = Value::Object(schema.clone());
    }
    json
}

fn prompt(prompt: &Prompt) -> Value {
    let mut json = json!({});
    if let Some(id) = &prompt.id {
        json["id"] = id.as_str().into();
    }
    if let Some(version) = &prompt.version {
        json["version"] = version.as_str().into();
    }
    if let Some(Template::Text(text)) = &prompt.template {
        json["template"] = text.as_str().into();
    }
    if !prompt.variables.is_empty() {
        json["variables"] = Value::Object(prompt.variables.clone());
    }
    json
}

/// A document with its members in the order of the wire.
fn in_order(document: &Document) -> String {
    let all = self::document(document);
    let members = ["text", "name", "id", "score", "metadata"].into_iter();
    let members = members.filter(|name| !all[*name].is_null()).map(|name| format!("\"{name}\":{}", all[name]));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn content(content: Option<Content>, kind: SpanKind) -> Option<Value> {
    let has_messages = kind == SpanKind::Llm;
    let is_text = !matches!(kind, SpanKind::Embedding | SpanKind::Retrieval);
    Some(match content? {
        Content::Text(text) => json!({"value": text}),
        Content::Messages(messages) if has_messages => {
            json!({"messages": messages.iter().map(message).collect::<Vec<_>>()})
        }
        Content::Messages(messages) => {
            json!({"value": written(Value::Array(messages.iter().map(message).collect()))})
        }
        Content::Documents(documents) if is_text => {
            let texts: Vec<String> = documents.iter().map(in_order).collect();
            json!({"value": format!("[{}]", texts.join(","))})
        }
        Content::Documents(documents) => json!({"documents": documents.iter().map(document).collect::<Vec<_>>()}),
        Content::Json(value) => json!({"value": written(value.clone())}),
        other => panic!("{other:?}"),
    })
}

fn document(document: &Document) -> Value {
    let mut json = json!({"text": document.text});
    if let Some(id) = &document.id {
        json["id"] = id.as_str().into();
    }
    if let Some(name) = &document.name {
        json["name"] = name.as_str().into();
    }
    if let Some(score) = document.score {
        json["score"] = score.into();
    }
    if !document.metadata.is_empty() {
        json["metadata"] = Value::Object(document.metadata.clone());
    }
    json
}

fn message(message: &Message) -> Value {
    let mut json = json!({"role": message.role.as_str(), "content": message.content});
    let list = |items: Vec<Value>| Some(items).filter(|items| !items.is_empty()).map(Value::Array);
    let calls = message.tool_calls.iter().map(|call| {
        let mut json = json!({"name": call.name, "arguments": call.arguments, "type": call.kind});
        if let Some(id) = &call.tool_id {
            json["tool_id"] = id.as_str().into();
        }
        json
    });
    let results = message.tool_results.iter().map(|result| {
        let mut json = json!({"result": result.result, "name": result.name, "type": result.kind});
        if let Some(id) = &result.tool_id {
            json["tool_id"] = id.as_str().into();
        }
        json
    });
    let media = |parts: &[llmobs_model::Media]| {
        parts
            .iter()
            .map(|part| {
                let (MediaSource::Base64(text) | MediaSource::Attachment(text)) = &part.source else {
                    panic!("{part:?}")
                };
                json!({"mime_type": part.mime_type, "content": text})
            })
            .collect::<Vec<_>>()
    };
    for (name, value) in [
        ("tool_calls", list(calls.collect())),
        ("tool_results", list(results.collect())),
        ("image_parts", list(media(&message.image_parts))),
        ("audio_parts", list(media(&message.audio_parts))),
        ("tool_id", message.tool_id.clone().map(Value::from)),
    ] {
        if let Some(value) = value {
            json[name] = value;
        }
    }
    json
}

fn compare(at: &str, expected: &Value, seen: &Value, problems: &mut Vec<String>) {
    match expected {
        Value::Object(members) if members.get("$absent").is_some() => {
            if !seen.is_null() {
                problems.push(format!("{at}: there is {seen}"));
            }
        }
        Value::Object(members) if members.get("$contains").or(members.get("$excludes")).is_some() => {
            let has = |tag: &Value| seen.as_array().is_some_and(|tags| tags.contains(tag));
            for tag in members.get("$contains").and_then(Value::as_array).into_iter().flatten() {
                if !has(tag) {
                    problems.push(format!("{at}: no {tag} in {seen}"));
                }
            }
            for tag in members.get("$excludes").and_then(Value::as_array).into_iter().flatten() {
                if has(tag) {
                    problems.push(format!("{at}: {tag} in {seen}"));
                }
            }
        }
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(name, _)| *name != "$exact") {
                compare(&format!("{at}.{name}"), value, &seen[name], problems);
            }
            let extra = seen.as_object().into_iter().flatten().filter(|(name, _)| !members.contains_key(*name));
            if members.get("$exact") == Some(&json!(true)) {
                problems.extend(extra.map(|(name, value)| format!("{at}: also {name}: {value}")));
            }
        }
        Value::Array(items) => {
            let found = seen.as_array().map_or(0, Vec::len);
            if found != items.len() {
                return problems.push(format!("{at}: {seen} instead of {expected}"));
            }
            for (index, item) in items.iter().enumerate() {
                compare(&format!("{at}[{index}]"), item, &seen[index], problems);
            }
        }
        Value::Number(number) if seen.as_f64() == number.as_f64() => {}
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            if seen != expected {
                problems.push(format!("{at}: {seen} instead of {expected}"));
            }
        }
    }
}

fn written(mut json: Value) -> String {
    json.sort_all_objects();
    json.to_string()
}
