//! Compressed bodies. Most clients decompress before a tracer sees a body; one that decompresses above the tracer, or that
//! asks for `accept-encoding` itself, hands over the bytes as they are on the wire.
//!
//! In: pieces of a body. Out: decompressed pieces. Never: more memory for a piece than a fixed bound, however well it is
//! compressed, and more than `Compression::MAX_BODY_BYTES` for all of a body.
//!
//! gzip and deflate are read with the feature `gzip`, which is on by default; brotli and zstd are recognised and reported.

mod body;
#[cfg_attr(not(feature = "gzip"), path = "no_gzip.rs")]
mod gzip;

pub(crate) use body::Compression;
