//! A fake of a provider on loopback, and a client for it: what the crate of your provider would be.
#![allow(
    unreachable_pub,
    clippy::indexing_slicing,
    reason = "it is written like a crate of its own, and indexing a JSON value gives null, not a panic"
)]

use std::time::Duration;

use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tracing_llmobs::{Message, ToolCall};

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

pub const CHAT_MODEL: &str = "gpt-4o-mini";
pub const EMBEDDING_MODEL: &str = "text-embedding-3-small";

/// The client.
pub struct Provider {
    http: reqwest::Client,
    url: String,
}

/// A response of the model, with its tokens.
pub struct Reply {
    pub message: Message,
    pub input_tokens: u64,
    pub output_tokens: u64,
}

impl Provider {
    /// Starts the fake, and makes a client for it.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/v1", listener.local_addr()?);
        let router =
            Router::new().route("/v1/chat/completions", post(completion)).route("/v1/embeddings", post(embeddings));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { http: reqwest::Client::builder().no_proxy().build()?, url })
    }

    /// Asks the model.
    pub async fn chat(&self, messages: &[Message]) -> Result<Reply> {
        let messages: Vec<_> = messages.iter().map(to_json).collect();
        let answer = self.post("chat/completions", json!({"model": CHAT_MODEL, "messages": messages})).await?;
        let choice = &answer["choices"][0]["message"];
        let mut message = Message::assistant(choice["content"].as_str().unwrap_or_default());
        for call in choice["tool_calls"].as_array().into_iter().flatten() {
            let function = &call["function"];
            let name = function["name"].as_str().unwrap_or_default();
            let id = call["id"].as_str().unwrap_or_default();
            message = message.tool_call(ToolCall::new(name, function["arguments"].clone()).id(id).kind("function"));
        }
        let tokens = |name: &str| answer["usage"][name].as_u64().unwrap_or_default();
        Ok(Reply { message, input_tokens: tokens("prompt_tokens"), output_tokens: tokens("completion_tokens") })
    }

    /// Vectors of the same length, one a text, and the tokens they took.
    pub async fn embed(&self, texts: &[&str]) -> Result<(Vec<Vec<f64>>, u64)> {
        let answer = self.post("embeddings", json!({"model": EMBEDDING_MODEL, "input": texts})).await?;
        let vector = |item: &Value| serde_json::from_value(item["embedding"].clone());
        let vectors: std::result::Result<_, _> = answer["data"].as_array().into_iter().flatten().map(vector).collect();
        Ok((vectors?, answer["usage"]["prompt_tokens"].as_u64().unwrap_or_default()))
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        let request = self.http.post(format!("{}/{path}", self.url)).header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await?.error_for_status()?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }
}

fn to_json(message: &Message) -> Value {
    let result = message.tool_results.first();
    let content = result.map_or(&message.content, |result| &result.result);
    json!({"role": message.role.as_str(), "content": content, "tool_call_id": message.tool_id})
}

/// The model: it asks for one tool after the other and then answers, whatever the question is.
async fn completion(Json(request): Json<Value>) -> Json<Value> {
    tokio::time::sleep(Duration::from_millis(60)).await;
    let messages = request["messages"].as_array().cloned().unwrap_or_default();
    let call = |name: &str| {
        let function = json!({"name": name, "arguments": r#"{"order":"A-1042"}"#});
        json!({"role": "assistant", "content": "", "tool_calls": [
            {"id": format!("call_{name}"), "type": "function", "function": function}]})
    };
    let message = match messages.iter().filter(|message| message["role"] == "tool").count() {
        0 => call("order_status"),
        1 => call("order_history"),
        _ => json!({"role": "assistant", "content":
            "Your order A-1042 was shipped three days ago. You may return the helmet within 30 days if you did not wear it."}),
    };
    let usage = json!({"prompt_tokens": tokens(&messages), "completion_tokens": tokens(&message)});
    Json(json!({"model": CHAT_MODEL, "choices": [{"message": message}], "usage": usage}))
}

async fn embeddings(Json(request): Json<Value>) -> Json<Value> {
    tokio::time::sleep(Duration::from_millis(10)).await;
    let texts = request["input"].as_array().cloned().unwrap_or_default();
    let data: Vec<_> =
        texts.iter().map(|text| json!({"embedding": vector(text.as_str().unwrap_or_default())})).collect();
    Json(json!({"data": data, "usage": {"prompt_tokens": tokens(&texts)}}))
}

/// Counts a few sorts of words, as a vector of length 1: texts that share words are near.
fn vector(text: &str) -> Vec<f64> {
    let mut vector = [0.0; 64];
    for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| word.len() > 3) {
        let sort = word.to_lowercase().bytes().fold(7, |sort: u8, byte| sort.wrapping_mul(31).wrapping_add(byte));
        vector[usize::from(sort % 64)] += 1.0;
    }
    let length = vector.iter().map(|count| count * count).sum::<f64>().sqrt().max(1.0);
    vector.map(|count| count / length).to_vec()
}

/// Four letters are about a token.
fn tokens(json: &impl serde::Serialize) -> usize {
    serde_json::to_string(json).map_or(0, |text| text.len() / 4)
}
