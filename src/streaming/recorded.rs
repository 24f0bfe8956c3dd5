//! A stream that tells a recorder what it yields.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::recorder::StreamRecorder;

pin_project! {
    /// A stream that is recorded; see [`StreamRecorder::over`].
    ///
    /// The span ends with the stream's last item, or when it is dropped before.
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct RecordedStream<S, F> {
        #[pin]
        stream: S,
        // `None` once the stream has ended.
        recorder: Option<StreamRecorder>,
        observe: F,
    }
}

impl StreamRecorder {
    /// Records what a stream yields: `observe` is told every item, and says of it what it wants.
    ///
    /// The stream is polled inside the span.
    ///
    /// # Example
    ///
    /// ```
    /// use tracing_llmobs::StreamRecorder;
    ///
    /// fn recorded<S>(answer: S) -> impl futures_core::Stream<Item = Result<String, std::io::Error>>
    /// where
    ///     S: futures_core::Stream<Item = Result<String, std::io::Error>>,
    /// {
    ///     let span = tracing::info_span!("chat", llmobs.kind = "llm");
    ///     StreamRecorder::new(span).over(answer, |recorder, chunk| match chunk {
    ///         Ok(text) => recorder.text(text),
    ///         Err(error) => recorder.error(error),
    ///     })
    /// }
    /// ```
    pub fn over<S, F>(self, stream: S, observe: F) -> RecordedStream<S, F>
    where
        S: Stream,
        F: FnMut(&mut Self, &S::Item),
    {
        RecordedStream { stream, recorder: Some(self), observe }
    }
}

impl<S, F> Stream for RecordedStream<S, F>
where
    S: Stream,
    F: FnMut(&mut StreamRecorder, &S::Item),
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let span = this.recorder.as_ref().map(|recorder| recorder.span().clone());
        let polled = match &span {
            Some(span) => span.in_scope(|| this.stream.poll_next(cx)),
            None => this.stream.poll_next(cx),
        };
        let item = ready!(polled);
        match (&item, this.recorder.as_mut()) {
            (Some(item), Some(recorder)) => (this.observe)(recorder, item),
            (Some(_), None) => {}
            (None, _) => drop(this.recorder.take()),
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}
