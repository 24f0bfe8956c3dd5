//! What a server or a client is asked for.

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

use super::exchange::{CANCELLED, Exchange};
use super::handler::ObservedHandler;
use super::said::members_bytes;
use super::shown::{self, SMALL};
use super::{context, intent, sampling};
use crate::propagation::Trust;
use crate::recording::RecordedAnnotation;
use llmobs_model::{SpanError, SpanKind};

/// A handler whose requests show up, of a server or of a client.
///
/// Of a server, each `tools/call` is a `tool` span, and `initialize`, `server/discover`, `resources/read` and `prompts/get` are
/// `task` spans; of a client, what the server asks it for. Each is below the span of the caller if the request says
/// which that is: in `_meta._dd_trace_context`, as the Python SDK writes it, in `_meta.traceparent`, or in the headers of the
/// HTTP request that brought it.
///
/// # Example
///
/// ```
/// use rmcp::ServerHandler;
/// use tracing_llmobs::clients::rmcp::Observed;
///
/// #[derive(Clone)]
/// struct Weather;
///
/// impl ServerHandler for Weather {}
///
/// // `Observed::new(Weather).serve(transport)`
/// let server = Observed::new(Weather);
/// # let _ = server;
/// ```
#[derive(Debug, Clone)]
pub struct Observed<S> {
    pub(super) inner: S,
    pub(super) captures_intent: bool,
    trust: Trust,
}

impl<S> Observed<S> {
    /// This handler, and what it does shows up.
    pub const fn new(inner: S) -> Self {
        Self { inner, captures_intent: false, trust: Trust::All }
    }

    /// How far callers are believed. Default: [`Trust::All`].
    ///
    /// # Example
    ///
    /// ```
    /// # struct Weather;
    /// use tracing_llmobs::clients::rmcp::Observed;
    /// use tracing_llmobs::propagation::Trust;
    ///
    /// // Anybody may call this server.
    /// let server = Observed::new(Weather).trust(Trust::Nothing);
    /// # let _ = server;
    /// ```
    pub const fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Asks models why they call a tool, default `false`: the schemas of the tools that are listed get an argument `telemetry`,
    /// which is taken out of a call before the tool sees it. On the wire `meta.intent`.
    ///
    /// A tool that has an argument of that name is not asked, and keeps it unless it is an object with nothing but `intent`. What a
    /// model says is content: the capture policy holds.
    ///
    /// # Example
    ///
    /// ```
    /// # struct Weather;
    /// use tracing_llmobs::clients::rmcp::Observed;
    ///
    /// let server = Observed::new(Weather).capture_intent(true);
    /// # let _ = server;
    /// ```
    pub const fn capture_intent(mut self, captures_intent: bool) -> Self {
        self.captures_intent = captures_intent;
        self
    }

    /// The same as a [`ServerHandler`], for those who want one: rmcp's server for HTTP.
    ///
    /// # Example
    ///
    /// ```
    /// use rmcp::ServerHandler;
    /// use tracing_llmobs::clients::rmcp::Observed;
    ///
    /// #[derive(Clone)]
    /// struct Weather;
    ///
    /// impl ServerHandler for Weather {}
    ///
    /// // `StreamableHttpService::new(|| Ok(Observed::new(Weather).into_handler()), sessions, config)`
    /// fn handler() -> impl ServerHandler {
    ///     Observed::new(Weather).into_handler()
    /// }
    /// # let _ = handler();
    /// ```
    pub const fn into_handler(self) -> ObservedHandler<S>
    where
        S: ServerHandler,
    {
        ObservedHandler(self)
    }

    pub(super) const fn around<'a, R: ServiceRole>(&self, context: &'a RequestContext<R>) -> Around<'a> {
        Around { meta: &context.meta, extensions: &context.extensions, trust: self.trust }
    }
}

