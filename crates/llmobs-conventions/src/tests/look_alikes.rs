//! Look-alikes: names that ordinary programs use too make no LLM span, alone or beside each other.

use crate::convention::allowlist::ALLOWED;
use crate::{AttributePlan, AttributeValue, Classification, Conventions, ForeignAttributes, Promise};

/// Attributes of programs that call no model: build tools, graphics, search, games, agents of monitoring, files.
const STRANGERS: &[(&str, &[(&str, &str)])] = &[
    ("forms", &[("input.value", "42"), ("output.value", "43")]),
    ("forms", &[("input.value", r#"[{"role":"user","content":"hi"}]"#), ("input.mime_type", "application/json")]),
    ("workshop", &[("tool.name", "hammer"), ("tool.id", "7"), ("tool.description", "hits"), ("tool.parameters", "{}")]),
    ("linter", &[("tool.name", "clippy"), ("session.id", "s"), ("user.id", "u"), ("error.type", "E0308")]),
    ("search", &[("retrieval.documents", "[]"), ("retrieval.documents.0.document.content", "text")]),
    ("graphics", &[("embedding.dimensions", "3"), ("embedding.vector", "[1]"), ("embedding.text", "glyph")]),
    ("graphics", &[("embedding.model_name", "mesh"), ("graph.node.id", "1"), ("metadata", "{}")]),
    ("monitor", &[("agent.name", "node-exporter"), ("agent.version", "1"), ("server.address", "host")]),
    ("shell", &[("prompt.id", "$"), ("prompt.text", "user@host"), ("input.value", "ls"), ("tag.tags", "a")]),
    ("ranking", &[("reranker.query", "q"), ("reranker.top_k", "3"), ("reranker.model_name", "bm25")]),
    ("review", &[("annotations.0.annotation.name", "n"), ("evaluations.0.evaluation.name", "e")]),
    (
        "web",
        &[("otel.name", "GET /v1/chat"), ("otel.status_code", "ERROR"), ("exception.message", "m"), ("error", "e")],
    ),
    (
        "web",
        &[("model", "gpt-4"), ("provider", "openai"), ("prompt_tokens", "3"), ("messages", "[]"), ("temperature", "1")],
    ),
    ("tokens", &[("usage.prompt_tokens", "3"), ("usage.total_tokens", "4"), ("completion_tokens", "1")]),
    ("who", &[("gen_ai.provider.name", "openai"), ("gen_ai.agent.name", "a"), ("gen_ai.conversation.id", "c")]),
    ("who", &[("gen_ai.request.model", "m"), ("server.port", "443"), ("gen_ai.system", "openai")]),
    ("llvm", &[("llm.user", "u"), ("llm.provider", "p"), ("llm.model_name", "m")]),
    ("rigel_assistant", &[("input.value", "hi"), ("tool.name", "t"), ("model", "m")]),
    ("rigging::agent", &[("input.value", "hi"), ("agent.name", "a")]),
    ("adk_drivers::usb", &[("tool.name", "flash"), ("agent.name", "a")]),
    ("adkins", &[("tool.name", "t")]),
    ("langchain_rusty", &[("tool", "t"), ("model", "m"), ("prompt_tokens", "3")]),
    ("my_gemini_rust", &[("model", "m"), ("usage.prompt_tokens", "3")]),
    ("swiftide_agents_of_mine", &[("tool_name", "t"), ("otel.name", "tool.t")]),
    ("genai_tools", &[("tool.name", "t"), ("input.value", "x")]),
];
/// Names of spans that frameworks use, outside of these frameworks.
const SPAN_NAMES: [&str; 10] =
    ["span", "chat", "llm.generate", "tool.call", "agent.run", "agent.execute", "call_llm", "step", "tool", "complete"];

fn promised(target: &str, span_name: &str, fields: &[(&str, &str)]) -> (Promise, Classification) {
    let conventions = Conventions::ALL;
    let plan = AttributePlan::new(conventions, target, span_name, fields.iter().map(|(name, _)| *name));
    let mut span = ForeignAttributes::new(&plan);
    for (name, value) in fields.iter().filter(|(name, _)| conventions.captures_attribute(target, name)) {
        span.push(name, AttributeValue::Text(value));
    }
    (plan.promise(), span.classify())
}

#[test]
fn no_look_alike_is_an_llm_span() {
    for (target, fields) in STRANGERS {
        for span_name in SPAN_NAMES {
            let (promise, classification) = promised(target, span_name, fields);
            assert_ne!(promise, Promise::Candidate, "{target} {span_name} {fields:?}");
            assert_eq!(classification, Classification::Undecided, "{target} {span_name} {fields:?}");
        }
    }
}

/// Namespaces whose names only LLM libraries use.
const SPECIFIC: [&str; 9] =
    ["gen_ai.", "openinference.", "llm.", "langfuse.", "traceloop.", "ai.", "mcp.", "openai.", "_dd.ml_obs."];

#[test]
fn no_generic_name_of_the_conventions_is_one_alone_or_beside_another() {
    let is_generic = |name: &str| !SPECIFIC.iter().any(|namespace| name.starts_with(namespace));
    let names: Vec<String> = ALLOWED
        .iter()
        .filter(|allowed| {
            is_generic(allowed.name) && allowed.name != "codex.usage." && allowed.name != "dd_llmobs_enabled"
        })
        .map(|allowed| if allowed.is_family { format!("{}name", allowed.name) } else { allowed.name.to_owned() })
        .collect();
    assert!(names.len() > 20, "{names:?}");
    for first in &names {
        for second in &names {
            let fields = [(first.as_str(), "value"), (second.as_str(), "value")];
            let (promise, classification) = promised("app", "span", &fields);
            assert_ne!(promise, Promise::Candidate, "{first} {second}");
            assert_eq!(classification, Classification::Undecided, "{first} {second}");
        }
    }
}

#[test]
fn a_generic_name_counts_beside_one_that_only_llm_libraries_use() {
    for generic in ["input.value", "output.value", "tool.name", "retrieval.documents", "embedding.text"] {
        let (promise, classification) = promised("app", "span", &[(generic, "value"), ("llm.model_name", "m")]);
        assert_eq!(promise, Promise::Candidate, "{generic}");
        assert!(matches!(classification, Classification::Span(_)), "{generic}: {classification:?}");
    }
}
