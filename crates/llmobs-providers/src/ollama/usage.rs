//! Options, token counts and durations of all APIs of Ollama.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::endpoint::Endpoint;
use crate::failure;
use crate::json::{count, get, pick, text};
use crate::usage::{TokenUsage, sum};
use llmobs_model::{Annotation, metric};

/// The name of every span.
pub(super) const NAME: Cow<'static, str> = Cow::Borrowed("ollama.request");

/// The model of a request and who serves it.
pub(super) fn asked(endpoint: &Endpoint, request: &Value) -> Annotation {
    let annotation = Annotation::new().model_provider(endpoint.provider.clone()).metadata_map(configuration(request));
    model(annotation, request)
}

fn model(annotation: Annotation, body: &Value) -> Annotation {
    match text(body, "model") {
        "" => annotation,
        model => annotation.model_name(model),
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

/// Returns the parameters of a request, from `options` and from the top level.
fn configuration(request: &Value) -> Map<String, Value> {
    let mut given = pick(get(request, &["options"]), OPTIONS);
    given.extend(pick(request, TOP_LEVEL));
    given.retain(|_, value| !value.is_null());
    given
}

/// Model, counts, durations and the end of an answer.
pub(super) fn counted(annotation: Annotation, body: &Value) -> Annotation {
    let (input, output) = (count(body, "prompt_eval_count"), count(body, "eval_count"));
    let tokens = TokenUsage { input, output, total: sum([input, output]), ..TokenUsage::default() };
    let mut annotation = model(annotation, body).metrics(tokens.metrics());
    let durations =
        [(metric::TIME_IN_MODEL_PREFILL, "prompt_eval_duration"), (metric::TIME_IN_MODEL_DECODE, "eval_duration")];
    for (name, duration) in durations {
        if let Some(nanos) = count(body, duration) {
            annotation = annotation.metric(name, Duration::from_nanos(nanos).as_secs_f64());
        }
    }
    let annotation = failure::inside(body).into_iter().fold(annotation, Annotation::span_error);
    match text(body, "done_reason") {
        "" => annotation,
        reason => annotation.metadata("finish_reason", reason),
    }
}
