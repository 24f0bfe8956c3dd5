//! Instrumented functions, as the decorators of Python.
#![allow(clippy::unused_async, reason = "the scenario is about asynchronous functions")]

use std::error::Error;
use std::fmt;

use serde_json::{Value, json};
use tracing::instrument;
use tracing_llmobs::Handle;

pub(in super::super) fn defaults(_: &Handle) {
    #[instrument(fields(llmobs.kind = "llm"), ret)]
    fn my_llm(prompt: &str) -> &'static str {
        "completion"
    }
    #[instrument(fields(llmobs.kind = "workflow"), ret(Display))]
    fn my_workflow(a: i64, c: &str) -> Value {
        json!({"x": 1})
    }
    #[instrument(fields(llmobs.kind = "agent"), ret)]
    fn my_agent(goal: &str) -> &'static str {
        "done"
    }
    #[instrument(fields(llmobs.kind = "tool"), ret(Display))]
    fn my_tool(city: &str) -> Value {
        json!(["a", 1])
    }
    #[instrument(fields(llmobs.kind = "task"), ret)]
    fn my_task() {}
    #[instrument(fields(llmobs.kind = "embedding"), ret)]
    fn my_embedding(text: &str) -> [f64; 2] {
        [0.1, 0.2]
    }
    #[instrument(fields(llmobs.kind = "retrieval"), ret)]
    fn my_retrieval(query: &str) -> &'static str {
        "doc"
    }
    my_llm("hi");
    my_workflow(1, "z");
    my_agent("win");
    my_tool("Paris");
    my_task();
    my_embedding("t");
    my_retrieval("q");
}

pub(in super::super) fn error(_: &Handle) {
    #[instrument(fields(llmobs.kind = "tool"), ret, err)]
    fn bad(x: i64) -> Result<i64, KeyError> {
        Err(KeyError("missing"))
    }
    #[instrument(fields(llmobs.kind = "workflow"), err)]
    fn wf() -> Result<(), KeyError> {
        bad(1).map(|_| ())
    }
    assert!(wf().is_err());
}

/// Asynchronous functions; a generator is a function that returns an iterator.
pub(in super::super) fn asynchronous(_: &Handle) {
    #[instrument(fields(llmobs.kind = "workflow"), ret)]
    async fn async_wf(x: i64) -> i64 {
        async_task(x + 1).await
    }
    #[instrument(fields(llmobs.kind = "task"), ret)]
    async fn async_task(y: i64) -> i64 {
        y * 2
    }
    #[instrument(name = "gen", fields(llmobs.kind = "task"))]
    fn generator(n: i64) -> impl Iterator<Item = i64> {
        0..n
    }
    #[instrument(fields(llmobs.kind = "llm", llmobs.model_name = "m"))]
    async fn agen() -> Vec<&'static str> {
        vec!["a", "b"]
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        assert_eq!(async_wf(1).await, 4);
        assert_eq!(agen().await.len(), 2);
    });
    assert_eq!(generator(3).count(), 3);
}

#[derive(Debug)]
struct KeyError(&'static str);

impl fmt::Display for KeyError {
    /// Formats a value as Python does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0)
    }
}

impl Error for KeyError {}
