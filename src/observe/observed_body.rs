//! A response's body that hands its chunks to a call.

use std::fmt::{Debug, Display};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::client_call::ClientCall;
use super::transport_error;

pin_project! {
    /// A response's body that passes all frames on unchanged, and hands their bytes to a [`ClientCall`].
    #[derive(Debug)]
    pub struct ObservedBody<B> {
        #[pin]
        inner: B,
        // Only for `Sync`, which some clients ask of a body: polling goes through `&mut`, so the lock is never contended.
        call: Option<Mutex<ClientCall>>,
    }
}

impl<B> ObservedBody<B> {
    /// Wraps the body of the call's response. Without a call, the body is only passed on.
    pub fn new(inner: B, call: Option<ClientCall>) -> Self {
        Self { inner, call: call.map(Mutex::new) }
    }

    /// Returns the wrapped body; the call ends as dropped.
    pub fn into_inner(self) -> B {
        self.inner
    }
}

impl<B> Body for ObservedBody<B>
where
    B: Body<Data = Bytes>,
    B::Error: Display + Debug + 'static,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        if let Some(call) = this.call {
            let call = call.get_mut().unwrap_or_else(PoisonError::into_inner);
            match &frame {
                Some(Ok(frame)) => frame.data_ref().into_iter().for_each(|chunk| call.push(chunk)),
                Some(Err(error)) => call.fail_with(transport_error::of_display(error)),
                None => call.complete(),
            }
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
