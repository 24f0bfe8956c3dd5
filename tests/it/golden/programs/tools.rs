//! Tools, agents and cost tags.

use serde_json::json;
use tracing::info_span;
use tracing_llmobs::{AgentManifest, Annotation, Handle, LlmObsSpanExt as _};

pub(in super::super) fn definitions(_: &Handle) {
    let definitions = json!([
        {"name": "get_weather", "description": "Get it", "version": "v2", "schema":
            {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}},
        {"name": "minimal"},
        {"description": "no name"},
        "not a dict",
        {"name": "bad_schema", "schema": "x", "description": 5, "version": 1},
        {"name": "extra", "banana": 1},
    ]);
    let definitions = definitions.to_string();
    {
        let llm = info_span!("l", llmobs.kind = "llm", llmobs.model_name = "m", llmobs.tool_definitions = definitions);
        let _llm = llm.enter();
        drop(info_span!("get_weather", llmobs.kind = "tool"));
        drop(info_span!("unknown_tool", llmobs.kind = "tool"));
    }
    drop(info_span!("t", llmobs.kind = "task", llmobs.tool_definitions = definitions));
}

pub(in super::super) fn cost_tags(_: &Handle) {
    let span = info_span!("cost", llmobs.kind = "llm", llmobs.model_name = "m");
    let annotation = Annotation::new().tag("team", "ml").tag("feature", "chat");
    span.annotate(annotation.cost_tags(["team", "missing", "team"]));
    span.annotate(Annotation::new().cost_tags(["feature"]));
    let task = info_span!("cost_task", llmobs.kind = "task");
    let annotation = Annotation::new().tag("team", "ml").cost_tags(["team"]);
    task.annotate(annotation.metadata("own", 1).metadata("_dd", json!({"spoof": 1})));
}

pub(in super::super) fn agent_manifest(_: &Handle) {
    {
        let planner = info_span!("planner", llmobs.kind = "agent", llmobs.agent_version = "2.0").entered();
        let parameters = json!({"q": {"type": "string", "required": true}});
        let manifest = AgentManifest::new().instructions("be brief").model("gpt-4o");
        let manifest = manifest.model_setting("temperature", 0.2).model_setting("banana", 1);
        let manifest = manifest.tool("search", "d", parameters).tool("", "unnamed", json!({}));
        planner.annotate(Annotation::new().agent_manifest(manifest));
        {
            let _search = info_span!("search", llmobs.kind = "tool").entered();
            drop(info_span!("deep", llmobs.kind = "task"));
        }
        let _sub = info_span!("sub", llmobs.kind = "agent").entered();
        drop(info_span!("l", llmobs.kind = "llm", llmobs.model_name = "m"));
    }
    let task = info_span!("not_agent", llmobs.kind = "task");
    task.annotate(Annotation::new().agent_version("9").agent_manifest(AgentManifest::new().instructions("x")));
}
