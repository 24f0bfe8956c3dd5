//! A handler whose incoming requests are recorded, of a server or of a client.

use std::borrow::Cow;

use rmcp::model::{
    CallToolRequestMethod, CallToolRequestParams, ClientNotification, ClientRequest, ClientResult, ConstString,
    DiscoverRequestMethod, ErrorData, Extensions, GetPromptRequestMethod, GetPromptRequestParams, Implementation,
    InitializeRequestParams, InitializeResultMethod, ProtocolVersion, ReadResourceRequestMethod,
    ReadResourceRequestParams, RequestMetaObject, ServerConfig, ServerNotification, ServerRequest, ServerResult,
};
use rmcp::service::{NotificationContext, RequestContext, ServiceRole};
use rmcp::{RoleClient, RoleServer, ServerHandler, Service};
use serde::Serialize;
use serde_json::{Value, json};
use tracing::instrument::Instrument;
use tracing_llmobs::observe::DeferredAnnotation;
use tracing_llmobs::propagation::Trust;
use tracing_llmobs::{Annotation, SpanError, SpanKind};

use crate::payloads::{self, SMALL, deferred_input, members_bytes};
use crate::request_span::{CANCELLED, RequestSpan};
use crate::server_handler::LlmObsServerHandler;
use crate::{intent, sampling, trace_context};

/// A handler of a server or of a client whose incoming requests are recorded as spans.
///
/// In a server, each `tools/call` is a `tool` span, and `initialize`, `server/discover`, `resources/read` and `prompts/get`
/// are `task` spans; in a client, the server's requests for a message or for input are. Each span is below the caller's if
/// the request carries its context: in `_meta._dd_trace_context`, as Datadog's Python SDK writes it, in
/// `_meta.traceparent`, or in the headers of the HTTP request that carried the message.
///
/// # Example
///
/// ```
/// use rmcp::ServerHandler;
/// use tracing_llmobs_rmcp::LlmObsService;
///
/// #[derive(Clone)]
/// struct Weather;
///
/// impl ServerHandler for Weather {}
///
/// // `LlmObsService::new(Weather).serve(transport)`
/// let server = LlmObsService::new(Weather);
/// # let _ = server;
/// ```
#[derive(Debug, Clone)]
pub struct LlmObsService<S> {
    pub(crate) inner: S,
    pub(crate) captures_intent: bool,
    trust: Trust,
}

impl<S> LlmObsService<S> {
    /// Wraps a handler.
    pub const fn new(inner: S) -> Self {
        Self { inner, captures_intent: false, trust: Trust::All }
    }

    /// Sets how much of the callers' span context is believed. Default: [`Trust::All`].
    ///
    /// # Example
    ///
    /// ```
    /// # struct Weather;
    /// use tracing_llmobs::propagation::Trust;
    /// use tracing_llmobs_rmcp::LlmObsService;
    ///
    /// // A server that anybody may call.
    /// let server = LlmObsService::new(Weather).trust(Trust::Nothing);
    /// # let _ = server;
    /// ```
    pub const fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Sets whether models are asked why they call a tool; default `false`. The schema of each listed tool then gets an
    /// argument `telemetry`, which is removed from a call before the tool sees it. On the wire it is `meta.intent`.
    ///
    /// A tool with an argument of that name is not asked, and keeps the argument unless it is an object with no member but
    /// `intent`. The intent is content: the capture policy applies to it.
    ///
    /// # Example
    ///
    /// ```
    /// # struct Weather;
    /// use tracing_llmobs_rmcp::LlmObsService;
    ///
    /// let server = LlmObsService::new(Weather).capture_intent(true);
    /// # let _ = server;
    /// ```
    pub const fn capture_intent(mut self, captures_intent: bool) -> Self {
        self.captures_intent = captures_intent;
        self
    }

    /// Converts into a [`ServerHandler`], which rmcp's HTTP server asks for.
    ///
    /// # Example
    ///
    /// ```
    /// use rmcp::ServerHandler;
    /// use tracing_llmobs_rmcp::LlmObsService;
    ///
    /// #[derive(Clone)]
    /// struct Weather;
    ///
    /// impl ServerHandler for Weather {}
    ///
    /// // `StreamableHttpService::new(|| Ok(LlmObsService::new(Weather).into_handler()), sessions, config)`
    /// fn handler() -> impl ServerHandler {
    ///     LlmObsService::new(Weather).into_handler()
    /// }
    /// # let _ = handler();
    /// ```
    pub const fn into_handler(self) -> LlmObsServerHandler<S>
    where
        S: ServerHandler,
    {
        LlmObsServerHandler(self)
    }

