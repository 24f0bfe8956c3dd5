//! Names of spans and models.

use std::borrow::Cow;

use serde_json::Value;

use crate::codec::Response;
use crate::endpoint::Endpoint;
use crate::json;
use llmobs_model::{Annotation, Message};

/// `OpenAI.createChatCompletion`, with the name of the client that Datadog's other SDKs know for the provider.
pub(super) fn operation(endpoint: &Endpoint, operation: &str) -> Cow<'static, str> {
    let client = match endpoint.provider() {
        "azure_openai" => "AzureOpenAI",
        "deepseek" => "Deepseek",
        _ => "OpenAI",
    };
    format!("{client}.{operation}").into()
}

/// Model and provider, as the request says.
pub(super) fn with_model(endpoint: &Endpoint, request: &Value) -> Annotation {
    let annotation = Annotation::new().model_provider(endpoint.provider());
    let of_body = Some(json::text(request, "model")).filter(|model| !model.is_empty());
    match of_body.or(endpoint.model.as_deref()) {
        Some(model) => annotation.model_name(model),
        None => annotation,
    }
}

/// Sets the input; a request that cannot be read has none.
pub(super) fn with_input(annotation: Annotation, input: Vec<Message>) -> Annotation {
    if input.is_empty() { annotation } else { annotation.input(input) }
}

/// The model that answered: Azure says only there which one it is. Some greet with an empty name.
pub(super) fn with_response_model(annotation: Annotation, response: &Response<'_>) -> Annotation {
    match json::text(response.body, "model") {
        "" => annotation,
        model => annotation.model_name(model),
    }
}

/// The members of any request that go into the metadata.
pub(super) const COMMON: &[&str] = &["stream", "temperature", "top_p", "user"];
