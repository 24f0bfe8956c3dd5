//! The body of a request, seen while it is sent: nobody waits for it, and it is never held up.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::providers::Sent;

/// What has come of a body; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Sending(Arc<Mutex<Body>>);

#[derive(Debug)]
enum Body {
    Coming(Vec<u8>),
    /// Somebody has looked; what comes after that is not seen.
    Seen(Bytes),
}

impl Default for Body {
    fn default() -> Self {
        Self::Coming(Vec::new())
    }
}

impl Sending {
    /// A piece that begins so many bytes behind the beginning. When a request is tried again, what was seen comes again.
    pub(super) fn piece(&self, start: usize, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take(start, bytes);
    }
}

impl Body {
    /// Bytes that are kept at most; what is longer is no JSON any more, and says nothing.
    const MOST: usize = 32 * 1024 * 1024;

    fn take(&mut self, start: usize, bytes: &[u8]) {
        let Self::Coming(body) = self else { return };
        let more = body.len().checked_sub(start).and_then(|known| bytes.get(known..)).unwrap_or_default();
        let room = Self::MOST.saturating_sub(body.len());
        body.extend_from_slice(more.get(..room).unwrap_or(more));
    }
}

impl Sent for Sending {
    /// Reading it takes a while; who sends does not wait for that.
    fn bytes(&self) -> Bytes {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = match &mut *body {
            Body::Coming(bytes) => Bytes::from(mem::take(bytes)),
            Body::Seen(bytes) => bytes.clone(),
        };
        *body = Body::Seen(bytes.clone());
        bytes
    }

    fn held(&self) -> usize {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Body::Coming(bytes) => bytes.len(),
            Body::Seen(bytes) => bytes.len(),
        }
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
        assert_eq!((sending.held(), sending.bytes()), (6, Bytes::from("abcdef")));
        sending.piece(6, b"late");
        assert_eq!((sending.held(), sending.bytes()), (6, Bytes::from("abcdef")));
    }

    #[test]
    fn a_body_without_end_is_bounded() {
        let (sending, piece) = (Sending::default(), vec![b'x'; Body::MOST / 3]);
        for at in 0..5 {
            sending.piece(at * piece.len(), &piece);
        }
        assert_eq!(sending.held(), Body::MOST);
    }
}
