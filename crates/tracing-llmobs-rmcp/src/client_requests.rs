//! The requests of a client to its server.

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientRequest, GetMeta, GetPromptRequestParams, GetPromptResult,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResult, RequestParamsMeta,
    ServerResult,
};
use rmcp::service::{Peer, PeerRequestOptions, RunningService, ServiceError};
use rmcp::{RoleClient, Service};
use tracing::instrument::Instrument;
use tracing_llmobs::observe::DeferredAnnotation;

use crate::client_session::{ClientSession, SessionSpan, server_tag};
use crate::client_spans::{ObservedRequest, ObservedResponse, observed_request};
use crate::request_span::{RequestSpan, failed};
use crate::trace_context;

/// Requests of a client as spans, for a [`RunningService`] or a [`Peer`] that another part of the program holds; those of a
/// [`ClientSession`] have rmcp's names.
///
/// rmcp offers no hook that all requests pass while the caller's span is current, so each request has a method of its own
/// here. The server gets the span's context in `_meta`, beside what is there already.
pub trait ClientExt {
    /// Sends `call_tool` as a `tool` span.
    ///
    /// Shape: input `{"city":"Oslo"}`, output `{"content":[{"type":"text","text":"…","annotations":{},"meta":{}}],"isError":false}`.
    ///
    /// # Errors
    ///
    /// Those of `call_tool`.
    ///
    /// # Example
    ///
    /// ```
    /// use rmcp::model::{CallToolRequestParams, CallToolResult};
    /// use rmcp::service::{RunningService, ServiceError};
    /// use rmcp::RoleClient;
    /// use tracing_llmobs_rmcp::ClientExt;
    ///
    /// async fn ask(client: &RunningService<RoleClient, ()>) -> Result<CallToolResult, ServiceError> {
    ///     client.call_tool_observed(CallToolRequestParams::new("weather")).await
    /// }
    /// ```
    fn call_tool_observed(
        &self,
        params: CallToolRequestParams,
    ) -> impl Future<Output = Result<CallToolResult, ServiceError>> + Send;

    /// Sends `list_tools` as a `task` span.
    ///
    /// # Errors
    ///
    /// Those of `list_tools`.
    fn list_tools_observed(
        &self,
        params: Option<PaginatedRequestParams>,
    ) -> impl Future<Output = Result<ListToolsResult, ServiceError>> + Send;

    /// Sends `read_resource` as a `task` span. Files in the response are replaced by a name.
    ///
    /// # Errors
    ///
    /// Those of `read_resource`.
    fn read_resource_observed(
        &self,
        params: ReadResourceRequestParams,
    ) -> impl Future<Output = Result<ReadResourceResult, ServiceError>> + Send;

    /// Sends `get_prompt` as a `task` span.
    ///
    /// # Errors
    ///
    /// Those of `get_prompt`.
    fn get_prompt_observed(
        &self,
        params: GetPromptRequestParams,
    ) -> impl Future<Output = Result<GetPromptResult, ServiceError>> + Send;

    /// Sends a request with options, such as a timeout, and waits for the response. It becomes a span if it is of a kind
    /// listed above.
    ///
    /// # Errors
    ///
    /// Those of [`Peer::send_request_with_option`].
    fn send_request_observed(
        &self,
        request: ClientRequest,
        options: PeerRequestOptions,
    ) -> impl Future<Output = Result<ServerResult, ServiceError>> + Send;
}

impl<S: Service<RoleClient>> ClientExt for RunningService<RoleClient, S> {
    async fn call_tool_observed(&self, params: CallToolRequestParams) -> Result<CallToolResult, ServiceError> {
        observe(None, self.peer(), params, |params| self.call_tool(params)).await
    }

    async fn list_tools_observed(
        &self,
        params: Option<PaginatedRequestParams>,
    ) -> Result<ListToolsResult, ServiceError> {
        self.peer().list_tools_observed(params).await
    }

    async fn read_resource_observed(
        &self,
        params: ReadResourceRequestParams,
    ) -> Result<ReadResourceResult, ServiceError> {
        observe(None, self.peer(), params, |params| self.read_resource(params)).await
    }

    async fn get_prompt_observed(&self, params: GetPromptRequestParams) -> Result<GetPromptResult, ServiceError> {
        observe(None, self.peer(), params, |params| self.get_prompt(params)).await
    }

    async fn send_request_observed(
        &self,
        request: ClientRequest,
        options: PeerRequestOptions,
    ) -> Result<ServerResult, ServiceError> {
        self.peer().send_request_observed(request, options).await
    }
}

/// Forwards to the session's methods without `_observed`.
impl<S: Service<RoleClient>> ClientExt for ClientSession<S> {
    async fn call_tool_observed(&self, params: CallToolRequestParams) -> Result<CallToolResult, ServiceError> {
        self.call_tool(params).await
    }

