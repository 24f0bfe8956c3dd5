//! Which API of which provider a URL is.

use std::borrow::Cow;

use crate::model::SpanKind;

/// An API: the shape of its requests and answers, whoever serves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Api {
    /// `POST …/chat/completions`, of OpenAI and of many others.
    OpenAiChat,
    /// `POST …/completions`.
    OpenAiCompletions,
    /// `POST …/responses`.
    OpenAiResponses,
    /// `POST …/embeddings`.
    OpenAiEmbeddings,
}

impl Api {
    /// The kind of span that a call is.
    pub const fn kind(self) -> SpanKind {
        match self {
            Self::OpenAiChat | Self::OpenAiCompletions | Self::OpenAiResponses => SpanKind::Llm,
            Self::OpenAiEmbeddings => SpanKind::Embedding,
        }
    }
}

/// An [`Api`] at a provider: what a request's method and URL say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub(super) api: Api,
    pub(super) provider: Cow<'static, str>,
    /// Where the URL and not the body names the model.
    pub(super) model: Option<String>,
    pub(super) is_streamed: bool,
    pub(super) is_proxy: bool,
}

impl Endpoint {
    /// An API at a provider of this name.
    pub fn new(api: Api, provider: impl Into<Cow<'static, str>>) -> Self {
        Self { api, provider: provider.into(), model: None, is_streamed: false, is_proxy: false }
    }

    /// What a request with this method to this URL is, or `None` when it is no call of a model.
    pub fn recognise(method: &str, url: &str) -> Option<Self> {
        let _ = (method, url);
        None
    }

    /// The API.
    pub const fn api(&self) -> Api {
        self.api
    }

    /// Says that the URL is that of a proxy which reports its calls itself: the span is a `workflow`, without token counts.
    pub const fn behind_instrumented_proxy(mut self) -> Self {
        self.is_proxy = true;
        self
    }
}
