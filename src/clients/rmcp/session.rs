//! A client's session: one span from its beginning to its end, with its calls below.

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

use super::calls::{ask, send};
use super::exchange::{Exchange, failed, open};
use super::shown;
use crate::capture::annotate_recorded;
use crate::capture::{LlmObsSpanExt, current_context};
use crate::recording::RecordedAnnotation;
use llmobs_model::{SpanId, SpanKind, Tags};

/// A client's session that shows: a workflow `MCP Client Session` from [`open`](Self::open) until it is closed or dropped, with
/// the task `MCP Client Initialize` and its calls below.
///
/// It is used as the [`RunningService`] that it holds; `call_tool`, `list_tools`, `list_all_tools`, `read_resource`,
/// `get_prompt` and `send_request` are those of [`ObservedCalls`](super::ObservedCalls). A call is below the session, unless
/// it is made in a span of its own within or beside the session: then it is below that span.
///
/// # Example
///
/// ```
/// use rmcp::ServiceExt;
/// use rmcp::model::CallToolRequestParams;
/// use tracing_llmobs::clients::rmcp::Session;
///
/// # async fn run<T, E, A>(transport: T) -> Result<(), Box<dyn std::error::Error>>
/// # where T: rmcp::transport::IntoTransport<rmcp::RoleClient, E, A>, E: std::error::Error + Send + Sync + 'static {
/// let client = Session::open(().serve(transport)).await?;
/// let answer = client.call_tool(CallToolRequestParams::new("weather")).await?;
/// client.cancel().await?;
/// # drop(answer);
/// # Ok(())
/// # }
/// ```
///
/// The session makes `{"name":"MCP Client Session","meta":{"span":{"kind":"workflow"}},"tags":["mcp_server_name:…",…]}`.
#[derive(Debug)]
pub struct Session<S: Service<RoleClient>> {
    running: RunningService<RoleClient, S>,
    span: SessionSpan,
}

impl<S: Service<RoleClient>> Session<S> {
    /// Opens a session in whatever way: `().serve(transport)`, with a lifecycle, a token, a handler
    /// [that shows](super::Observed).
    ///
    /// # Errors
    ///
    /// That of the opening; it is the error of both spans.
    pub fn open<E: std::error::Error>(
        opening: impl Future<Output = Result<RunningService<RoleClient, S>, E>>,
    ) -> impl Future<Output = Result<Self, E>> {
        // A future that is handed on takes twice the room, and this one is large.
        Self::opened(Box::pin(opening))
    }

    async fn opened<E: std::error::Error>(
        opening: Pin<Box<impl Future<Output = Result<RunningService<RoleClient, S>, E>>>>,
    ) -> Result<Self, E> {
        let span = SessionSpan::begin();
        let beginning = span
            .hold(|| Exchange::begin(|| RecordedAnnotation::new().kind(SpanKind::Task).name("MCP Client Initialize")));
        // Not inside the span of the beginning: what rmcp does in the background is inside the span that is current now.
        match opening.instrument(span.span().clone()).await {
            Ok(running) => {
                let info = running.peer_info();
                beginning.end(|| info.as_deref().map_or_else(RecordedAnnotation::new, shown::small));
                span.say(|| server_tags(info.as_deref()));
                Ok(Self { running, span })
            }
            Err(error) => {
                beginning.end(|| failed(&error));
                span.end(|| failed(&error));
                Err(error)
            }
        }
    }

    /// Whether the server is told which span a call comes from, and with it session, application and agent; default `true`.
    /// A server of somebody else need not know.
    pub const fn propagate(mut self, tells: bool) -> Self {
        self.span.tells = tells;
        self
    }

    /// [`RunningService::call_tool`], as a span.
    ///
    /// # Errors
    ///
    /// Those of [`RunningService::call_tool`].
    pub async fn call_tool(&self, params: CallToolRequestParams) -> Result<CallToolResult, ServiceError> {
        self.settled(ask(Some(&self.span), self.peer(), params, |params| self.running.call_tool(params)).await)
    }

    /// `list_tools` of the [`Peer`], as a span.
    ///
    /// # Errors
    ///
    /// Those of the [`Peer`].
    pub async fn list_tools(&self, params: Option<PaginatedRequestParams>) -> Result<ListToolsResult, ServiceError> {
        let params = params.unwrap_or_default();
        self.settled(ask(Some(&self.span), self.peer(), params, |params| self.running.list_tools(Some(params))).await)
    }

    /// `list_all_tools` of the [`Peer`], each page as a span.
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

    /// [`RunningService::read_resource`], as a span.
    ///
    /// # Errors
    ///
    /// Those of [`RunningService::read_resource`].
    pub async fn read_resource(&self, params: ReadResourceRequestParams) -> Result<ReadResourceResult, ServiceError> {
        self.settled(ask(Some(&self.span), self.peer(), params, |params| self.running.read_resource(params)).await)
    }

