//! URLs of Cohere.

use crate::endpoint::{Api, Endpoint};

#[test]
fn only_coheres_hosts_are_taken_for_cohere() {
    for (url, api) in [
        ("https://api.cohere.com/v2/chat", Api::CohereChat),
        ("https://api.cohere.ai/v1/chat", Api::CohereChat),
        ("https://api.cohere.com/v2/embed", Api::CohereEmbed),
        ("https://api.cohere.ai/v1/embed/", Api::CohereEmbed),
        ("https://api.cohere.com/compatibility/v1/chat/completions", Api::OpenAiChat),
    ] {
        let endpoint = Endpoint::recognise("POST", url).unwrap_or_else(|| panic!("{url}"));
        assert_eq!((endpoint.api(), endpoint.provider()), (api, "cohere"), "{url}");
    }
    let own = Endpoint::recognise_for("cohere", "POST", "http://gateway:8000/cohere/v2/chat").unwrap();
    assert_eq!((own.api(), own.provider()), (Api::CohereChat, "cohere"));
    for url in ["https://api.cohere.com/v2/rerank", "https://api.cohere.com/v1/tokenize", "https://example.com/v2/chat"]
    {
        assert_eq!(Endpoint::recognise("POST", url), None, "{url}");
    }
}
