//! The requests of a server to its client.
#![expect(deprecated, reason = "the protocol gives up sampling, and its servers still ask for it")]

use rmcp::RoleServer;
use rmcp::model::{
    ClientResult, CreateMessageRequestParams, CreateMessageResult, ElicitRequest, ElicitRequestParams, ElicitResult,
    ServerRequest,
};
use rmcp::service::{Peer, ServiceError};
use tracing::instrument::Instrument;

use crate::client_requests::{outcome, propagate};
use crate::client_spans::ObservedRequest;
use crate::request_span::RequestSpan;

/// Requests of a server to its client as spans, whose context the client gets in `_meta`.
///
/// # Example
///
/// ```
/// use rmcp::RoleServer;
/// use rmcp::model::{CreateMessageRequestParams, SamplingMessage};
/// use rmcp::service::{RequestContext, ServiceError};
/// use tracing_llmobs_rmcp::PeerExt;
///
/// # #[allow(deprecated)]
/// async fn summarise(text: &str, context: &RequestContext<RoleServer>) -> Result<(), ServiceError> {
///     let params = CreateMessageRequestParams::new(vec![SamplingMessage::user_text(text)], 100);
///     let summary = context.peer.create_message_observed(params).await?;
/// #   drop(summary);
///     Ok(())
/// }
/// ```
pub trait PeerExt {
    /// Sends `create_message`, which asks the client's model for a message: an `llm` span without token counts, which the
    /// protocol does not report.
    ///
    /// # Errors
    ///
    /// Those of `create_message`.
    fn create_message_observed(
        &self,
        params: CreateMessageRequestParams,
    ) -> impl Future<Output = Result<CreateMessageResult, ServiceError>> + Send;

    /// Sends `create_elicitation`, which asks the user for input: a `task` span.
    ///
    /// # Errors
    ///
    /// Those of `create_elicitation`.
    fn create_elicitation_observed(
        &self,
        params: ElicitRequestParams,
    ) -> impl Future<Output = Result<ElicitResult, ServiceError>> + Send;
}

impl PeerExt for Peer<RoleServer> {
    async fn create_message_observed(
        &self,
        mut params: CreateMessageRequestParams,
    ) -> Result<CreateMessageResult, ServiceError> {
        let request = begin(&mut params);
        let response = self.create_message(params).instrument(request.span()).await;
        request.end(|| outcome(&response));
        response
    }

    async fn create_elicitation_observed(&self, mut params: ElicitRequestParams) -> Result<ElicitResult, ServiceError> {
        let send = |params| async {
            match self.send_request(ServerRequest::ElicitRequest(ElicitRequest::new(params))).await? {
                ClientResult::ElicitResult(result) => Ok(result),
                _ => Err(ServiceError::UnexpectedResponse),
            }
        };
        let request = begin(&mut params);
        let response = send(params).instrument(request.span()).await;
        request.end(|| outcome(&response));
        response
    }
}

fn begin(params: &mut impl ObservedRequest) -> RequestSpan {
    let request = RequestSpan::begin(|| params.describe());
    request.annotate(|| params.input());
    propagate(&request, params);
    request
}
