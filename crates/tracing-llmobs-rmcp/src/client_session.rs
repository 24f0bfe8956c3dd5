//! A client's session: one span from opening to closing, with a span for each request below it.

use std::ops::Deref;
use std::pin::Pin;
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientRequest, GetPromptRequestParams, GetPromptResult, Implementation,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResult, ServerPeerInfo,
    ServerResult, Tool,
};
use rmcp::service::{Peer, PeerRequestOptions, QuitReason, RunningService, ServiceError};
use rmcp::{RoleClient, Service};
use tokio::task::JoinError;
use tracing::Span;
use tracing::instrument::Instrument;
use tracing_llmobs::observe::DeferredAnnotation;
use tracing_llmobs::{Annotation, LlmObsSpanExt, SpanId, SpanKind, Tags, current_context};

use crate::client_requests::{observe, send};
use crate::payloads;
use crate::request_span::{RequestSpan, failed, open};

/// A client's session that is recorded: a workflow `MCP Client Session` from [`open`](Self::open) until it is closed or
/// dropped, with the task `MCP Client Initialize` and the session's requests below it.
///
/// It dereferences to the [`RunningService`] that it holds. `call_tool`, `list_tools`, `list_all_tools`, `read_resource`,
/// `get_prompt` and `send_request` are methods of its own, each a span. A request made inside another span of the
/// program is below that span instead of the session's.
///
/// A session that is still open when the [`Guard`](tracing_llmobs::Guard) shuts down is not sent: close or drop it before.
///
/// # Example
///
/// ```
/// use rmcp::ServiceExt;
/// use rmcp::model::CallToolRequestParams;
/// use tracing_llmobs_rmcp::ClientSession;
///
/// # async fn run<T, E, A>(transport: T) -> Result<(), Box<dyn std::error::Error>>
/// # where T: rmcp::transport::IntoTransport<rmcp::RoleClient, E, A>, E: std::error::Error + Send + Sync + 'static {
/// let client = ClientSession::open(().serve(transport)).await?;
/// let result = client.call_tool(CallToolRequestParams::new("weather")).await?;
/// client.cancel().await?;
/// # drop(result);
/// # Ok(())
/// # }
/// ```
///
/// On the wire: `{"name":"MCP Client Session","meta":{"span":{"kind":"workflow"}},"tags":["mcp_server_name:…",…]}`.
#[derive(Debug)]
pub struct ClientSession<S: Service<RoleClient>> {
    running: RunningService<RoleClient, S>,
    span: SessionSpan,
}

impl<S: Service<RoleClient>> ClientSession<S> {
    /// Opens a session with any future that yields a [`RunningService`]: `().serve(transport)`, or `serve` of a handler in
    /// an [`LlmObsService`](crate::LlmObsService).
    ///
    /// # Errors
    ///
    /// The error of the future. It is recorded in the spans of the session and of its initialization.
    pub fn open<E: std::error::Error>(
        opening: impl Future<Output = Result<RunningService<RoleClient, S>, E>>,
    ) -> impl Future<Output = Result<Self, E>> {
        // Boxed: an async fn holds its argument and the awaited future, and this one is large.
        Self::opened(Box::pin(opening))
    }

    async fn opened<E: std::error::Error>(
        opening: Pin<Box<impl Future<Output = Result<RunningService<RoleClient, S>, E>>>>,
    ) -> Result<Self, E> {
        let span = SessionSpan::begin();
        let initialize = span.enter_for_request(|| {
            RequestSpan::begin(|| Annotation::new().kind(SpanKind::Task).name("MCP Client Initialize"))
        });
        // Instrumented with the session's span: rmcp's background task inherits it, and outlives the initialization.
        match opening.instrument(span.span().clone()).await {
            Ok(running) => {
                let info = running.peer_info();
                initialize.end(|| info.as_deref().map_or_else(DeferredAnnotation::default, payloads::small_output));
                span.annotate(|| server_tags(info.as_deref()).into());
                Ok(Self { running, span })
            }
            Err(error) => {
                initialize.end(|| failed(&error));
                span.end(|| failed(&error));
                Err(error)
            }
        }
    }

