//! What a server asks its client for.
#![expect(deprecated, reason = "the protocol gives up sampling, and its servers still ask for it")]

use rmcp::RoleServer;
use rmcp::model::{
    ClientResult, CreateMessageRequestParams, CreateMessageResult, ElicitRequest, ElicitRequestParams, ElicitResult,
    ServerRequest,
};
use rmcp::service::{Peer, ServiceError};
use tracing::instrument::Instrument;

use super::calls::{tell, told};
use super::exchange::Exchange;
use super::said::Asked;

/// What a server asks its client for, as spans that the client is told of in `_meta`.
///
/// # Example
///
/// ```
/// use rmcp::RoleServer;
/// use rmcp::model::{CreateMessageRequestParams, SamplingMessage};
/// use rmcp::service::{RequestContext, ServiceError};
/// use tracing_llmobs::clients::rmcp::ObservedAsks;
///
/// # #[allow(deprecated)]
/// async fn summarise(text: &str, context: &RequestContext<RoleServer>) -> Result<(), ServiceError> {
///     let params = CreateMessageRequestParams::new(vec![SamplingMessage::user_text(text)], 100);
///     let summary = context.peer.create_message_observed(params).await?;
/// #   drop(summary);
///     Ok(())
/// }
/// ```
pub trait ObservedAsks {
    /// Asks for a message of the client's model, as `create_message` does: an `llm` span without token counts, which the
    /// protocol does not tell.
    ///
    /// # Errors
    ///
    /// Those of `create_message`.
    fn create_message_observed(
        &self,
        params: CreateMessageRequestParams,
    ) -> impl Future<Output = Result<CreateMessageResult, ServiceError>> + Send;

    /// Asks for input of the user, as `create_elicitation` does: a `task` span.
    ///
    /// # Errors
    ///
    /// Those of `create_elicitation`.
    fn create_elicitation_observed(
        &self,
        params: ElicitRequestParams,
    ) -> impl Future<Output = Result<ElicitResult, ServiceError>> + Send;
}

impl ObservedAsks for Peer<RoleServer> {
    async fn create_message_observed(
        &self,
        mut params: CreateMessageRequestParams,
    ) -> Result<CreateMessageResult, ServiceError> {
        let exchange = begin(&mut params);
        let answer = self.create_message(params).instrument(exchange.span()).await;
        exchange.end(|| told(&answer));
        answer
    }

    async fn create_elicitation_observed(&self, mut params: ElicitRequestParams) -> Result<ElicitResult, ServiceError> {
        let ask = |params| async {
            match self.send_request(ServerRequest::ElicitRequest(ElicitRequest::new(params))).await? {
                ClientResult::ElicitResult(result) => Ok(result),
                _ => Err(ServiceError::UnexpectedResponse),
            }
        };
        let exchange = begin(&mut params);
        let answer = ask(params).instrument(exchange.span()).await;
        exchange.end(|| told(&answer));
        answer
    }
}

fn begin(params: &mut impl Asked) -> Exchange {
    let exchange = Exchange::begin(|| params.said());
    exchange.say(|| params.input());
    tell(&exchange, params);
    exchange
}
