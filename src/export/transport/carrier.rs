//! Payloads to a carrier of the application.

use std::time::Duration;

use super::failure::{CarrierFailure, Failure, SendError};
use super::route::{Payload, Route};
use crate::carriers::{Carrier, ExportOutcome, ExportRequest, ExportRoute};
use crate::export::encode::Frame;

/// Hands a payload to the carrier, once.
///
/// # Errors
///
/// Whatever else than [`ExportOutcome::Delivered`] it returns, and [`Failure::Timeout`].
pub(super) async fn send(carrier: &Carrier, payload: &Payload, timeout: Duration) -> Result<(), SendError> {
    let (route, frame) = match payload.route {
        Route::Spans => (ExportRoute::Spans, Frame::SPANS),
        Route::Evaluations | Route::Feedback => (ExportRoute::Evaluations, Frame::EVALUATIONS),
    };
    let request = ExportRequest::new(route, payload.route.path(), payload.route.subdomain());
    let request = request.with_items(payload.body.clone(), frame.prefix.len(), payload.ends.clone());
    let outcome = tokio::time::timeout(timeout, carrier.export(request)).await;
    let failed = |failure| SendError::new(Failure::Carrier(failure));
    match outcome.map_err(|_| SendError::new(Failure::Timeout))? {
        ExportOutcome::Delivered => Ok(()),
        ExportOutcome::Retry { after, cause } => {
            Err(SendError { wait: after, source: cause, ..failed(CarrierFailure::Away) })
        }
        ExportOutcome::TooLarge => Err(failed(CarrierFailure::TooLarge)),
        ExportOutcome::Invalid => Err(failed(CarrierFailure::Invalid)),
        ExportOutcome::Rejected { cause } => Err(SendError { source: cause, ..failed(CarrierFailure::Rejected) }),
    }
}