    /// Sets whether the server gets the span context of each request, and with it session, application and agent; default
    /// `true`. Set it to `false` for a server that belongs to somebody else.
    pub const fn propagate(mut self, propagates: bool) -> Self {
        self.span.propagates = propagates;
        self
    }

    /// Sends [`RunningService::call_tool`] as a span.
    ///
    /// # Errors
    ///
    /// Those of [`RunningService::call_tool`].
    pub async fn call_tool(&self, params: CallToolRequestParams) -> Result<CallToolResult, ServiceError> {
        self.checked(observe(Some(&self.span), self.peer(), params, |params| self.running.call_tool(params)).await)
    }

    /// Sends `list_tools` of the [`Peer`] as a span.
    ///
    /// # Errors
    ///
    /// Those of the [`Peer`].
    pub async fn list_tools(&self, params: Option<PaginatedRequestParams>) -> Result<ListToolsResult, ServiceError> {
        let params = params.unwrap_or_default();
        self.checked(
            observe(Some(&self.span), self.peer(), params, |params| self.running.list_tools(Some(params))).await,
        )
    }

    /// Sends `list_all_tools` of the [`Peer`], with a span for each page.
    ///
    /// # Errors
    ///
    /// Those of the [`Peer`].
    pub async fn list_all_tools(&self) -> Result<Vec<Tool>, ServiceError> {
        let (mut tools, mut page) = (Vec::new(), PaginatedRequestParams::default());
        loop {
            let listed = self.list_tools(Some(page)).await?;
            tools.extend(listed.tools);
            if listed.next_cursor.is_none() {
                return Ok(tools);
            }
            page = PaginatedRequestParams::default().with_cursor(listed.next_cursor);
        }
    }

    /// Sends [`RunningService::read_resource`] as a span.
    ///
    /// # Errors
    ///
    /// Those of [`RunningService::read_resource`].
    pub async fn read_resource(&self, params: ReadResourceRequestParams) -> Result<ReadResourceResult, ServiceError> {
        self.checked(observe(Some(&self.span), self.peer(), params, |params| self.running.read_resource(params)).await)
    }

    /// Sends [`RunningService::get_prompt`] as a span.
    ///
    /// # Errors
    ///
    /// Those of [`RunningService::get_prompt`].
    pub async fn get_prompt(&self, params: GetPromptRequestParams) -> Result<GetPromptResult, ServiceError> {
        self.checked(observe(Some(&self.span), self.peer(), params, |params| self.running.get_prompt(params)).await)
    }

    /// Sends a request with options, such as a timeout, and waits for the response. It becomes a span if it is of a kind
    /// listed above.
    ///
    /// # Errors
    ///
    /// Those of the [`Peer`].
    pub async fn send_request(
        &self,
        request: ClientRequest,
        options: PeerRequestOptions,
    ) -> Result<ServerResult, ServiceError> {
        self.checked(send(Some(&self.span), self.peer(), request, options).await)
    }

    /// Waits with [`RunningService::waiting`], and ends the session's span.
    ///
    /// # Errors
    ///
    /// Those of [`RunningService::waiting`].
    pub async fn waiting(self) -> Result<QuitReason, JoinError> {
        let Self { running, span } = self;
        let quit = running.waiting().await;
        span.quit(quit.as_ref().map(Some));
        quit
    }

    /// Cancels with [`RunningService::cancel`], and ends the session's span.
    ///
    /// # Errors
    ///
    /// Those of [`RunningService::cancel`].
    pub async fn cancel(self) -> Result<QuitReason, JoinError> {
        let Self { running, span } = self;
        let quit = running.cancel().await;
        span.quit(quit.as_ref().map(Some));
        quit
    }

