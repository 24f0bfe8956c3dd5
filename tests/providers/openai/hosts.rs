//! Hosts with OpenAI's API.

use serde_json::{Value, json};
use tracing_llmobs::providers::{Api, Call, Endpoint};
use tracing_llmobs::{SpanError, SpanKind, Status};

use crate::exchange::{Exchange, event, metrics, turns};

fn request() -> Value {
    json!({"model": "asked", "messages": [{"role": "user", "content": "hi"}]})
}

fn answer(usage: &Value) -> Value {
    json!({"model": "answered", "choices": [{"message": {"role": "assistant", "content": "ho"}}], "usage": usage})
}

#[test]
fn hosts_are_known_by_their_name() {
    for (url, provider, name) in [
        ("https://api.deepseek.com/chat/completions", "deepseek", "Deepseek.createChatCompletion"),
        ("https://r.openai.azure.com/openai/v1/chat/completions", "azure_openai", "AzureOpenAI.createChatCompletion"),
        ("https://openrouter.ai/api/v1/chat/completions", "openrouter", "OpenAI.createChatCompletion"),
        ("https://api.groq.com/openai/v1/chat/completions", "groq", "OpenAI.createChatCompletion"),
        ("https://api.x.ai/v1/chat/completions", "xai", "OpenAI.createChatCompletion"),
        ("http://0.0.0.0:4000/chat/completions", "unknown", "OpenAI.createChatCompletion"),
    ] {
        let event = Exchange::unary(url, &request(), &answer(&json!(null))).event();
        assert_eq!((event.model_provider.as_deref(), event.name.as_str()), (Some(provider), name), "{url}");
    }
    let own = Endpoint::new(Api::OpenAiChat, "Our-VLLM");
    let event = event(Call::new(own, request().to_string()).annotate_request());
    assert_eq!(event.model_provider.as_deref(), Some("our-vllm"));
}

#[test]
fn the_model_is_what_answered_then_what_was_asked_then_the_deployment() {
    let url = "https://r.openai.azure.com//openai/deployments/our-gpt/chat/completions?api-version=2024-05-01-preview";
    let nameless = json!({"messages": []});
    for (request, answer, model) in [
        (&nameless, answer(&json!(null)), "answered"),
        (&nameless, json!({"model": ""}), "our-gpt"),
        (&request(), json!({}), "asked"),
    ] {
        let event = Exchange::unary(url, request, &answer).event();
        assert_eq!(event.model_name.as_deref(), Some(model));
    }
    // The greeting of a stream has no name.
    let events = [
        json!({"model": "", "choices": []}),
        json!({"model": "gpt-4o-2024", "choices": [{"index": 0, "delta": {"content": "ho"}}]}),
    ];
    let event = Exchange::sse(url, &nameless, &events).event();
    assert_eq!(
        (event.model_name.as_deref(), turns(event.output.as_ref())),
        (Some("gpt-4o-2024"), vec![("assistant", "ho")])
    );
}

#[test]
fn costs_are_said_when_they_are_dollars() {
    let tokens = json!({"input_tokens": 1, "output_tokens": 1, "total_tokens": 2});
    for (more, costs) in [
        (json!({"cost": 0.003}), json!({"total_cost": 0.003})),
        (
            json!({"cost": 0.003, "cost_details": {"upstream_inference_prompt_cost": 0.001, "upstream_inference_completions_cost": 0.002}}),
            json!({"total_cost": 0.003, "input_cost": 0.001, "output_cost": 0.002}),
        ),
        (
            json!({"cost": 0.003, "cost_details": {"upstream_inference_input_cost": 0.001, "upstream_inference_output_cost": 0.002}}),
            json!({"total_cost": 0.003, "input_cost": 0.001, "output_cost": 0.002}),
        ),
        // Parts that are not the whole are left out.
        (
            json!({"cost": 0.5, "cost_details": {"upstream_inference_prompt_cost": 0.001, "upstream_inference_completions_cost": 0.002}}),
            json!({"total_cost": 0.5}),
        ),
        // With a key of one's own, the model is paid elsewhere.
        (
            json!({"cost": 0.25, "is_byok": true, "cost_details": {"upstream_inference_cost": 0.5}}),
            json!({"total_cost": 0.75}),
        ),
        (
            json!({"cost": 0.25, "is_byok": false, "cost_details": {"upstream_inference_cost": 0.5}}),
            json!({"total_cost": 0.25}),
        ),
        (json!({"cost": {"total_cost": 1.5, "input_tokens_cost": 0.5}}), json!({"total_cost": 1.5, "input_cost": 0.5})),
        (json!({"cost_in_usd_ticks": 7}), json!({})),
    ] {
        let mut usage = json!({"prompt_tokens": 1, "completion_tokens": 1});
        usage.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut expected = tokens.clone();
        expected.as_object_mut().unwrap().extend(costs.as_object().unwrap().clone());
        let url = "https://openrouter.ai/api/v1/chat/completions";
        assert_eq!(metrics(&Exchange::unary(url, &request(), &answer(&usage)).event()), expected, "{usage}");
    }
}

