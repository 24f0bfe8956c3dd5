//! gzip and deflate, decompressed while they arrive.

use std::fmt;
use std::io::Write;
use std::mem;

use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// A decoder with the number of bytes that it has returned.
pub(crate) struct Decoder {
    format: Format,
    decoded: usize,
    /// The body is broken: what came before counts, the rest is left out.
    is_broken: bool,
}

enum Format {
    Gzip(MultiGzDecoder<Vec<u8>>),
    Zlib(ZlibDecoder<Vec<u8>>),
    Raw(DeflateDecoder<Vec<u8>>),
}

impl Decoder {
    /// Begins a body with these first bytes. By the standard, `deflate` is in a zlib envelope; some servers leave it out.
    #[expect(clippy::unnecessary_wraps, reason = "the twin without the feature returns None")]
    pub(super) fn new(is_gzip: bool, first: &[u8]) -> Option<Self> {
        // A zlib header is a multiple of 31.
        let is_zlib = match first {
            [method, flags, ..] => {
                method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]).checked_rem(31) == Some(0)
            }
            [..] => false,
        };
        let format = match (is_gzip, is_zlib) {
            (true, _) => Format::Gzip(MultiGzDecoder::new(Vec::new())),
            (false, true) => Format::Zlib(ZlibDecoder::new(Vec::new())),
            (false, false) => Format::Raw(DeflateDecoder::new(Vec::new())),
        };
        Some(Self { format, decoded: 0, is_broken: false })
    }

    /// Decompresses a piece in steps; `None` when the body exceeds `max_bytes`.
    pub(super) fn push(&mut self, piece: &[u8], max_bytes: usize, take: &mut dyn FnMut(&[u8])) -> Option<()> {
        /// Bytes that are decompressed at once. They become a thousand times as many at most.
        const STEP: usize = 4 * 1024;
        for step in piece.chunks(STEP) {
            if self.is_broken {
                break;
            }
            self.is_broken = self.write(step).is_err();
            let mut decoded = mem::take(self.output());
            self.decoded = self.decoded.saturating_add(decoded.len());
            if self.decoded > max_bytes {
                return None;
            }
            take(&decoded);
            decoded.clear();
            *self.output() = decoded;
        }
        Some(())
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match &mut self.format {
            Format::Gzip(decoder) => decoder.write_all(bytes).and_then(|()| decoder.flush()),
            Format::Zlib(decoder) => decoder.write_all(bytes).and_then(|()| decoder.flush()),
            Format::Raw(decoder) => decoder.write_all(bytes).and_then(|()| decoder.flush()),
        }
    }

    fn output(&mut self) -> &mut Vec<u8> {
        match &mut self.format {
            Format::Gzip(decoder) => decoder.get_mut(),
            Format::Zlib(decoder) => decoder.get_mut(),
            Format::Raw(decoder) => decoder.get_mut(),
        }
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("decoded", &self.decoded).finish_non_exhaustive()
    }
}
