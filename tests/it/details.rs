//! Prompts, tools, agents, costs, links: said by fields and by annotations, inherited, found, refused.

use serde_json::{Value, json};
use tracing::field::Empty;
use tracing::{info, info_span};
use tracing_llmobs::{
    AgentManifest, Annotation, LinkEnd, LlmObsSpanExt, Message, Problem, Prompt, SpanEvent, SpanKind, SpanLink,
    ToolCall, ToolDefinition, ToolResult,
};

use crate::harness::recording::{only_span, problems, record, record_beside_fmt};

fn links(span: &SpanEvent) -> Vec<u64> {
    span.links.iter().map(|link| link.span_id.as_u64()).collect()
}

fn prompt_id(span: &SpanEvent) -> Option<&str> {
    span.prompt.as_deref()?.id.as_deref()
}

const PROMPT: &str = r#"{"id": "p", "version": "1", "template": "t {{x}}", "variables": {"x": 1}}"#;
const TOOLS: &str = r#"[{"name": "f", "description": "d", "schema": {"type": "object"}, "version": "v2"}]"#;

fn completed() -> Prompt {
    let mut prompt = Prompt::new("p").version("1").template("t {{x}}").variable("x", 1);
    prompt = prompt.rag_context_variables(["context"]).rag_query_variables(["question"]);
    prompt.ml_app = Some("test-app".to_owned());
    prompt
}

fn tools() -> Vec<ToolDefinition> {
    vec![ToolDefinition::new("f").description("d").schema(json!({"type": "object"})).version("v2")]
}