#[test]
fn groq_counts_aside() {
    let events = [
        json!({"choices": [{"index": 0, "delta": {"content": "ho"}}], "x_groq": {"id": "req_1"}}),
        json!({"choices": [{"index": 0, "delta": {}}], "x_groq": {"usage": {"prompt_tokens": 4, "completion_tokens": 1, "total_tokens": 5}}}),
    ];
    let event = Exchange::sse("https://api.groq.com/openai/v1/chat/completions", &request(), &events).event();
    assert_eq!(metrics(&event), json!({"input_tokens": 4, "output_tokens": 1, "total_tokens": 5}));
}

#[test]
fn a_gateway_that_reports_its_calls_is_a_workflow_without_counts() {
    let usage =
        json!({"prompt_tokens": 3, "completion_tokens": 4, "cost": 0.5, "prompt_tokens_details": {"cached_tokens": 1}});
    let mut exchange = Exchange::unary("http://gateway:4000/chat/completions", &request(), &answer(&usage));
    exchange.endpoint = exchange.endpoint.behind_instrumented_proxy();
    let event = exchange.event();
    assert_eq!((event.kind, event.model_name.as_deref(), metrics(&event)), (SpanKind::Workflow, None, json!({})));
    let text = |content: Option<&tracing_llmobs::Content>| match content {
        Some(tracing_llmobs::Content::Json(value)) => value.clone(),
        Some(tracing_llmobs::Content::Text(text)) => serde_json::from_str(text).unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(text(event.input.as_ref()), json!([{"role": "user", "content": "hi"}]));
    assert_eq!(text(event.output.as_ref()), json!([{"role": "assistant", "content": "ho"}]));
}

#[test]
fn errors_of_every_host_have_a_type_and_a_message() {
    let azure = "https://r.openai.azure.com/openai/deployments/d/chat/completions";
    for (url, status, body, error) in [
        (azure, 401, json!({"error": {"code": "401", "message": "Access denied."}}), ("HTTP 401", "Access denied.")),
        (
            azure,
            404,
            json!({"error": {"code": "DeploymentNotFound", "message": "None."}}),
            ("DeploymentNotFound", "None."),
        ),
        (
            "https://openrouter.ai/api/v1/chat/completions",
            402,
            json!({"error": {"code": 402, "message": "Pay."}}),
            ("HTTP 402", "Pay."),
        ),
        (
            "https://api.x.ai/v1/chat/completions",
            400,
            json!({"code": "Client error", "error": "Wrong."}),
            ("Client error", "Wrong."),
        ),
        ("http://localhost:8080/v1/chat/completions", 400, json!({"error": "Wrong."}), ("HTTP 400", "Wrong.")),
        ("http://localhost:8080/v1/chat/completions", 503, json!(null), ("HTTP 503", "Service Unavailable")),
    ] {
        let event = Exchange::failed(url, &request(), status, &body).event();
        assert_eq!(event.error, Some(SpanError::new(error.1).error_type(error.0)), "{body}");
        assert_eq!(turns(event.output.as_ref()), [("", "")]);
    }
}

#[test]
fn errors_of_proxies_are_text_or_a_page() {
    for (body, message) in [
        ("error code: 502", "error code: 502"),
        ("upstream connect error\n", "upstream connect error"),
        ("<html><h1>Bad Gateway</h1></html>", "Bad Gateway"),
        ("{\"error\":", "Bad Gateway"),
        ("", "Bad Gateway"),
    ] {
        let mut exchange = Exchange::failed("http://localhost:8080/v1/chat/completions", &request(), 502, &json!(null));
        exchange.body = body.as_bytes().to_vec();
        assert_eq!(exchange.event().error, Some(SpanError::new(message).error_type("HTTP 502")), "{body}");
    }
}

#[test]
fn a_compressed_answer_is_left_alone() {
    let mut exchange = Exchange::unary("https://api.openai.com/v1/chat/completions", &request(), &json!({}));
    let mut headers = http::HeaderMap::new();
    headers.insert("content-type", http::HeaderValue::from_static("application/json"));
    headers.insert("content-encoding", http::HeaderValue::from_static("br"));
    headers.insert("authorization", http::HeaderValue::from_static("Bearer test-secret"));
    for (status, outcome) in [(200, Status::Ok), (401, Status::Error)] {
        exchange.head = tracing_llmobs::providers::ResponseHead::new(status).headers(&headers);
        exchange.body = vec![0x8B, b'{', 0x80, b'd', b'a', b't', b'a', b':', 0xFF];
        let event = exchange.event();
        assert_eq!((event.status, turns(event.output.as_ref())), (outcome, vec![("", "")]));
        assert_eq!((turns(event.input.as_ref()), metrics(&event)), (vec![("user", "hi")], json!({})));
        assert!(!format!("{event:?} {:?}", exchange.head).contains("test-secret"));
    }
}
