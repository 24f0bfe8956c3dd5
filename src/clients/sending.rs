//! The body of a request, seen while it is sent: nobody waits for it, and it is never held up.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::capture::Held;
use llmobs_providers::RequestBytes;

/// What has come of a body; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Sending(Arc<Mutex<Body>>);

#[derive(Debug)]
enum Body {
    /// What there is, and who counts it until somebody else does.
    Coming(Vec<u8>, Option<Held>),
    /// There was no room for it.
    TooMuch,
    /// Somebody has looked; what comes after that is not seen.
    Seen(Bytes),
}

impl Default for Body {
    fn default() -> Self {
        Self::Coming(Vec::new(), None)
    }
}

impl Sending {
    /// The same, of a call that is observed; what comes is counted among what the call holds.
    pub(super) fn counted(self, held: Held) -> Self {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Body::Coming(Vec::new(), Some(held));
        self
    }

    /// A piece that begins so many bytes behind the beginning. When a request is tried again, what was seen comes again.
    pub(super) fn piece(&self, start: usize, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take(start, bytes);
    }
}

impl Body {
    /// Bytes that are kept at most; what is longer is no JSON any more, and says nothing.
    const MOST: usize = 32 * 1024 * 1024;

    fn take(&mut self, start: usize, bytes: &[u8]) {
        let Self::Coming(body, held) = self else { return };
        let more = body.len().checked_sub(start).and_then(|known| bytes.get(known..)).unwrap_or_default();
        let more = more.get(..Self::MOST.saturating_sub(body.len())).unwrap_or(more);
        if held.as_mut().is_some_and(|held| !held.hold(body.len().saturating_add(more.len()))) {
            *self = Self::TooMuch;
            return;
        }
        body.extend_from_slice(more);
    }
}

impl RequestBytes for Sending {
    /// Reading it takes a while; who sends does not wait for that.
    fn bytes(&self) -> Bytes {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = match &mut *body {
            Body::Coming(bytes, _) => Bytes::from(mem::take(bytes)),
            Body::TooMuch => Bytes::new(),
            Body::Seen(bytes) => bytes.clone(),
        };
        *body = Body::Seen(bytes.clone());
        bytes
    }

    fn retained_bytes(&self) -> usize {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Body::Coming(bytes, _) => bytes.len(),
            Body::TooMuch => 0,
            Body::Seen(bytes) => bytes.len(),
        }
    }

    fn transfer_accounting(&self) -> bool {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Body::Coming(_, held) => *held = None,
            Body::TooMuch => return false,
            Body::Seen(_) => {}
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_again_is_seen_once_and_what_comes_after_somebody_looked_not_at_all() {
        let sending = Sending::default();
        for (start, piece) in [(0, "ab"), (0, "a"), (1, "bcd"), (4, "e"), (9, "x"), (0, "abcdef")] {
            sending.piece(start, piece.as_bytes());
        }
        assert_eq!((sending.retained_bytes(), sending.bytes()), (6, Bytes::from("abcdef")));
        sending.piece(6, b"late");
        assert_eq!((sending.retained_bytes(), sending.bytes()), (6, Bytes::from("abcdef")));
    }

    #[test]
    fn a_body_without_end_is_bounded() {
        let (sending, piece) = (Sending::default(), vec![b'x'; Body::MOST / 3]);
        for at in 0..5 {
            sending.piece(at * piece.len(), &piece);
        }
        assert_eq!(sending.retained_bytes(), Body::MOST);
    }

    #[cfg(feature = "testing")]
    #[test]
    fn what_comes_is_counted_while_it_comes_and_given_up_where_there_is_no_room() {
        use tracing_subscriber::prelude::*;

        let settings = crate::builder::Builder::without_environment().open_spans_max_bytes(1_000_000);
        let (layer, _recorder) = crate::testing::recorder_of(settings).unwrap();
        let _default = tracing_subscriber::registry().with(layer).set_default();
        let span = tracing::info_span!("call", llmobs.kind = "llm");
        let nothing = || Held::nothing(&span).unwrap();
        let uploads = [0; 4].map(|_| Sending::default().counted(nothing()));
        for (at, upload) in (0..10).flat_map(|at| uploads.iter().map(move |upload| (at, upload))) {
            upload.piece(at * 20_000, "x".repeat(20_000).as_bytes());
        }
        let kept: Vec<bool> = uploads.iter().map(|upload| upload.retained_bytes() == 200_000).collect();
        assert_eq!(kept.iter().filter(|kept| **kept).count(), 3, "three quarters are for all of them");
        assert!(!nothing().hold(200_000), "what is under way is counted");
        let handed_over: Vec<bool> = uploads.iter().map(RequestBytes::transfer_accounting).collect();
        assert_eq!(handed_over, kept);
        assert!(nothing().hold(700_000), "and no more when somebody else does");
        let bytes: Vec<bool> = uploads.iter().map(|upload| upload.bytes().len() == 200_000).collect();
        assert_eq!(bytes, kept);
    }
}
