//! Framings of streams: bytes in any split → frames.
//!
//! In: bytes, as they come. Out: [`Frame`](super::codec::Frame)s, the same for every split of the bytes. Never: more than
//! [`MAX_FRAME_BYTES`] of a frame in memory, or a byte that is looked at again because it came in a small piece.

mod array;
mod aws;
mod framing_kind;
mod lines;
mod sse;
#[cfg(test)]
mod tests;

pub(super) use framing_kind::{Detected, Framing};

/// Bytes of one frame that are kept at most; a longer one is left out. No provider sends more in one.
const MAX_FRAME_BYTES: usize = 16 * 1024 * 1024;
