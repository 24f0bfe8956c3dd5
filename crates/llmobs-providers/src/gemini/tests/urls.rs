//! URLs of Google.

use crate::endpoint::{Api, Endpoint};

const HOST: &str = "https://generativelanguage.googleapis.com/v1beta";
const VERTEX: &str = "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1";

#[test]
fn urls_say_api_and_model() {
    use Api::{GeminiEmbed, GeminiGenerate, VertexEmbed, VertexGenerate};
    for (url, api, model) in [
        (format!("{HOST}/models/m-1:generateContent?key=test-key"), GeminiGenerate, "m-1"),
        (format!("{HOST}/models/m-1:streamGenerateContent?alt=sse"), GeminiGenerate, "m-1"),
        (format!("{HOST}/tunedModels/m-1:generateContent"), GeminiGenerate, "m-1"),
        (format!("{HOST}/models/m-1%3AgenerateContent"), GeminiGenerate, "m-1"),
        (format!("{HOST}/models/m-1:embedContent"), GeminiEmbed, "m-1"),
        (format!("{HOST}/models/m-1:batchEmbedContents"), GeminiEmbed, "m-1"),
        ("http://localhost:8080/v1/models/m-1:generateContent".to_owned(), GeminiGenerate, "m-1"),
        (format!("{VERTEX}/publishers/google/models/m-1:generateContent"), VertexGenerate, "m-1"),
        (format!("{VERTEX}/publishers/google/models/m-1:streamGenerateContent"), VertexGenerate, "m-1"),
        (format!("{VERTEX}/endpoints/77:streamGenerateContent?alt=sse"), VertexGenerate, "77"),
        (format!("{VERTEX}/publishers/google/models/text-embedding-005:predict"), VertexEmbed, "text-embedding-005"),
        (
            format!("{VERTEX}/publishers/google/models/textembedding-gecko@003:predict"),
            VertexEmbed,
            "textembedding-gecko@003",
        ),
        (format!("{VERTEX}/publishers/google/models/m-1:embedContent"), VertexEmbed, "m-1"),
    ] {
        let endpoint = Endpoint::recognise("POST", &url).unwrap_or_else(|| panic!("{url}"));
        assert_eq!(
            (endpoint.api(), endpoint.provider(), endpoint.model.as_deref()),
            (api, "google", Some(model)),
            "{url}"
        );
        assert_eq!(endpoint.is_streamed, url.contains("stream"), "{url}");
    }
    let interactions = Endpoint::recognise("POST", &format!("{HOST}/interactions")).unwrap();
    assert_eq!((interactions.api(), interactions.provider()), (Api::GeminiInteractions, "google"));
}

#[test]
fn what_is_no_generation_and_no_embedding_is_left_alone() {
    for url in [
        format!("{HOST}/models/m-1:countTokens"),
        format!("{HOST}/models/m-1:batchGenerateContent"),
        format!("{HOST}/models/:generateContent"),
        format!("{HOST}/cachedContents"),
        format!("{HOST}/interactions/v1_x/cancel"),
        format!("{VERTEX}/publishers/google/models/imagen-4:predict"),
        format!("{VERTEX}/endpoints/77:predict"),
        "https://example.com/interactions".to_owned(),
    ] {
        assert_eq!(Endpoint::recognise("POST", &url), None, "{url}");
    }
}
