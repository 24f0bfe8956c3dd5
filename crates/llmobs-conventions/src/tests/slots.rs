//! Kind, name, model, metadata, metrics, tags, errors, sessions, prompts, tools, evaluations.

use serde_json::json;

use super::driver::check;

#[test]
fn the_kind_is_said_by_a_word_or_by_what_was_said() {
    let kinds = [
        ("gen_ai.operation.name", "generate_content", "llm"),
        ("gen_ai.operation.name", "interactions", "llm"),
        ("gen_ai.operation.name", "transcription", "llm"),
        ("gen_ai.operation.name", "RESPONSES", "llm"),
        ("gen_ai.operation.name", "search_memory", "retrieval"),
        ("gen_ai.operation.name", "upsert_memory", "task"),
        ("gen_ai.operation.name", "plan", "workflow"),
        ("gen_ai.operation.name", "agent_step", "workflow"),
        ("openinference.span.kind", "retriever", "retrieval"),
        ("openinference.span.kind", "RERANKER", "workflow"),
        ("langfuse.observation.type", "Agent", "agent"),
        ("langfuse.type", "GENERATION", "llm"),
        ("langfuse.observation.type", "guardrail", "workflow"),
        ("traceloop.span.kind", "task", "task"),
        ("llm.request.type", "embedding", "embedding"),
        ("ai.operationId", "ai.embedMany.doEmbed", "embedding"),
        ("ai.operationId", "ai.embedMany", "workflow"),
    ];
    let said = kinds.map(|(name, word, kind)| {
        json!({"case": format!("{name}={word}"), "fields": {name: word}, "expect": {"meta": {"span": {"kind": kind}}}})
    });
    check(&json!(said));
    let evidence = [
        (json!({"gen_ai.tool.call.id": "c"}), "tool"),
        (json!({"mcp.method.name": "tools/call"}), "tool"),
        (json!({"ai.toolCall.name": "t"}), "tool"),
        (json!({"gen_ai.embeddings.dimension.count": 3}), "embedding"),
        (json!({"gen_ai.retrieval.query.text": "q"}), "retrieval"),
        (json!({"gen_ai.request.model": "m", "gen_ai.request.temperature": 0.5}), "llm"),
        (json!({"gen_ai.request.model": "text-embedding-3", "gen_ai.usage.input_tokens": 3}), "embedding"),
        (json!({"gen_ai.request.model": "text-embedding-3", "gen_ai.usage.output_tokens": 3}), "llm"),
        (json!({"gen_ai.prompt": "hi", "gen_ai.agent.id": "a"}), "agent"),
        (json!({"gen_ai.prompt": "hi"}), "workflow"),
        (json!({"input.value": "hi", "llm.user": "u"}), "workflow"),
        (json!({"tool.name": "t", "llm.user": "u"}), "tool"),
        (json!({"traceloop.entity.input": "hi", "traceloop.entity.name": "e"}), "workflow"),
        (json!({"langfuse.input": "hi"}), "workflow"),
    ];
    let said = evidence.map(|(fields, kind)| {
        json!({"case": fields.to_string(), "fields": fields, "expect": {"meta": {"span": {"kind": kind}}}})
    });
    check(&json!(said));
}

#[test]
fn what_is_no_call_is_no_span() {
    let none = [
        json!({"gen_ai.request.model": "m"}),
        json!({"input.value": "hi"}),
        json!({"tool.name": "hammer", "tool.id": "1"}),
        json!({"retrieval.documents": "[]"}),
        json!({"embedding.dimensions": 3}),
        json!({"gen_ai.provider.name": "openai", "gen_ai.conversation.id": "c"}),
        json!({"mcp.method.name": "tools/list"}),
        json!({"traceloop.span.kind": "session"}),
        json!({"session.id": "s", "user.id": "u", "error": "bad"}),
        json!({"http.route": "/", "model": "gpt-4", "prompt_tokens": 3}),
        json!({"gen_ai.prompt.name": "greet", "gen_ai.prompt.version": "1"}),
        json!({"gen_ai.evaluation.name": "judge", "gen_ai.evaluation.score.value": 1}),
        json!({"gen_ai.operation.name": "chat", "dd_llmobs_enabled": false}),
    ];
    check(&json!(none.map(|fields| json!({"case": fields.to_string(), "fields": fields, "expect": null}))));
}

