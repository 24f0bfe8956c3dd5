//! A request's body that is recorded while it is sent.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::capture::RetainedBytes;
use llmobs_providers::RequestBytes;

/// A recorder of a request's body, for clients that send it in chunks; see
/// [`ClientCall::begin_streaming`](super::ClientCall::begin_streaming). Clones share what is recorded.
#[derive(Debug, Clone, Default)]
pub struct RequestRecorder(Arc<Mutex<RecordedBody>>);

#[derive(Debug)]
enum RecordedBody {
    /// The bytes so far, and the budget they are charged to until the call takes them over.
    Open(Vec<u8>, Option<RetainedBytes>),
    /// The budget was exhausted; nothing is kept.
    Oversize,
    /// The body has been read; later chunks are ignored.
    Closed(Bytes),
}

impl Default for RecordedBody {
    fn default() -> Self {
        Self::Open(Vec::new(), None)
    }
}

impl RequestRecorder {
    /// Returns the recorder of an observed call, charged to the call's budget while the body is sent.
    pub(super) fn charged_to(self, budget: RetainedBytes) -> Self {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = RecordedBody::Open(Vec::new(), Some(budget));
        self
    }

    /// Records a chunk that begins `offset` bytes into the body. Bytes that were recorded before are skipped, so that a
    /// retry may send the body again from its start.
    pub fn push(&self, offset: usize, chunk: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(offset, chunk);
    }
}

impl RecordedBody {
    /// The bytes that are kept at most. What is cut off there is no JSON any more, and reads as no input.
    const MAX_BYTES: usize = 32 * 1024 * 1024;

    fn push(&mut self, offset: usize, chunk: &[u8]) {
        let Self::Open(body, budget) = self else { return };
        let new = body.len().checked_sub(offset).and_then(|known| chunk.get(known..)).unwrap_or_default();
        let new = new.get(..Self::MAX_BYTES.saturating_sub(body.len())).unwrap_or(new);
        if budget.as_mut().is_some_and(|budget| !budget.resize_to(body.len().saturating_add(new.len()))) {
            *self = Self::Oversize;
            return;
        }
        body.extend_from_slice(new);
    }
}

impl RequestBytes for RequestRecorder {
    /// Closes the body: parsing takes a while, and the sender must not wait for the lock meanwhile.
    fn bytes(&self) -> Bytes {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = match &mut *body {
            RecordedBody::Open(bytes, _) => Bytes::from(mem::take(bytes)),
            RecordedBody::Oversize => Bytes::new(),
            RecordedBody::Closed(bytes) => bytes.clone(),
        };
        *body = RecordedBody::Closed(bytes.clone());
        bytes
    }

    fn retained_bytes(&self) -> usize {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            RecordedBody::Open(bytes, _) => bytes.len(),
            RecordedBody::Oversize => 0,
            RecordedBody::Closed(bytes) => bytes.len(),
        }
    }

    fn transfer_accounting(&self) -> bool {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            RecordedBody::Open(_, budget) => *budget = None,
            RecordedBody::Oversize => return false,
            RecordedBody::Closed(_) => {}
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_sent_again_are_recorded_once_and_bytes_after_the_reading_not_at_all() {
        let recorder = RequestRecorder::default();
        for (offset, chunk) in [(0, "ab"), (0, "a"), (1, "bcd"), (4, "e"), (9, "x"), (0, "abcdef")] {
            recorder.push(offset, chunk.as_bytes());
        }
        assert_eq!((recorder.retained_bytes(), recorder.bytes()), (6, Bytes::from("abcdef")));
        recorder.push(6, b"late");
        assert_eq!((recorder.retained_bytes(), recorder.bytes()), (6, Bytes::from("abcdef")));
    }

    #[test]
    fn an_endless_body_is_bounded() {
        let (recorder, chunk) = (RequestRecorder::default(), vec![b'x'; RecordedBody::MAX_BYTES / 3]);
        for at in 0..5 {
            recorder.push(at * chunk.len(), &chunk);
        }
        assert_eq!(recorder.retained_bytes(), RecordedBody::MAX_BYTES);
    }

    #[cfg(feature = "testing")]
    #[test]
    fn a_body_is_charged_while_it_is_sent_and_dropped_beyond_the_budget() {
        use tracing_subscriber::prelude::*;

        let settings = crate::builder::Builder::without_environment().open_spans_max_bytes(1_000_000);
        let (layer, _recorder) = crate::testing::recorder_of(settings).unwrap();
        let _default = tracing_subscriber::registry().with(layer).set_default();
        let span = tracing::info_span!("call", llmobs.kind = "llm");
        let budget = || RetainedBytes::none_yet(&span).unwrap();
        let uploads = [0; 4].map(|_| RequestRecorder::default().charged_to(budget()));
        for (at, upload) in (0..10).flat_map(|at| uploads.iter().map(move |upload| (at, upload))) {
            upload.push(at * 20_000, "x".repeat(20_000).as_bytes());
        }
        let kept: Vec<bool> = uploads.iter().map(|upload| upload.retained_bytes() == 200_000).collect();
        assert_eq!(kept.iter().filter(|kept| **kept).count(), 3, "three quarters of the budget are for requests");
        assert!(!budget().resize_to(200_000), "open bodies are charged");
        let handed_over: Vec<bool> = uploads.iter().map(RequestBytes::transfer_accounting).collect();
        assert_eq!(handed_over, kept);
        assert!(budget().resize_to(700_000), "and no longer once the call has taken them over");
        let bytes: Vec<bool> = uploads.iter().map(|upload| upload.bytes().len() == 200_000).collect();
        assert_eq!(bytes, kept);
    }
}