    async fn list_tools_observed(
        &self,
        params: Option<PaginatedRequestParams>,
    ) -> Result<ListToolsResult, ServiceError> {
        self.list_tools(params).await
    }

    async fn read_resource_observed(
        &self,
        params: ReadResourceRequestParams,
    ) -> Result<ReadResourceResult, ServiceError> {
        self.read_resource(params).await
    }

    async fn get_prompt_observed(&self, params: GetPromptRequestParams) -> Result<GetPromptResult, ServiceError> {
        self.get_prompt(params).await
    }

    async fn send_request_observed(
        &self,
        request: ClientRequest,
        options: PeerRequestOptions,
    ) -> Result<ServerResult, ServiceError> {
        self.send_request(request, options).await
    }
}

impl ClientExt for Peer<RoleClient> {
    async fn call_tool_observed(&self, params: CallToolRequestParams) -> Result<CallToolResult, ServiceError> {
        observe(None, self, params, |params| self.call_tool(params)).await
    }

    async fn list_tools_observed(
        &self,
        params: Option<PaginatedRequestParams>,
    ) -> Result<ListToolsResult, ServiceError> {
        observe(None, self, params.unwrap_or_default(), |params| self.list_tools(Some(params))).await
    }

    async fn read_resource_observed(
        &self,
        params: ReadResourceRequestParams,
    ) -> Result<ReadResourceResult, ServiceError> {
        observe(None, self, params, |params| self.read_resource(params)).await
    }

    async fn get_prompt_observed(&self, params: GetPromptRequestParams) -> Result<GetPromptResult, ServiceError> {
        observe(None, self, params, |params| self.get_prompt(params)).await
    }

    async fn send_request_observed(
        &self,
        request: ClientRequest,
        options: PeerRequestOptions,
    ) -> Result<ServerResult, ServiceError> {
        send(None, self, request, options).await
    }
}

/// Sends a request as a span, below the session's if there is one.
pub(crate) async fn observe<P, R, F>(
    session: Option<&SessionSpan>,
    peer: &Peer<RoleClient>,
    mut params: P,
    send: impl FnOnce(P) -> F,
) -> Result<R, ServiceError>
where
    P: ObservedRequest,
    R: ObservedResponse,
    F: Future<Output = Result<R, ServiceError>>,
{
    let request = begin(session, peer, &params);
    if session.is_none_or(|session| session.propagates) {
        propagate(&request, &mut params);
    }
    let response = send(params).instrument(request.span()).await;
    request.end(|| outcome(&response));
    response
}

/// Writes the span's context into the metadata of its request.
pub(crate) fn propagate(request: &RequestSpan, params: &mut impl RequestParamsMeta) {
    if let Some(added) = trace_context::inject(&request.span(), params.meta()) {
        params.meta_or_default().extend(added);
    }
}

/// Sends a request of any kind, as a span if it is of an observed one.
pub(crate) async fn send(
    session: Option<&SessionSpan>,
    peer: &Peer<RoleClient>,
    mut request: ClientRequest,
    mut options: PeerRequestOptions,
) -> Result<ServerResult, ServiceError> {
    let Some(params) = observed_request(&request) else { return send_unobserved(peer, request, options).await };
    let span = begin(session, peer, params);
    // rmcp merges metadata from three places, the options' last: the context must be merged with all of it, and go there.
    let mut existing = params.meta().cloned().unwrap_or_default();
    existing.extend(request.get_meta_mut().clone());
    existing.extend(options.meta.clone().unwrap_or_default());
    if session.is_none_or(|session| session.propagates)
        && let Some(added) = trace_context::inject(&span.span(), Some(&existing))
    {
        options.meta.get_or_insert_default().extend(added);
    }
    let response = send_unobserved(peer, request, options).instrument(span.span()).await;
    span.end(|| outcome(&response));
    response
}

async fn send_unobserved(
    peer: &Peer<RoleClient>,
    request: ClientRequest,
    options: PeerRequestOptions,
) -> Result<ServerResult, ServiceError> {
    peer.send_request_with_option(request, options).await?.await_response().await
}

fn begin(
    session: Option<&SessionSpan>,
    peer: &Peer<RoleClient>,
    params: &(impl ObservedRequest + ?Sized),
) -> RequestSpan {
    let begin = || RequestSpan::begin(|| params.describe().tags(&server_tag(peer)));
    let request = session.map_or_else(begin, |session| session.enter_for_request(begin));
    request.annotate(|| params.input());
    request
}

pub(crate) fn outcome<R: ObservedResponse>(response: &Result<R, ServiceError>) -> DeferredAnnotation {
    response.as_ref().map_or_else(failed, ObservedResponse::output)
}