#[test]
fn a_span_is_called_after_what_it_does_and_with_whom() {
    check(&json!([
        {"case": "agent", "span": "invoke_agent", "expect": {"name": "invoke_agent A"},
         "fields": {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "A"}},
        {"case": "plan", "span": "plan", "expect": {"name": "plan A"},
         "fields": {"gen_ai.operation.name": "plan", "gen_ai.agent.name": "A"}},
        {"case": "workflow", "span": "invoke_workflow", "expect": {"name": "invoke_workflow W"},
         "fields": {"gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": "W"}},
        {"case": "embedding", "span": "embeddings", "expect": {"name": "embeddings e"},
         "fields": {"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "e"}},
        {"case": "a tool's name on a model's span is context", "span": "chat m", "expect": {"name": "chat m"},
         "fields": {"gen_ai.operation.name": "chat", "gen_ai.tool.name": "t"}},
        {"case": "function and step", "span": "ai", "expect": {"name": "f.streamText"},
         "fields": {"ai.operationId": "ai.streamText", "ai.telemetry.functionId": "f"}},
        {"case": "no name at all", "span": "", "expect": {"name": "llm"}, "fields": {"gen_ai.operation.name": "chat"}},
        {"case": "langchain", "span": "tool.call", "target": "langchain_rust::agent::executor",
         "fields": {"tool": {"$debug": "search"}}, "expect": {"name": "search", "meta": {"span": {"kind": "tool"}}}},
    ]));
}

#[test]
fn profiles_hear_words_of_their_crates() {
    check(&json!([
        {"case": "langchain", "span": "llm.generate", "target": "langchain_rust::observability",
         "fields": {"provider": "OpenAI", "model": "m", "prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
         "expect": {"name": "llm.generate", "metrics": {"$exact": true, "input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
            "meta": {"span": {"kind": "llm"}, "model_name": "m", "model_provider": "openai"}}},
        {"case": "gemini", "span": "generate_content_raw", "target": "gemini_rust::client",
         "fields": {"usage.prompt_tokens": 30, "usage.candidates_tokens": 2, "usage.thoughts_tokens": 1,
            "usage.cached_content_tokens": 20, "usage.total_tokens": 33},
         "expect": {"metrics": {"$exact": true, "input_tokens": 30, "output_tokens": 3, "reasoning_output_tokens": 1,
            "cache_read_input_tokens": 20, "total_tokens": 33},
            "meta": {"span": {"kind": "llm"}, "model_name": "unknown", "model_provider": "google"}}},
        {"case": "adk's model call", "span": "call_llm", "target": "adk_agent::llm_agent",
         "fields": {"gcp.vertex.agent.llm_request": "{\"model\":\"gemini-2.5\",\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]}",
            "gcp.vertex.agent.llm_response": "{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Hello\"}]},\"finish_reason\":\"stop\"}"},
         "expect": {"name": "call_llm", "meta": {"span": {"kind": "llm"}, "model_name": "gemini-2.5",
            "input": {"messages": [{"role": "user", "content": "Hi"}]},
            "output": {"messages": [{"role": "assistant", "content": "Hello"}]}}}},
        {"case": "swiftide's agent", "span": "agent.query", "target": "swiftide_agents::agent", "fields": {},
         "events": [{"name": "event a:1", "level": "DEBUG", "fields": {"langfuse.input": "Hi"}}],
         "expect": {"name": "agent.query", "meta": {"span": {"kind": "agent"}, "input": {"value": "Hi"}}}},
        {"case": "swiftide's step", "span": "step", "target": "swiftide_agents::agent", "fields": {"otel.name": "step-0"},
         "expect": {"name": "step-0", "meta": {"span": {"kind": "workflow"}}}},
        {"case": "swiftide's tool", "span": "tool", "target": "swiftide_agents::agent", "fields": {"otel.name": "tool.search"},
         "expect": {"name": "search", "meta": {"span": {"kind": "tool"}}}},
        {"case": "swiftide's tool with events", "span": "tool", "target": "swiftide_agents::agent",
         "fields": {"otel.name": "tool.search"},
         "events": [{"name": "event a:1", "level": "DEBUG", "fields": {"langfuse.input": "{\"q\":1}", "langfuse.output": "found", "tool_name": "search"}}],
         "expect": {"name": "search", "meta": {"input": {"value": "{\"q\":1}"}, "output": {"value": "found"}}}},
        {"case": "stored memory", "fields": {"gen_ai.operation.name": "create_memory", "gen_ai.memory.records": "[{\"id\":\"1\"}]"},
         "expect": {"meta": {"span": {"kind": "task"}, "input": {"value": "[{\"id\":\"1\"}]"}}}},
        {"case": "found memory", "fields": {"gen_ai.operation.name": "search_memory", "gen_ai.memory.records": "[{\"id\":\"1\",\"score\":0.5}]"},
         "expect": {"meta": {"span": {"kind": "retrieval"}, "output": {"documents": [{"id": "1", "score": 0.5}]}}}},
        {"case": "adk", "span": "agent.execute", "target": "adk_runner::runner",
         "fields": {"agent.name": "helper", "gen_ai.conversation.id": "c"},
         "expect": {"session_id": "c", "tags": {"$contains": ["agent.name:helper"]}, "meta": {"span": {"kind": "agent"}}}},
    ]));
}

#[test]
fn parameters_become_metadata_and_secrets_do_not() {
    check(&json!([
        {"case": "explicit before bundles, secrets and nulls nowhere", "fields": {
            "openinference.span.kind": "LLM",
            "gen_ai.request.temperature": 0.5,
            "gen_ai.request.choice.count": 2,
            "gen_ai.request.stop_sequences": {"$debug": "[\"a\", \"b\"]"},
            "gen_ai.request.api_key": "test-key",
            "gen_ai.openai.request.seed": 4,
            "gen_ai.request.seed": 3,
            "llm.invocation_parameters": "{\"temperature\":1,\"top_p\":0.9,\"model\":\"m\",\"tools\":[1],\"none\":null,\"extra_headers\":{\"a\":1},\"x\":{\"api_key\":\"test-key\",\"y\":1}}",
            "metadata": "{\"max_tokens\":5,\"Authorization\":\"test-key\",\"session_token\":\"test-key\"}",
            "_dd.ml_obs.metadata": "{\"top_p\":0.1,\"_dd\":{}}"},
         "expect": {"meta": {"metadata": {"$exact": true, "temperature": 0.5, "choice": {"count": 2}, "stop_sequences": ["a", "b"],
            "seed": 3, "top_p": 0.1, "x": {"y": 1}, "max_tokens": 5}}}},
        {"case": "reasons in every form", "fields": {"gen_ai.operation.name": "chat", "gen_ai.response.finish_reasons": "stop,length"},
         "expect": {"meta": {"metadata": {"$exact": true, "finish_reasons": ["stop", "length"]}}}},
        {"case": "an empty list of reasons is none", "fields": {"gen_ai.operation.name": "chat", "gen_ai.response.finish_reasons": "[]"},
         "expect": {"meta": {"metadata": {"$exact": true}}}},
        {"case": "what rig does not know is no reason", "fields": {"gen_ai.operation.name": "chat",
            "gen_ai.output.messages": "[{\"role\":\"assistant\",\"parts\":[],\"finish_reason\":\"unknown\"}]"},
         "expect": {"meta": {"metadata": {"$exact": true}}}},
        {"case": "a tool's own", "fields": {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.call_id": "c", "gen_ai.tool.call.outcome": "denied"},
         "expect": {"status": "ok", "meta": {"metadata": {"$exact": true, "tool_id": "c", "tool_outcome": "denied"}}}},
        {"case": "vercel's", "fields": {"ai.operationId": "ai.generateText.doGenerate", "ai.settings.maxRetries": 2, "ai.telemetry.metadata.tier": "gold"},
         "expect": {"meta": {"metadata": {"$exact": true, "maxRetries": 2, "tier": "gold"}}}},
    ]));
}

#[test]
fn tokens_are_counted_once_and_include_the_cache() {
    let rig = |more: serde_json::Value, declared: serde_json::Value, expected: u64| {
        let mut fields = json!({"gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic",
            "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 5, "gen_ai.usage.cache_read.input_tokens": 80});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"case": format!("{more} {declared}"), "target": "rig::completions", "fields": fields, "declared": declared,
            "expect": {"metrics": {"input_tokens": expected}}})
    };
    let marks = json!(["gen_ai.usage.cache_creation.input_tokens"]);
    check(&json!([
        {"case": "less than the cache is without it", "fields": {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 3,
            "gen_ai.usage.output_tokens": 2, "gen_ai.usage.total_tokens": 5, "gen_ai.usage.cache_read.input_tokens": 10,
            "gen_ai.usage.cache_creation.input_tokens": 1},
         "expect": {"metrics": {"$exact": true, "input_tokens": 14, "output_tokens": 2, "total_tokens": 16,
            "cache_read_input_tokens": 10, "cache_write_input_tokens": 1}}},
        rig(json!({}), marks.clone(), 180),
        rig(json!({}), json!([]), 100),
        rig(json!({"gen_ai.provider.name": "openai"}), marks.clone(), 100),
        rig(json!({"gen_ai.request.stream": true}), marks, 100),
        {"case": "an agent's are the sum of its run", "fields": {"gen_ai.operation.name": "invoke_agent",
            "gen_ai.usage.input_tokens": "7", "llm.cost.total": 0.5, "gen_ai.server.time_to_first_token": 0.25},
         "expect": {"metrics": {"$exact": true, "time_to_first_token": 0.25},
            "meta": {"metadata": {"$exact": true, "usage": {"input_tokens": 7, "total_cost": 0.5}}}}},
        {"case": "zero is a number", "fields": {"gen_ai.operation.name": "chat", "gen_ai.usage.cache_read_tokens": 0},
         "expect": {"metrics": {"$exact": true, "cache_read_input_tokens": 0}}},
        {"case": "langfuse fills gaps", "fields": {"langfuse.type": "generation", "gen_ai.usage.input_tokens": 1,
            "langfuse.usage": "{\"input\":9,\"output\":4,\"details\":{\"completion_tokens_details\":{\"reasoning_tokens\":2}}}"},
         "expect": {"metrics": {"$exact": true, "input_tokens": 1, "output_tokens": 4, "reasoning_output_tokens": 2}}},
    ]));
}

#[test]
fn tags_say_whose_call_it_is() {
    check(&json!([
        {"case": "what nothing else takes", "fields": {"gen_ai.operation.name": "chat", "gen_ai.output.type": "json",
            "gen_ai.response.id": "r", "gen_ai.usage.token_type": "input", "gen_ai.token.type": "input",
            "gen_ai.labels": "[\"a,b\",\"c\"]", "gen_ai.request.model": "m", "server.port": 443, "url.full": "http://x", "tenant": "t",
            "enduser.id": "u", "graph.node.id": "n", "prompt.vendor": "v", "gen_ai.secret": "test-key"},
         "expect": {"tags": {"$contains": ["output.type:json", "response.id:r", "labels:a,b", "labels:c", "server.port:443", "user_id:u",
                "graph.node.id:n", "prompt.vendor:v"],
            "$excludes": ["usage.token_type:input", "token.type:input", "tenant:t", "url.full:http://x", "request.model:m",
                "secret:test-key"]}}},
        {"case": "long ones are left out, not cut", "fields": {"openinference.span.kind": "CHAIN", "agent.bio": "x".repeat(257)},
         "expect": {"tags": []}},
    ]));
}

#[test]
fn an_error_is_what_the_span_says_and_events_tell_more() {
    let failed = |case: &str, fields: serde_json::Value, events: serde_json::Value, error: serde_json::Value| {
        let mut all = json!({"gen_ai.operation.name": "chat"});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let status = if error.is_null() { "ok" } else { "error" };
        json!({"case": case, "fields": all, "events": events, "expect": {"status": status, "meta": {"error": error}}})
    };
    let log = json!([{"name": "event a:1", "level": "ERROR", "fields": {"message": {"$debug": "retrying"}, "exception.message": "late"}}]);
    check(&json!([
        failed("flag", json!({"error": true}), json!([]), json!({"message": "", "type": "Error", "stack": ""})),
        failed("text", json!({"error": "bad"}), json!([]), json!({"message": "bad", "type": "Error"})),
        failed("no error", json!({"error": "false"}), json!([]), json!(null)),
        failed("description alone", json!({"otel.status_description": "x"}), json!([]), json!(null)),
        failed(
            "tool",
            json!({"gen_ai.tool.call.outcome": "error", "gen_ai.tool.error.type": "E"}),
            json!([]),
            json!({"type": "E"})
        ),
        failed(
            "langfuse",
            json!({"langfuse.observation.level": "ERROR", "langfuse.observation.status_message": "m"}),
            json!([]),
            json!({"message": "m"})
        ),
        failed("warning", json!({"langfuse.observation.level": "WARNING"}), json!([]), json!(null)),
        failed(
            "the span's attributes before the event's",
            json!({"otel.status_code": "ERROR", "exception.message": "own"}),
            json!([{"name": "exception", "level": "ERROR", "fields": {"exception.message": "other", "exception.type": "T"}}]),
            json!({"message": "own", "type": "T"})
        ),
        failed(
            "handled",
            json!({}),
            json!([{"name": "exception", "level": "WARN", "fields": {"exception.message": "other"}}]),
            json!(null)
        ),
        failed(
            "handled, and then failed",
            json!({"otel.status_code": "error"}),
            json!([{"name": "exception", "level": "WARN", "fields": {"exception.message": "other"}}]),
            json!({"message": "other"})
        ),
        failed("exception at ERROR", json!({}), log.clone(), json!({"message": "late"})),
        failed("it went well", json!({"otel.status_code": {"$debug": "Ok"}}), log, json!(null)),
    ]));
}

#[test]
fn prompts_and_tools_are_found_in_every_convention() {
    check(&json!([
        {"case": "datadog's", "fields": {"gen_ai.operation.name": "chat", "prompt.id": "other",
            "_dd.ml_obs.prompt_tracking": "{\"name\":\"p\",\"version\":2,\"template\":\"Hi {{x}}\",\"variables\":{\"x\":1}}"},
         "expect": {"meta": {"input": {"prompt": {"$exact": true, "id": "p", "version": "2", "template": "Hi {{x}}", "variables": {"x": "1"}}}}}},
        {"case": "without a template it is none", "fields": {"gen_ai.operation.name": "chat", "_dd.ml_obs.prompt_tracking": "{\"id\":\"p\"}"},
         "expect": {"meta": {"input": {"$absent": true}}}},
        {"case": "on other kinds none", "fields": {"gen_ai.operation.name": "invoke_agent", "prompt.id": "p"},
         "expect": {"meta": {"input": {"$absent": true}}}},
        {"case": "vercel's tools", "fields": {"ai.operationId": "ai.generateText.doGenerate",
            "ai.prompt.tools": "[\"{\\\"type\\\":\\\"function\\\",\\\"name\\\":\\\"t\\\",\\\"inputSchema\\\":{\\\"type\\\":\\\"object\\\"}}\"]"},
         "expect": {"meta": {"tool_definitions": [{"$exact": true, "name": "t", "schema": {"type": "object"}}]}}},
        {"case": "anthropic's tools", "fields": {"openinference.span.kind": "LLM",
            "llm.tools.0.tool.json_schema": "{\"name\":\"t\",\"description\":\"d\",\"input_schema\":{\"type\":\"object\"}}"},
         "expect": {"meta": {"tool_definitions": [{"$exact": true, "name": "t", "description": "d", "schema": {"type": "object"}}]}}},
    ]));
}
