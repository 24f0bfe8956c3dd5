//! The framings of streams: bytes in any split → frames.
//!
//! In: bytes, as they come. Out: [`Frame`](super::codec::Frame)s, parsed, the same for every split.
//! Never: more of a frame than [`MAX_FRAME_BYTES`] in memory; a byte that is looked at twice as often when it comes in small pieces.

mod array;
mod aws;
mod kind;
mod lines;
mod sse;
#[cfg(test)]
mod tests;

pub(super) use kind::{Framing, Opening};

/// Bytes of one frame that are kept at most; what is longer is left out. No provider sends more in one.
const MAX_FRAME_BYTES: usize = 16 * 1024 * 1024;
