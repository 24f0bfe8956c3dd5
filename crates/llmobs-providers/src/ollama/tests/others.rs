//! `/api/generate`, the embeddings, and which URLs are Ollama's.

use serde_json::json;

use super::chat::said;
use crate::endpoint::{Api, Endpoint};
use crate::test_exchange::TestExchange;
use llmobs_model::{Document, Media, Message, SpanError, SpanKind};

#[test]
fn a_completion_of_a_prompt() {
    let request = json!({"model": "qwen3:4b", "system": "Be brief.", "prompt": "What is it?", "images": ["iVBORw0KGgoAAAA"],
        "stream": false, "raw": true, "options": {"top_k": 5}});
    let answer = json!({"model": "qwen3:4b", "response": "A cat.", "thinking": "Whiskers.", "done": true, "done_reason": "length",
        "context": [1, 2], "prompt_eval_count": 7, "eval_count": 3});
    let picture = Media::base64("image/png", "iVBORw0KGgoAAAA");
    let expected = said()
        .input([Message::system("Be brief."), Message::user("What is it?").image(picture)])
        .metadata_map(json!({"top_k": 5, "stream": false, "raw": true, "finish_reason": "length"}))
        .output([Message::new("reasoning", "Whiskers."), Message::assistant("A cat.")])
        .metric("input_tokens", 7)
        .metric("output_tokens", 3)
        .metric("total_tokens", 10);
    assert_eq!(TestExchange::new("http://localhost:11434/api/generate", &request).answer(200, &answer), expected);
}

#[test]
fn completions_fail_and_say_nothing() {
    let exchange = |request: &serde_json::Value| TestExchange::new("http://localhost:11434/api/generate", request);
    let request = json!({"model": "qwen3:4b", "prompt": "Hi", "suffix": "!", "format": {"type": "object"}});
    let expected = said().input([Message::user("Hi")]).metadata("format", json!({"type": "object"}));
    let error = SpanError::new("bad format").error_type("HTTP 400");
    let refused = exchange(&request).answer(400, &json!({"error": "bad format"}));
    assert_eq!(refused, expected.clone().output([Message::new("", "")]).span_error(error));
    let gone = exchange(&request).answer(200, &json!({"response": "So f", "error": "unloaded"}));
    let error = SpanError::new("unloaded").error_type("error");
    assert_eq!(gone, expected.output([Message::assistant("So f")]).span_error(error));
    for nonsense in [json!(null), json!([1]), json!({"prompt": 7, "response": 3, "images": "x"})] {
        let said = exchange(&nonsense).answer(200, &nonsense);
        assert_eq!((said.input, said.output), (None, Some(vec![Message::assistant("")].into())), "{nonsense}");
    }
    // To load a model, nothing is asked and nothing said.
    let loaded = exchange(&json!({"model": "qwen3:4b"}))
        .answer(200, &json!({"model": "qwen3:4b", "response": "", "done_reason": "load"}));
    assert_eq!(loaded, said().metadata("finish_reason", "load").output([Message::assistant("")]));
}

#[test]
fn embeddings_of_one_text_and_of_several() {
    let said = || said().kind(SpanKind::Embedding);
    let embed = "http://localhost:11434/api/embed";
    let exchange = TestExchange::new(embed, &json!({"model": "qwen3:4b", "input": ["a", "b"], "truncate": true}));
    let answer = json!({"model": "qwen3:4b", "embeddings": [[0.1, 0.2], [0.3, 0.4]], "prompt_eval_count": 2, "total_duration": 5});
    let expected = said()
        .input([Document::new("a"), Document::new("b")])
        .metadata("truncate", true)
        .output("[2 embedding(s) returned with size 2]")
        .metric("input_tokens", 2)
        .metric("total_tokens", 2);
    assert_eq!(exchange.answer(200, &answer), expected);

    let exchange = TestExchange::new(embed, &json!({"model": "qwen3:4b", "input": "a"}));
    let expected = said().input([Document::new("a")]).output("[1 embedding(s) returned with size 1]");
    assert_eq!(exchange.answer(200, &json!({"embeddings": [[1]]})), expected);

    let exchange =
        TestExchange::new("http://localhost:11434/api/embeddings", &json!({"model": "qwen3:4b", "prompt": "a"}));
    let expected = said().input([Document::new("a")]).output("[1 embedding(s) returned with size 3]");
    assert_eq!(exchange.answer(200, &json!({"embedding": [1, 2, 3]})), expected);
}

#[test]
fn only_ollama_is_taken_for_ollama() {
    for url in [
        "http://127.0.0.1:11434/api/chat",
        "http://ollama/api/chat",
        "https://ollama.com/api/chat",
        "http://my-ollama.models.svc:80/api/chat",
    ] {
        let endpoint = Endpoint::recognise("POST", url).unwrap_or_else(|| panic!("{url}"));
        assert_eq!((endpoint.api(), endpoint.provider()), (Api::OllamaChat, "ollama"), "{url}");
    }
    for url in ["http://localhost:3000/api/chat", "https://example.com/api/generate", "http://localhost:11434/api/tags"]
    {
        assert_eq!(Endpoint::recognise("POST", url), None, "{url}");
    }
    // A gateway, or a port of one's own: who says so is believed.
    let own = Endpoint::recognise_for("ollama", "POST", "http://gpu-7:8000/llm/api/chat").unwrap();
    assert_eq!((own.api(), own.provider()), (Api::OllamaChat, "ollama"));
    assert_eq!(Endpoint::recognise_for("vllm", "POST", "http://localhost:11434/api/chat"), None);
    let compatible = Endpoint::recognise("POST", "http://localhost:11434/v1/chat/completions").unwrap();
    assert_eq!(compatible.api(), Api::OpenAiChat);
}