    pub(crate) const fn incoming<'a, R: ServiceRole>(&self, context: &'a RequestContext<R>) -> IncomingRequest<'a> {
        IncomingRequest { meta: &context.meta, extensions: &context.extensions, trust: self.trust }
    }
}

impl<S: Service<RoleServer>> Service<RoleServer> for LlmObsService<S> {
    async fn handle_request(
        &self,
        mut request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        let intent = match &mut request {
            ClientRequest::CallToolRequest(call) if self.captures_intent => intent::take(&mut call.params),
            _ => None,
        };
        if let Some(span) = server_span(&request, &context, self.incoming(&context), intent) {
            let cancelled = context.ct.clone();
            let response = self.inner.handle_request(request, context).instrument(span.span()).await;
            span.end(|| outcome(&response, payloads::server_result, cancelled.is_cancelled()));
            return response;
        }
        let mut response = self.inner.handle_request(request, context).await;
        if self.captures_intent
            && let Ok(ServerResult::ListToolsResult(listed)) = &mut response
        {
            intent::ask_for(listed);
        }
        response
    }

    async fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.inner.handle_notification(notification, context).await
    }

    fn get_info(&self) -> ServerConfig {
        self.inner.get_info()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.inner.supported_protocol_versions()
    }
}

impl<S: Service<RoleClient>> Service<RoleClient> for LlmObsService<S> {
    async fn handle_request(
        &self,
        request: ServerRequest,
        context: RequestContext<RoleClient>,
    ) -> Result<ClientResult, ErrorData> {
        let Some(span) = client_span(&request, self.incoming(&context)) else {
            return self.inner.handle_request(request, context).await;
        };
        let cancelled = context.ct.clone();
        let response = self.inner.handle_request(request, context).instrument(span.span()).await;
        span.end(|| outcome(&response, sampling::client_result, cancelled.is_cancelled()));
        response
    }

    async fn handle_notification(
        &self,
        notification: ServerNotification,
        context: NotificationContext<RoleClient>,
    ) -> Result<(), ErrorData> {
        self.inner.handle_notification(notification, context).await
    }

    fn get_info(&self) -> <RoleClient as ServiceRole>::Info {
        self.inner.get_info()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.inner.supported_protocol_versions()
    }
}

/// Opens the span of a request to a server, if it is of an observed kind.
fn server_span(
    request: &ClientRequest,
    context: &RequestContext<RoleServer>,
    incoming: IncomingRequest<'_>,
    intent: Option<String>,
) -> Option<RequestSpan> {
    Some(match request {
        ClientRequest::CallToolRequest(call) => incoming.tool_call(&call.params, intent),
        ClientRequest::InitializeRequest(initialize) => incoming.initialize(&initialize.params),
        ClientRequest::DiscoverRequest(_) => incoming.discover(context.client_info().as_ref()),
        ClientRequest::ReadResourceRequest(read) => incoming.resource_read(&read.params),
        ClientRequest::GetPromptRequest(get) => incoming.prompt(&get.params),
        _ => return None,
    })
}

/// Opens the span of a request to a client, if it is of an observed kind.
fn client_span(request: &ServerRequest, incoming: IncomingRequest<'_>) -> Option<RequestSpan> {
    Some(match request {
        ServerRequest::CreateMessageRequest(create) => {
            incoming.task(create.method.as_str(), || sampling::without_bytes(&create.params), Annotation::new)
        }
        ServerRequest::ElicitRequest(elicit) => {
            incoming.task(elicit.method.as_str(), || (SMALL, elicit.params.clone()), Annotation::new)
        }
        _ => return None,
    })
}

/// The parts of an incoming request that its span needs beside the parameters.
#[derive(Clone, Copy)]
pub(crate) struct IncomingRequest<'a> {
    meta: &'a RequestMetaObject,
    extensions: &'a Extensions,
    trust: Trust,
}

