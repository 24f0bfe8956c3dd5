//! The calls of a client.

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientRequest, GetMeta, GetPromptRequestParams, GetPromptResult,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResult, RequestParamsMeta,
    ServerResult,
};
use rmcp::service::{Peer, PeerRequestOptions, RunningService, ServiceError};
use rmcp::{RoleClient, Service};
use tracing::instrument::Instrument;

use super::context;
use super::exchange::{Exchange, failed};
use super::said::{Answer, Asked, asked};
use super::session::{Session, SessionSpan, server_of};
use crate::recording::RecordedAnnotation;

/// The calls of a client that show up.
///
/// A client has no place where all its calls pass with the caller's span at hand, so the call itself is another one. Those of
/// a [`Session`](super::Session) have rmcp's names; these are for a [`RunningService`] or a [`Peer`] that somebody else holds.
/// Each tells the server of its span in `_meta`, beside what is there already.
pub trait ObservedCalls {
    /// Calls a tool, as `call_tool` does: a `tool` span.
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
    /// use tracing_llmobs::clients::rmcp::ObservedCalls;
    ///
    /// async fn ask(client: &RunningService<RoleClient, ()>) -> Result<CallToolResult, ServiceError> {
    ///     client.call_tool_observed(CallToolRequestParams::new("weather")).await
    /// }
    /// ```
    fn call_tool_observed(
        &self,
        params: CallToolRequestParams,
    ) -> impl Future<Output = Result<CallToolResult, ServiceError>> + Send;

    /// Lists the tools, as `list_tools` does: a `task` span.
    ///
    /// # Errors
    ///
    /// Those of `list_tools`.
    fn list_tools_observed(
        &self,
        params: Option<PaginatedRequestParams>,
    ) -> impl Future<Output = Result<ListToolsResult, ServiceError>> + Send;

    /// Reads a resource, as `read_resource` does: a `task` span; files are only named.
    ///
    /// # Errors
    ///
    /// Those of `read_resource`.
    fn read_resource_observed(
        &self,
        params: ReadResourceRequestParams,
    ) -> impl Future<Output = Result<ReadResourceResult, ServiceError>> + Send;

    /// Gets a prompt, as `get_prompt` does: a `task` span.
    ///
    /// # Errors
    ///
    /// Those of `get_prompt`.
    fn get_prompt_observed(
        &self,
        params: GetPromptRequestParams,
    ) -> impl Future<Output = Result<GetPromptResult, ServiceError>> + Send;

    /// Sends a request with options, such as a timeout, and waits for the answer: a span, if it is one of those above.
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

impl<S: Service<RoleClient>> ObservedCalls for RunningService<RoleClient, S> {
    async fn call_tool_observed(&self, params: CallToolRequestParams) -> Result<CallToolResult, ServiceError> {
        ask(None, self.peer(), params, |params| self.call_tool(params)).await
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
        ask(None, self.peer(), params, |params| self.read_resource(params)).await
    }

    async fn get_prompt_observed(&self, params: GetPromptRequestParams) -> Result<GetPromptResult, ServiceError> {
        ask(None, self.peer(), params, |params| self.get_prompt(params)).await
    }

    async fn send_request_observed(
        &self,
        request: ClientRequest,
        options: PeerRequestOptions,
    ) -> Result<ServerResult, ServiceError> {
        self.peer().send_request_observed(request, options).await
    }
}

/// The same as without `_observed`.
impl<S: Service<RoleClient>> ObservedCalls for Session<S> {
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

impl ObservedCalls for Peer<RoleClient> {
    async fn call_tool_observed(&self, params: CallToolRequestParams) -> Result<CallToolResult, ServiceError> {
        ask(None, self, params, |params| self.call_tool(params)).await
    }

    async fn list_tools_observed(
        &self,
        params: Option<PaginatedRequestParams>,
    ) -> Result<ListToolsResult, ServiceError> {
        ask(None, self, params.unwrap_or_default(), |params| self.list_tools(Some(params))).await
    }

    async fn read_resource_observed(
        &self,
        params: ReadResourceRequestParams,
    ) -> Result<ReadResourceResult, ServiceError> {
        ask(None, self, params, |params| self.read_resource(params)).await
    }

    async fn get_prompt_observed(&self, params: GetPromptRequestParams) -> Result<GetPromptResult, ServiceError> {
        ask(None, self, params, |params| self.get_prompt(params)).await
    }

    async fn send_request_observed(
        &self,
        request: ClientRequest,
        options: PeerRequestOptions,
    ) -> Result<ServerResult, ServiceError> {
        send(None, self, request, options).await
    }
}

/// Makes a call as a span, in the session if there is one.
pub(super) async fn ask<P, A, F>(
    session: Option<&SessionSpan>,
    peer: &Peer<RoleClient>,
    mut params: P,
    call: impl FnOnce(P) -> F,
) -> Result<A, ServiceError>
where
    P: Asked,
    A: Answer,
    F: Future<Output = Result<A, ServiceError>>,
{
    let exchange = begin(session, peer, &params);
    if session.is_none_or(|session| session.tells) {
        tell(&exchange, &mut params);
    }
    let answer = call(params).instrument(exchange.span()).await;
    exchange.end(|| told(&answer));
    answer
}

/// Says in the metadata of a request which span it is.
pub(super) fn tell(exchange: &Exchange, params: &mut impl RequestParamsMeta) {
    if let Some(told) = context::told(&exchange.span(), params.meta()) {
        params.meta_or_default().extend(told);
    }
}

/// Sends a request of any kind, as a span if it shows.
pub(super) async fn send(
    session: Option<&SessionSpan>,
    peer: &Peer<RoleClient>,
    mut request: ClientRequest,
    mut options: PeerRequestOptions,
) -> Result<ServerResult, ServiceError> {
    let Some(params) = asked(&request) else { return sent(peer, request, options).await };
    let exchange = begin(session, peer, params);
    let mut there = params.meta().cloned().unwrap_or_default();
    there.extend(request.get_meta_mut().clone());
    there.extend(options.meta.clone().unwrap_or_default());
    if session.is_none_or(|session| session.tells)
        && let Some(told) = context::told(&exchange.span(), Some(&there))
    {
        // What the options say wins over the rest.
        options.meta.get_or_insert_default().extend(told);
    }
    let answer = sent(peer, request, options).instrument(exchange.span()).await;
    exchange.end(|| told(&answer));
    answer
}

async fn sent(
    peer: &Peer<RoleClient>,
    request: ClientRequest,
    options: PeerRequestOptions,
) -> Result<ServerResult, ServiceError> {
    peer.send_request_with_option(request, options).await?.await_response().await
}

fn begin(session: Option<&SessionSpan>, peer: &Peer<RoleClient>, params: &(impl Asked + ?Sized)) -> Exchange {
    let begin = || Exchange::begin(|| params.said().tags(&server_of(peer)));
    let exchange = session.map_or_else(begin, |session| session.hold(begin));
    exchange.say(|| params.input());
    exchange
}

pub(super) fn told<A: Answer>(answer: &Result<A, ServiceError>) -> RecordedAnnotation {
    answer.as_ref().map_or_else(failed, Answer::told)
}