    /// [`RunningService::get_prompt`], as a span.
    ///
    /// # Errors
    ///
    /// Those of [`RunningService::get_prompt`].
    pub async fn get_prompt(&self, params: GetPromptRequestParams) -> Result<GetPromptResult, ServiceError> {
        self.settled(ask(Some(&self.span), self.peer(), params, |params| self.running.get_prompt(params)).await)
    }

    /// Sends a request with options, such as a timeout, and waits for the answer: a span, if it is one of those above.
    ///
    /// # Errors
    ///
    /// Those of the [`Peer`].
    pub async fn send_request(
        &self,
        request: ClientRequest,
        options: PeerRequestOptions,
    ) -> Result<ServerResult, ServiceError> {
        self.settled(send(Some(&self.span), self.peer(), request, options).await)
    }

    /// [`RunningService::waiting`]; the session ends with it.
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

    /// [`RunningService::cancel`]; the session ends with it.
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

    /// [`RunningService::close`]; the session ends with it.
    ///
    /// # Errors
    ///
    /// Those of [`RunningService::close`].
    pub async fn close(&mut self) -> Result<QuitReason, JoinError> {
        let quit = self.running.close().await;
        self.span.quit(quit.as_ref().map(Some));
        quit
    }

    /// [`RunningService::close_with_timeout`]; the session ends with it.
    ///
    /// # Errors
    ///
    /// Those of [`RunningService::close_with_timeout`].
    pub async fn close_with_timeout(&mut self, timeout: Duration) -> Result<Option<QuitReason>, JoinError> {
        let quit = self.running.close_with_timeout(timeout).await;
        self.span.quit(quit.as_ref().map(Option::as_ref));
        quit
    }

    /// Passes an answer on; a session that turns out to be over ends.
    fn settled<T>(&self, answer: Result<T, ServiceError>) -> Result<T, ServiceError> {
        if answer.is_err() && self.running.is_transport_closed() {
            self.span.end(RecordedAnnotation::new);
        }
        answer
    }
}

impl<S: Service<RoleClient>> Deref for Session<S> {
    type Target = RunningService<RoleClient, S>;

    fn deref(&self) -> &Self::Target {
        &self.running
    }
}

/// The span of a session; it ends when this is dropped, at the latest.
#[derive(Debug)]
pub(super) struct SessionSpan {
    span: Span,
    is_seen: bool,
    /// The server is told of the calls' spans.
    pub(super) tells: bool,
    /// The span that the session was opened in.
    above: Option<SpanId>,
}

impl SessionSpan {
    fn begin() -> Self {
        let above = current_id();
        let (span, is_seen) =
            open(|| None, || RecordedAnnotation::new().kind(SpanKind::Workflow).name("MCP Client Session"));
        Self { span, is_seen, tells: true, above }
    }

    /// Begins a call, in the session or in the span around the call, whichever is the nearer one: where there is no span
    /// or only the one that the session was opened in, that is the session.
    pub(super) fn hold<T>(&self, begin: impl FnOnce() -> T) -> T {
        if self.is_seen && current_id().is_none_or(|id| Some(id) == self.above) {
            return self.span.in_scope(begin);
        }
        begin()
    }

    const fn span(&self) -> &Span {
        &self.span
    }

    fn say(&self, say: impl FnOnce() -> RecordedAnnotation) {
        if self.is_seen {
            annotate_recorded(&self.span, say());
        }
    }

    fn quit(&self, quit: Result<Option<&QuitReason>, &JoinError>) {
        self.end(|| match quit {
            Err(error) | Ok(Some(QuitReason::JoinError(error))) => failed(error),
            Ok(_) => RecordedAnnotation::new(),
        });
    }

    fn end(&self, say: impl FnOnce() -> RecordedAnnotation) {
        self.say(say);
        self.span.finish();
    }
}

impl Drop for SessionSpan {
    fn drop(&mut self) {
        self.span.finish();
    }
}

/// What is known of the server: `mcp_server_name:…`, and more for the session itself.
fn server_tags(info: Option<&ServerPeerInfo>) -> RecordedAnnotation {
    let Some(server) = info.and_then(|info| info.server_info.as_ref()) else { return RecordedAnnotation::new() };
    let said = RecordedAnnotation::new().tags(&server_name(server)).tag("mcp_server_version", server.version.clone());
    server.title.iter().fold(said, |said, title| said.tag("mcp_server_title", title.clone()))
}

/// The tag of each call.
pub(super) fn server_of(peer: &Peer<RoleClient>) -> Tags {
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
