//! What the APIs of Ollama have in common: options, counts, durations.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::endpoint::Endpoint;
use crate::failure;
use crate::json::{count, get, pick, text};
use crate::usage::{TokenUsage, sum};
use llmobs_model::{Annotation, metric};

/// What every span is called.
pub(super) const NAME: Cow<'static, str> = Cow::Borrowed("ollama.request");

/// The model of a request and who serves it.
pub(super) fn asked(endpoint: &Endpoint, request: &Value) -> Annotation {
    let said = Annotation::new().model_provider(endpoint.provider.clone()).metadata_map(configuration(request));
    model(said, request)
}

fn model(said: Annotation, body: &Value) -> Annotation {
    match text(body, "model") {
        "" => said,
        model => said.model_name(model),
    }
}

const OPTIONS: &[&str] = &[
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "num_predict",
    "num_ctx",
    "seed",
    "stop",
    "repeat_penalty",
    "presence_penalty",
    "frequency_penalty",
];

const TOP_LEVEL: &[&str] = &["stream", "think", "format", "raw", "dimensions", "truncate"];

/// How the model is to write.
fn configuration(request: &Value) -> Map<String, Value> {
    let mut given = pick(get(request, &["options"]), OPTIONS);
    given.extend(pick(request, TOP_LEVEL));
    given.retain(|_, value| !value.is_null());
    given
}

/// Model, counts, durations and the end of an answer.
pub(super) fn counted(said: Annotation, body: &Value) -> Annotation {
    let (input, output) = (count(body, "prompt_eval_count"), count(body, "eval_count"));
    let tokens = TokenUsage { input, output, total: sum([input, output]), ..TokenUsage::default() };
    let mut said = model(said, body).metrics(tokens.metrics());
    let durations =
        [(metric::TIME_IN_MODEL_PREFILL, "prompt_eval_duration"), (metric::TIME_IN_MODEL_DECODE, "eval_duration")];
    for (name, duration) in durations {
        if let Some(nanos) = count(body, duration) {
            said = said.metric(name, Duration::from_nanos(nanos).as_secs_f64());
        }
    }
    let said = failure::inside(body).into_iter().fold(said, Annotation::span_error);
    match text(body, "done_reason") {
        "" => said,
        reason => said.metadata("finish_reason", reason),
    }
}