    /// Closes with [`RunningService::close`], and ends the session's span.
    ///
    /// # Errors
    ///
    /// Those of [`RunningService::close`].
    pub async fn close(&mut self) -> Result<QuitReason, JoinError> {
        let quit = self.running.close().await;
        self.span.quit(quit.as_ref().map(Some));
        quit
    }

    /// Closes with [`RunningService::close_with_timeout`], and ends the session's span.
    ///
    /// # Errors
    ///
    /// Those of [`RunningService::close_with_timeout`].
    pub async fn close_with_timeout(&mut self, timeout: Duration) -> Result<Option<QuitReason>, JoinError> {
        let quit = self.running.close_with_timeout(timeout).await;
        self.span.quit(quit.as_ref().map(Option::as_ref));
        quit
    }

    /// Passes a response on, and ends the session's span if the transport turns out to be closed.
    fn checked<T>(&self, response: Result<T, ServiceError>) -> Result<T, ServiceError> {
        if response.is_err() && self.running.is_transport_closed() {
            self.span.end(DeferredAnnotation::default);
        }
        response
    }
}

impl<S: Service<RoleClient>> Deref for ClientSession<S> {
    type Target = RunningService<RoleClient, S>;

    fn deref(&self) -> &Self::Target {
        &self.running
    }
}

/// The span of a session. It ends when this is dropped, at the latest.
#[derive(Debug)]
pub(crate) struct SessionSpan {
    span: Span,
    is_recorded: bool,
    /// Requests carry the context of their spans.
    pub(crate) propagates: bool,
    /// The span that the session was opened in.
    enclosing: Option<SpanId>,
}

impl SessionSpan {
    fn begin() -> Self {
        let enclosing = current_id();
        let (span, is_recorded) =
            open(|| None, || Annotation::new().kind(SpanKind::Workflow).name("MCP Client Session"));
        Self { span, is_recorded, propagates: true, enclosing }
    }

    /// Begins a request below the session's span or below the current one, whichever is nearer: the session's, if there is
    /// no current span or only the one that the session was opened in.
    pub(crate) fn enter_for_request<T>(&self, begin: impl FnOnce() -> T) -> T {
        if self.is_recorded && current_id().is_none_or(|id| Some(id) == self.enclosing) {
            return self.span.in_scope(begin);
        }
        begin()
    }

    const fn span(&self) -> &Span {
        &self.span
    }

    fn annotate(&self, annotation: impl FnOnce() -> DeferredAnnotation) {
        if self.is_recorded {
            annotation().apply_to(&self.span);
        }
    }

    fn quit(&self, quit: Result<Option<&QuitReason>, &JoinError>) {
        self.end(|| match quit {
            Err(error) | Ok(Some(QuitReason::JoinError(error))) => failed(error),
            Ok(_) => DeferredAnnotation::default(),
        });
    }

    fn end(&self, last: impl FnOnce() -> DeferredAnnotation) {
        self.annotate(last);
        self.span.finish();
    }
}

impl Drop for SessionSpan {
    fn drop(&mut self) {
        self.span.finish();
    }
}

/// Returns the tags of a session's span: name, version and title of the server.
fn server_tags(info: Option<&ServerPeerInfo>) -> Annotation {
    let Some(server) = info.and_then(|info| info.server_info.as_ref()) else { return Annotation::new() };
    let named = Annotation::new().tags(&server_name(server)).tag("mcp_server_version", server.version.clone());
    server.title.iter().fold(named, |named, title| named.tag("mcp_server_title", title.clone()))
}

/// Returns the tag of each request's span: the server's name.
pub(crate) fn server_tag(peer: &Peer<RoleClient>) -> Tags {
    let info = peer.peer_info();
    info.as_ref().and_then(|info| info.server_info.as_ref()).map(server_name).unwrap_or_default()
}

fn server_name(server: &Implementation) -> Tags {
    let mut tags = Tags::default();
    tags.insert("mcp_server_name", server.name.clone());
    tags
}

fn current_id() -> Option<SpanId> {
    current_context().map(|context| context.span_id)
}