impl<S: Service<RoleServer>> Service<RoleServer> for Observed<S> {
    async fn handle_request(
        &self,
        mut request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        let intent = match &mut request {
            ClientRequest::CallToolRequest(call) if self.captures_intent => intent::take(&mut call.params),
            _ => None,
        };
        if let Some(exchange) = served(&request, &context, self.around(&context), intent) {
            let cancelled = context.ct.clone();
            let answer = self.inner.handle_request(request, context).instrument(exchange.span()).await;
            exchange.end(|| told(&answer, shown::whole, cancelled.is_cancelled()));
            return answer;
        }
        let mut answer = self.inner.handle_request(request, context).await;
        if self.captures_intent
            && let Ok(ServerResult::ListToolsResult(listed)) = &mut answer
        {
            intent::ask_for(listed);
        }
        answer
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

impl<S: Service<RoleClient>> Service<RoleClient> for Observed<S> {
    async fn handle_request(
        &self,
        request: ServerRequest,
        context: RequestContext<RoleClient>,
    ) -> Result<ClientResult, ErrorData> {
        let Some(exchange) = asked(&request, self.around(&context)) else {
            return self.inner.handle_request(request, context).await;
        };
        let cancelled = context.ct.clone();
        let answer = self.inner.handle_request(request, context).instrument(exchange.span()).await;
        exchange.end(|| told(&answer, sampling::answered, cancelled.is_cancelled()));
        answer
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

/// The span of a request to a server, if it has one.
fn served(
    request: &ClientRequest,
    context: &RequestContext<RoleServer>,
    around: Around<'_>,
    intent: Option<String>,
) -> Option<Exchange> {
    Some(match request {
        ClientRequest::CallToolRequest(call) => around.call(&call.params, intent),
        ClientRequest::InitializeRequest(initialize) => around.initialize(&initialize.params),
        ClientRequest::DiscoverRequest(_) => around.discover(context.client_info().as_ref()),
        ClientRequest::ReadResourceRequest(read) => around.read(&read.params),
        ClientRequest::GetPromptRequest(get) => around.prompt(&get.params),
        _ => return None,
    })
}

/// The span of a request to a client, if it has one.
fn asked(request: &ServerRequest, around: Around<'_>) -> Option<Exchange> {
    Some(match request {
        ServerRequest::CreateMessageRequest(create) => {
            around.task(create.method.as_str(), || sampling::params(&create.params), RecordedAnnotation::new)
        }
        ServerRequest::ElicitRequest(elicit) => {
            around.task(elicit.method.as_str(), || (SMALL, elicit.params.clone()), RecordedAnnotation::new)
        }
        _ => return None,
    })
}

/// What comes with a request.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    meta: &'a RequestMetaObject,
    extensions: &'a Extensions,
    trust: Trust,
}

impl Around<'_> {
    pub(super) fn call(self, params: &CallToolRequestParams, intent: Option<String>) -> Exchange {
        let name = params.name.as_ref();
        let exchange = self.begin(CallToolRequestMethod::VALUE, || {
            RecordedAnnotation::new()
                .kind(SpanKind::Tool)
                .name(name)
                .tag("mcp_tool", name)
                .tag("mcp_tool_kind", "server")
        });
        exchange.say(|| intent.map_or_else(RecordedAnnotation::new, |intent| RecordedAnnotation::new().intent(intent)));
        exchange.say(|| {
            let bytes = params.arguments.as_ref().map_or(SMALL, members_bytes);
            self.input(CallToolRequestMethod::VALUE, bytes, params.clone())
        });
        exchange
    }

    pub(super) fn initialize(self, params: &InitializeRequestParams) -> Exchange {
        self.task(InitializeResultMethod::VALUE, || (SMALL, params.clone()), || client_tags(&params.client_info))
    }

    pub(super) fn discover(self, client: Option<&Implementation>) -> Exchange {
        let tags = || client.map_or_else(RecordedAnnotation::new, client_tags);
        self.task(DiscoverRequestMethod::VALUE, || (SMALL, json!({})), tags)
    }

    pub(super) fn read(self, params: &ReadResourceRequestParams) -> Exchange {
        self.task(ReadResourceRequestMethod::VALUE, || (params.uri.len(), params.clone()), RecordedAnnotation::new)
    }

    pub(super) fn prompt(self, params: &GetPromptRequestParams) -> Exchange {
        let bytes = || params.arguments.as_ref().map_or(SMALL, members_bytes);
        self.task(GetPromptRequestMethod::VALUE, || (bytes(), params.clone()), RecordedAnnotation::new)
    }

    fn begin(self, method: &str, say: impl FnOnce() -> RecordedAnnotation) -> Exchange {
        Exchange::begin_below(
            || context::parent(self.meta, self.extensions, self.trust),
            || {
                let said = say().tag("mcp_method", method);
                context::session_id(self.extensions).into_iter().fold(said, |said, id| said.tag("mcp_session_id", id))
            },
        )
    }

    /// `params` are the parameters, and about what they hold.
    fn task<P>(
        self,
        method: &'static str,
        params: impl FnOnce() -> (usize, P),
        say: impl FnOnce() -> RecordedAnnotation,
    ) -> Exchange
    where
        P: Serialize + Send + 'static,
    {
        let exchange = self.begin(method, || say().kind(SpanKind::Task).name(format!("mcp.{method}")));
        exchange.say(|| {
            let (bytes, params) = params();
            self.input(method, bytes, params)
        });
        exchange
    }

    /// Shape: `{"method":"tools/call","params":{"name":"weather","arguments":{…}}}`, and in the parameters `_meta` as the caller
    /// filled it, if it did.
    fn input<P>(self, method: &'static str, bytes: usize, params: P) -> RecordedAnnotation
    where
        P: Serialize + Send + 'static,
    {
        let meta = context::without_context(self.meta);
        let bytes = bytes.saturating_add(members_bytes(&meta));
        shown::input(bytes, (params, meta), move |(params, meta)| {
            let mut params = shown::to_json(params);
            if !meta.is_empty()
                && let Value::Object(members) = &mut params
            {
                members.insert("_meta".to_owned(), Value::Object(meta));
            }
            json!({"method": method, "params": params})
        })
    }
}

/// What is told of an answer; to a request that was cancelled nobody gets it.
pub(super) fn told<R>(
    answer: &Result<R, ErrorData>,
    show: impl FnOnce(&R) -> RecordedAnnotation,
    is_cancelled: bool,
) -> RecordedAnnotation {
    match answer {
        Err(error) => RecordedAnnotation::new().error(error),
        Ok(result) => {
            let said = show(result);
            if !is_cancelled || said.error.is_some() {
                return said;
            }
            said.span_error(SpanError::new("the request was cancelled").error_type(CANCELLED))
        }
    }
}

fn client_tags(client: &Implementation) -> RecordedAnnotation {
    let version = format!("{}_{}", client.name, client.version);
    RecordedAnnotation::new().tag("client_name", client.name.clone()).tag("client_version", version)
}
