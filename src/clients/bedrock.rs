//! An interceptor for `aws-sdk-bedrockruntime`. Feature `bedrock`.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut as Answered, BeforeTransmitInterceptorContextRef as Written, Error,
    FinalizerInterceptorContextRef as Over,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_smithy_types::timeout::MergeTimeoutConfig;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};

use super::calls::Calls;
use super::observation::Observation;
use llmobs_model::SpanError;

/// Every `InvokeModel` and `Converse`, streamed or not, is a span: model, messages, tools, usage, time to the first token,
/// errors. A call with its retries is one span. In a client of `aws-sdk-bedrockagentruntime` every `InvokeAgent` is an `agent`
/// span, with the steps that its traces tell of below it.
///
/// # Example
///
/// ```
/// use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
/// use tracing_llmobs::clients::bedrock::Observe;
///
/// // `aws_sdk_bedrockruntime::config::Builder::from(&shared).interceptor(Observe::new()).build()`
/// let interceptor = SharedInterceptor::new(Observe::new());
/// # let _ = interceptor;
/// ```
#[derive(Debug, Clone, Default)]
pub struct Observe {
    calls: Calls,
}

impl Observe {
    /// An interceptor for all calls that are known.
    pub const fn new() -> Self {
        Self { calls: Calls::new() }
    }

    /// Says which requests are calls of models, by `https://bedrock-runtime.amazonaws.com` and their path.
    pub fn calls(mut self, calls: Calls) -> Self {
        self.calls = calls;
        self
    }
}

impl Intercept for Observe {
    fn name(&self) -> &'static str {
        "tracing-llmobs"
    }

    fn read_after_serialization(
        &self,
        context: &Written<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        // The host is found out for each attempt anew, and which one it is says nothing about the call.
        let url = format!("{HOST}{}", path(request.uri()));
        let body = || request.body().bytes().map(Bytes::copy_from_slice).unwrap_or_default();
        if let Some(observation) = Observation::begin(&self.calls, request.method(), &url, body) {
            let timeout = bag.load::<MergeTimeoutConfig>().operation_timeout();
            bag.interceptor_state().store_put(Slot::new(observation, timeout));
        }
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut Answered<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        let content_type = response.headers().get("content-type").unwrap_or_default();
        // What fails may be tried again, and what comes whole is looked at in the end.
        if !response.status().is_success() || !content_type.starts_with(EVENTS) {
            return Ok(());
        }
        let Some(mut observation) = bag.load::<Slot>().and_then(Slot::take) else { return Ok(()) };
        observation.head(response.status().as_u16(), &headers(response));
        let inner = std::mem::replace(response.body_mut(), SdkBody::taken());
        *response.body_mut() = SdkBody::from_body_1_x(Observed { inner, observation: Mutex::new(observation) });
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &Over<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(mut observation) = bag.load::<Slot>().and_then(Slot::take) else { return Ok(()) };
        if let Some(response) = context.response() {
            observation.head(response.status().as_u16(), &headers(response));
            observation.piece(&response.body().bytes().map(Bytes::copy_from_slice).unwrap_or_default());
        }
        match context.output_or_error() {
            Some(Err(error)) if !error.is_operation_error() => observation.break_off(failure(error)),
            Some(_) => observation.complete(),
            None => {}
        }
        Ok(())
    }
}

const HOST: &str = "https://bedrock-runtime.amazonaws.com";
const TIMEOUT: &str = "TimeoutError";
const EVENTS: &str = "application/vnd.amazon.eventstream";

/// Where the observation waits for the answer: until somebody takes it, or the call is given up.
#[derive(Debug, Clone)]
struct Slot(Arc<Waiting>);

#[derive(Debug)]
struct Waiting {
    observation: Mutex<Option<Observation>>,
    /// How long the call may take, with all retries.
    timeout: Option<Duration>,
}

impl Slot {
    fn new(observation: Observation, timeout: Option<Duration>) -> Self {
        Self(Arc::new(Waiting { observation: Mutex::new(Some(observation)), timeout }))
    }

    fn take(&self) -> Option<Observation> {
        self.0.take()
    }
}

impl Waiting {
    fn take(&self) -> Option<Observation> {
        self.observation.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Waiting {
    /// `aws-smithy-runtime` 1.10 drops a call that takes too long, and tells no interceptor.
    fn drop(&mut self) {
        /// The call began before it was seen here.
        const EARLIER: Duration = Duration::from_millis(20);
        let Some((mut observation, timeout)) = self.take().zip(self.timeout) else { return };
        if observation.age().saturating_add(EARLIER) >= timeout {
            let error = SpanError::new(format!("the call took longer than {timeout:?}"));
            observation.break_off(error.error_type(TIMEOUT));
        }
    }
}

impl Storable for Slot {
    type Storer = StoreReplace<Self>;
}

/// The path of a URL that may not have its host yet.
fn path(uri: &str) -> &str {
    let behind_scheme = uri.split_once("://").map(|(_, rest)| rest);
    let start = behind_scheme.map(|rest| rest.find('/').unwrap_or(rest.len()));
    behind_scheme.zip(start).and_then(|(rest, start)| rest.get(start..)).unwrap_or(uri)
}

fn headers(response: &HttpResponse) -> HeaderMap {
    let pairs = response.headers().iter();
    pairs
        .filter_map(|(name, value)| Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?)))
        .collect()
}

/// What kept the answer from coming, or from being understood.
fn failure(error: &OrchestratorError<Error>) -> SpanError {
    let error_type = if error.is_timeout_error() {
        TIMEOUT
    } else if error.is_connector_error() {
        "DispatchFailure"
    } else if error.is_response_error() {
        "ResponseError"
    } else {
        "SdkError"
    };
    SpanError::from_error(error).error_type(error_type)
}

/// A body that passes everything on as it comes.
struct Observed {
    inner: SdkBody,
    /// Never locked by two: the body must be `Sync`, and a provider's reader is not.
    observation: Mutex<Observation>,
}

impl Body for Observed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        let observation = self.observation.get_mut().unwrap_or_else(PoisonError::into_inner);
        observation.frame(frame.as_ref(), |observation, error| {
            observation.break_off(SpanError::from_error(error.as_ref()).error_type("ResponseError"));
        });
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        Body::is_end_stream(&self.inner)
    }

    fn size_hint(&self) -> SizeHint {
        Body::size_hint(&self.inner)
    }
}