#[test]
fn every_road_leads_to_the_same_details() {
    let manifest = || AgentManifest::new().member("model", "m");
    let annotated = || {
        let llm = info_span!("a", llmobs.kind = "llm");
        let prompt = Prompt::new("p").version("1").template("t {{x}}").variable("x", 1);
        let annotation = Annotation::new().prompt(prompt).tool_definitions(tools()).intent("why");
        llm.annotate(annotation.tag("team", "x").tag("k", "v").cost_tags(["team", "k"]));
        let tool = info_span!("f", llmobs.kind = "tool");
        tool.annotate(Annotation::new().tool_version("9"));
        let agent = info_span!("b", llmobs.kind = "agent");
        agent.annotate(Annotation::new().agent_version("2.0").agent_manifest(manifest()));
    };
    let at_creation = || {
        let tags = r#"{"team": "x", "k": "v"}"#;
        drop(info_span!(
            "a",
            llmobs.kind = "llm",
            llmobs.prompt = PROMPT,
            llmobs.tool_definitions = TOOLS,
            llmobs.intent = "why",
            llmobs.tags = tags,
            llmobs.cost_tags = "team, k",
        ));
        drop(info_span!("f", llmobs.kind = "tool", llmobs.tool_version = 9));
        let manifest = r#"{"model": "m"}"#;
        drop(info_span!("b", llmobs.kind = "agent", llmobs.agent_version = "2.0", llmobs.agent_manifest = manifest));
    };
    let by_record_and_event = || {
        let llm = info_span!("a", llmobs.kind = "llm", llmobs.prompt = Empty, llmobs.cost_tags = Empty).entered();
        llm.record("llmobs.prompt", PROMPT).record("llmobs.cost_tags", r#"["team"]"#);
        info!(llmobs.tool_definitions = TOOLS, llmobs.intent = "why", llmobs.cost_tags = "k, team");
        info!(llmobs.tags.team = "x", llmobs.tags.k = "v");
        drop(llm);
        info_span!("f", llmobs.kind = "tool").in_scope(|| info!(llmobs.tool_version = "9"));
        let agent = info_span!("b", llmobs.kind = "agent").entered();
        info!(llmobs.agent_version = "2.0", llmobs.agent_manifest = r#"{"model": "m"}"#);
        drop(agent);
    };
    let roads: [(&str, &dyn Fn()); 3] =
        [("annotated", &annotated), ("creation", &at_creation), ("record", &by_record_and_event)];
    for (road, program) in roads {
        let recorder = record(program);
        let (llm, tool, agent) = (recorder.span("a"), recorder.span("f"), recorder.span("b"));
        assert_eq!(llm.prompt.as_deref(), Some(&completed()), "{road}");
        assert_eq!((&llm.tool_definitions, llm.intent.as_deref()), (&tools(), Some("why")), "{road}");
        assert_eq!(llm.cost_tags, ["team", "k"], "{road}");
        assert_eq!(llm.tags.get("prompt_tracking_instrumentation_method"), Some("annotated"), "{road}");
        assert_eq!(tool.tool_version.as_deref(), Some("9"), "{road}");
        assert_eq!(agent.tags.get("agent_version"), Some("2.0"), "{road}");
        let expected = json!({"framework": "manual", "model": "m", "name": "b"});
        assert_eq!(agent.agent_manifest.map(|one| Value::Object(one.members().clone())), Some(expected), "{road}");
        assert_eq!(problems(&recorder), [], "{road}");
    }
}

#[test]
fn what_is_ill_formed_is_left_out_and_counted_and_the_span_survives() {
    let table: [(&str, fn(), Problem); 9] = [
        ("no json", || drop(info_span!("t", llmobs.kind = "llm", llmobs.prompt = "x")), Problem::Prompt),
        ("wrong type", || drop(info_span!("t", llmobs.kind = "llm", llmobs.prompt = r#"{"id": 5}"#)), Problem::Prompt),
        ("unknown", || drop(info_span!("t", llmobs.kind = "llm", llmobs.prompt = r#"{"x": 5}"#)), Problem::Prompt),
        (
            "no list",
            || drop(info_span!("t", llmobs.kind = "llm", llmobs.tool_definitions = "{}")),
            Problem::ToolDefinition,
        ),
        (
            "no name",
            || {
                let span = info_span!("t", llmobs.kind = "llm");
                span.annotate(Annotation::new().tool_definitions([ToolDefinition::new("")]));
            },
            Problem::ToolDefinition,
        ),
        ("no tag", || drop(info_span!("t", llmobs.kind = "llm", llmobs.cost_tags = "missing")), Problem::CostTag),
        ("no texts", || drop(info_span!("t", llmobs.kind = "llm", llmobs.cost_tags = "[5]")), Problem::CostTag),
        (
            "no object",
            || drop(info_span!("t", llmobs.kind = "agent", llmobs.agent_manifest = "[]")),
            Problem::AgentManifest,
        ),
        (
            "unnamed tool",
            || drop(info_span!("t", llmobs.kind = "agent", llmobs.agent_manifest = r#"{"tools": [{}]}"#)),
            Problem::AgentManifest,
        ),
    ];
    for (what, program, problem) in table {
        let recorder = record(program);
        let span = only_span(&recorder);
        assert_eq!(problems(&recorder), [(problem, 1)], "{what}");
        assert!(span.tool_definitions.is_empty() && span.cost_tags.is_empty(), "{what}");
    }
}

#[test]
fn each_detail_is_for_its_kind_only() {
    let own: [(&str, fn() -> Annotation, SpanKind); 6] = [
        ("prompt", || Annotation::new().prompt(Prompt::new("p")), SpanKind::Llm),
        ("tools", || Annotation::new().tool_definitions(tools()), SpanKind::Llm),
        ("tool version", || Annotation::new().tool_version("1"), SpanKind::Tool),
        ("tool id", || Annotation::new().tool_id("c1"), SpanKind::Tool),
        ("agent version", || Annotation::new().agent_version("1"), SpanKind::Agent),
        ("manifest", || Annotation::new().agent_manifest(AgentManifest::new().model("m")), SpanKind::Agent),
    ];
    for (what, annotation, kind) in own {
        for &other in SpanKind::ALL {
            let recorder = record(|| {
                assert!(info_span!("t", llmobs.kind = other.as_str()).annotate(annotation().output("o").tag("k", "v")));
            });
            let span = only_span(&recorder);
            let expected = if other == kind { vec![] } else { vec![(Problem::Misplaced, 1)] };
            assert_eq!(problems(&recorder), expected, "{what} on {other}");
            assert_eq!((span.tags.get("k"), span.output.is_some()), (Some("v"), true), "{what} on {other}");
            let has = span.prompt.is_some()
                || !span.tool_definitions.is_empty()
                || span.tool_version.is_some()
                || span.agent_manifest.is_some()
                || span.tags.get("agent_version").is_some();
            assert_eq!(has, other == kind && what != "tool id", "{what} on {other}");
        }
    }
}

#[test]
fn a_prompt_is_inherited_by_llm_spans_directly_below() {
    let recorder = record(|| {
        let workflow = info_span!("wf", llmobs.kind = "workflow", llmobs.prompt = PROMPT).entered();
        let below = |name: &'static str| drop(info_span!("llm", llmobs.kind = "llm", llmobs.name = name));
        below("inherits");
        info_span!("foreign").in_scope(|| below("through foreign spans"));
        info_span!("llm", llmobs.kind = "llm", llmobs.name = "has its own")
            .annotate(Annotation::new().prompt(Prompt::new("own")));
        info_span!("task", llmobs.kind = "task").in_scope(|| below("too deep"));
        workflow.annotate(Annotation::new().prompt(Prompt::new("renamed")));
        below("later");
    });
    let ids = ["inherits", "through foreign spans", "has its own", "too deep", "later"];
    let ids = ids.map(|name| prompt_id(&recorder.span(name)).map(str::to_owned));
    assert_eq!(ids.each_ref().map(Option::as_deref), [Some("p"), Some("p"), Some("own"), None, Some("renamed")]);
    let inherits = recorder.span("inherits");
    assert_eq!(inherits.prompt.as_deref(), Some(&completed()));
    assert_eq!(inherits.tags.get("prompt_tracking_instrumentation_method"), None);
    assert!(recorder.span("wf").prompt.is_none());
}

#[test]
fn a_tool_gets_its_version_from_the_model_above_it() {
    let recorder = record(|| {
        let tool = |name: &'static str| info_span!("f", llmobs.kind = "tool", llmobs.tags.at = name);
        {
            let _llm = info_span!("llm", llmobs.kind = "llm", llmobs.tool_definitions = TOOLS).entered();
            drop(tool("below"));
            tool("explicit").annotate(Annotation::new().tool_version("own"));
            drop(info_span!("g", llmobs.kind = "tool", llmobs.tags.at = "other name"));
            info_span!("task", llmobs.kind = "task").in_scope(|| drop(tool("too deep")));
        }
        let _task =
            info_span!("task", llmobs.kind = "task", llmobs.tool_definitions = TOOLS, llmobs.prompt = PROMPT).entered();
        drop(tool("below a task"));
    });
    let spans = recorder.spans();
    let version = |at: &str| spans.iter().find(|span| span.tags.get("at") == Some(at)).unwrap().tool_version.clone();
    let got = ["below", "explicit", "other name", "too deep", "below a task"].map(version);
    assert_eq!(got.each_ref().map(Option::as_deref), [Some("v2"), Some("own"), None, None, None]);
}

#[test]
fn links_are_said_by_hand_and_by_follows_from() {
    let recorder = record_beside_fmt(|| {
        let first = info_span!("first", llmobs.kind = "task");
        let elsewhere = info_span!(parent: None, "elsewhere", llmobs.kind = "task");
        let second = info_span!("second", llmobs.kind = "task");
        second.follows_from(&first);
        second.follows_from(&first);
        second.follows_from(&elsewhere);
        second.follows_from(&info_span!("foreign"));
        let link = SpanLink::new(&first.llmobs_context().unwrap()).ends(LinkEnd::Input, LinkEnd::Output);
        assert!(elsewhere.annotate(Annotation::new().link(link.clone()).link(link)));
        let foreign = info_span!("foreign");
        foreign.follows_from(&first);
    });
    let (first, second, elsewhere) = (recorder.span("first"), recorder.span("second"), recorder.span("elsewhere"));
    assert_eq!(links(&second), [first.span_id.as_u64(), elsewhere.span_id.as_u64()]);
    let ends: Vec<_> = second.links.iter().map(|link| (link.from, link.to, &link.trace_id)).collect();
    assert_eq!(ends[0], (LinkEnd::Output, LinkEnd::Input, &first.trace_id));
    assert_eq!(ends[1], (LinkEnd::Output, LinkEnd::Input, &elsewhere.trace_id));
    let [link] = &elsewhere.links[..] else { panic!("{:?}", elsewhere.links) };
    assert_eq!((link.from, link.to, link.span_id), (LinkEnd::Input, LinkEnd::Output, first.span_id));
    assert!(first.links.is_empty());
}

#[test]
fn links_beyond_the_most_are_refused_and_counted() {
    let recorder = record(|| {
        let others: Vec<_> = (0..130).map(|_| info_span!("other", llmobs.kind = "task")).collect();
        let span = info_span!("t", llmobs.kind = "task");
        let links = others.iter().map(|other| SpanLink::new(&other.llmobs_context().unwrap()));
        assert!(span.annotate(links.fold(Annotation::new(), Annotation::link)));
    });
    assert_eq!(recorder.span("t").links.len(), 128);
    assert_eq!(problems(&recorder), [(Problem::Annotation, 1)]);
}

/// The model calls, the tool answers, the model reads; said by annotations or by fields.
fn converse(by_fields: bool, annotate_tool: fn(&tracing::Span)) -> crate::harness::recording::Recorder {
    let call = ToolCall::new("weather", json!({"city": "Paris"})).id("c1");
    let result = Message::tool(ToolResult::new("27").id("c1"));
    record(|| {
        let _agent = info_span!("agent", llmobs.kind = "agent").entered();
        let calls = info_span!("calls", llmobs.kind = "llm", llmobs.output = Empty);
        if by_fields {
            let call = json!({"role": "assistant", "tool_calls":
                [{"id": "c1", "function": {"name": "weather", "arguments": "{\"city\": \"Paris\"}"}}]});
            calls.record("llmobs.output", tracing::field::display(call));
        } else {
            calls.annotate(Annotation::new().output(Message::assistant("").tool_call(call)));
        }
        calls.annotate(Annotation::new().tool_definitions([ToolDefinition::new("weather").version("v2")]));
        drop(calls);
        let tool = info_span!("weather", llmobs.kind = "tool", llmobs.tool_id = Empty, llmobs.input = Empty);
        annotate_tool(&tool);
        drop(tool);
        for name in ["reads", "reads again"] {
            let reads = info_span!("llm", llmobs.kind = "llm", llmobs.name = name);
            reads.annotate(Annotation::new().input([Message::user("Paris?"), result.clone()]));
        }
    })
}

#[test]
fn a_call_a_tool_and_a_reader_are_linked() {
    let table: [(&str, fn(&tracing::Span), bool); 5] = [
        ("by id", |tool| drop(tool.annotate(Annotation::new().tool_id("c1"))), true),
        ("by field", |tool| drop(tool.record("llmobs.tool_id", "c1")), true),
        ("by arguments", |tool| drop(tool.record("llmobs.input", r#"{ "city":"Paris" }"#)), true),
        ("other id", |tool| drop(tool.annotate(Annotation::new().tool_id("c2"))), false),
        ("other arguments", |tool| drop(tool.record("llmobs.input", r#"{"city":"Rome"}"#)), false),
    ];
    for (what, annotate, is_linked) in table {
        for by_fields in [false, true] {
            let recorder = converse(by_fields, annotate);
            let (calls, tool) = (recorder.span("calls"), recorder.span("weather"));
            let (reads, again) = (recorder.span("reads"), recorder.span("reads again"));
            let expected = |id: u64| if is_linked { vec![id] } else { Vec::new() };
            assert_eq!(links(&tool), expected(calls.span_id.as_u64()), "{what}, {by_fields}");
            assert_eq!(links(&reads), expected(tool.span_id.as_u64()), "{what}, {by_fields}");
            assert_eq!((links(&calls), links(&again)), (vec![], vec![]), "{what}, {by_fields}");
            assert_eq!(tool.tool_version.as_deref(), is_linked.then_some("v2"), "{what}, {by_fields}");
        }
    }
}

#[test]
fn an_odd_name_of_an_application_is_told_and_sent_as_it_is() {
    let recorder = record(|| {
        let root = info_span!("root", llmobs.kind = "workflow", llmobs.ml_app = "Odd App").entered();
        drop(info_span!("below", llmobs.kind = "task"));
        root.annotate(Annotation::new().output("o"));
    });
    assert_eq!(
        ["root", "below"].map(|name| recorder.span(name).tags.get("ml_app").unwrap().to_owned()),
        ["Odd App"; 2]
    );
    assert_eq!(problems(&recorder), [(Problem::MlApp, 1)]);
    let recorder = record(|| {
        info_span!("t", llmobs.kind = "task").annotate(Annotation::new().ml_app("a__b"));
    });
    assert_eq!(
        (only_span(&recorder).tags.get("ml_app"), problems(&recorder)),
        (Some("a__b"), vec![(Problem::MlApp, 1)])
    );
}

#[test]
fn json_that_is_too_deep_is_refused() {
    let deep = || (0..200).fold(json!(1), |inner, _| json!([inner]));
    let recorder = record(|| {
        let prompt = Prompt::new("p").variable("deep", deep()).variable("x", 1);
        let tool = ToolDefinition::new("f").schema(json!({"deep": deep(), "type": "object"}));
        let span = info_span!("t", llmobs.kind = "llm");
        assert!(span.annotate(Annotation::new().prompt(prompt).tool_definitions([tool])));
    });
    let span = only_span(&recorder);
    assert_eq!(Value::Object(span.prompt.unwrap().variables), json!({"x": 1}));
    assert_eq!(span.tool_definitions[0].schema.clone().map(Value::Object), Some(json!({"type": "object"})));
    assert_eq!(problems(&recorder), [(Problem::Annotation, 1)]);
}