impl IncomingRequest<'_> {
    pub(crate) fn tool_call(self, params: &CallToolRequestParams, intent: Option<String>) -> RequestSpan {
        let name = params.name.as_ref();
        let span = self.begin(CallToolRequestMethod::VALUE, || {
            let described = Annotation::new().kind(SpanKind::Tool).name(name);
            let described = described.tag("mcp_tool", name).tag("mcp_tool_kind", "server");
            intent.into_iter().fold(described, Annotation::intent)
        });
        span.annotate(|| {
            let bytes = params.arguments.as_ref().map_or(SMALL, members_bytes);
            self.input(CallToolRequestMethod::VALUE, bytes, params.clone())
        });
        span
    }

    pub(crate) fn initialize(self, params: &InitializeRequestParams) -> RequestSpan {
        self.task(InitializeResultMethod::VALUE, || (SMALL, params.clone()), || client_tags(&params.client_info))
    }

    pub(crate) fn discover(self, client: Option<&Implementation>) -> RequestSpan {
        let tags = || client.map_or_else(Annotation::new, client_tags);
        self.task(DiscoverRequestMethod::VALUE, || (SMALL, json!({})), tags)
    }

    pub(crate) fn resource_read(self, params: &ReadResourceRequestParams) -> RequestSpan {
        self.task(ReadResourceRequestMethod::VALUE, || (params.uri.len(), params.clone()), Annotation::new)
    }

    pub(crate) fn prompt(self, params: &GetPromptRequestParams) -> RequestSpan {
        let bytes = || params.arguments.as_ref().map_or(SMALL, members_bytes);
        self.task(GetPromptRequestMethod::VALUE, || (bytes(), params.clone()), Annotation::new)
    }

    fn begin(self, method: &str, describe: impl FnOnce() -> Annotation) -> RequestSpan {
        RequestSpan::begin_below(
            || trace_context::extract(self.meta, self.extensions, self.trust),
            || {
                let described = describe().tag("mcp_method", method);
                let session_id = trace_context::session_id(self.extensions);
                session_id.into_iter().fold(described, |described, id| described.tag("mcp_session_id", id))
            },
        )
    }

    /// Opens a `task` span. `params` returns an estimate of the parameters' bytes, and the parameters.
    fn task<P>(
        self,
        method: &'static str,
        params: impl FnOnce() -> (usize, P),
        tags: impl FnOnce() -> Annotation,
    ) -> RequestSpan
    where
        P: Serialize + Send + 'static,
    {
        let span = self.begin(method, || tags().kind(SpanKind::Task).name(format!("mcp.{method}")));
        span.annotate(|| {
            let (bytes, params) = params();
            self.input(method, bytes, params)
        });
        span
    }

    /// Returns the input of a request's span.
    ///
    /// Shape: `{"method":"tools/call","params":{"name":"weather","arguments":{…}}}`, with `_meta` among the parameters if the
    /// caller filled it in.
    fn input<P>(self, method: &'static str, bytes: usize, params: P) -> DeferredAnnotation
    where
        P: Serialize + Send + 'static,
    {
        let meta = trace_context::without_context(self.meta);
        let bytes = bytes.saturating_add(members_bytes(&meta));
        deferred_input(bytes, (params, meta), move |(params, meta)| {
            let mut params = payloads::to_json(params);
            if !meta.is_empty()
                && let Value::Object(members) = &mut params
            {
                members.insert("_meta".to_owned(), Value::Object(meta));
            }
            json!({"method": method, "params": params})
        })
    }
}

/// Returns the output and the error of a response. A response to a cancelled request reaches nobody, which is an error too.
pub(crate) fn outcome<R>(
    response: &Result<R, ErrorData>,
    output: impl FnOnce(&R) -> DeferredAnnotation,
    is_cancelled: bool,
) -> DeferredAnnotation {
    match response {
        Err(error) => Annotation::new().error(error).into(),
        Ok(result) => {
            let output = output(result);
            if !is_cancelled || output.known().error.is_some() {
                return output;
            }
            let error = SpanError::new("the request was cancelled").error_type(CANCELLED);
            output.map(|annotation| annotation.span_error(error))
        }
    }
}

fn client_tags(client: &Implementation) -> Annotation {
    let version = format!("{}_{}", client.name, client.version);
    Annotation::new().tag("client_name", client.name.clone()).tag("client_version", version)
}
