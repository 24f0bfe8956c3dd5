//! The layer of those clients that are services of `tower`.

use tower_layer::Layer;

use super::calls::Calls;

/// Every call of a model is a span, whichever service makes it: model, messages, tools, usage, time to the first token, errors.
///
/// Put it outermost, so that a call with its retries is one span. The page of each client has an example.
#[derive(Debug, Clone, Default)]
pub struct ObserveLayer {
    calls: Calls,
}

impl ObserveLayer {
    /// A layer for all calls that are known.
    pub const fn new() -> Self {
        Self { calls: Calls::new() }
    }

    /// Says which requests are calls of models.
    pub fn calls(mut self, calls: Calls) -> Self {
        self.calls = calls;
        self
    }
}

impl<S> Layer<S> for ObserveLayer {
    type Service = Observe<S>;

    fn layer(&self, inner: S) -> Observe<S> {
        Observe { inner, calls: self.calls.clone() }
    }
}

/// What [`ObserveLayer`] makes of a service.
#[derive(Debug, Clone)]
pub struct Observe<S> {
    pub(super) inner: S,
    pub(super) calls: Calls,
}
