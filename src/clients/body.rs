//! The body of an answer that is observed.

use std::fmt::Display;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::observation::Observation;

pin_project! {
    /// A body that tells what it yields, and passes everything on as it comes.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        pub(super) inner: B,
        // Never locked by two: a body that is `Sync` stays so, and a provider's reader is not.
        observation: Option<Mutex<Observation>>,
    }
}

impl<B> ResponseBody<B> {
    /// This body; of no call if there is no observation.
    pub(super) fn new(inner: B, observation: Option<Observation>) -> Self {
        Self { inner, observation: observation.map(Mutex::new) }
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body<Data = Bytes>,
    B::Error: Display,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        if let Some(observation) = this.observation {
            let observation = observation.get_mut().unwrap_or_else(PoisonError::into_inner);
            observation.frame(frame.as_ref(), Observation::fail);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
