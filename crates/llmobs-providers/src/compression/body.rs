//! A body, decompressed while it arrives.

use super::gzip::Decoder;

/// The state of a body that may be compressed.
#[derive(Debug)]
pub(crate) enum Compression {
    /// Too few bytes have come to tell.
    Undetected { declared: Encoding, first: Vec<u8> },
    /// The body is as it was sent.
    Plain,
    /// The body is decompressed while it arrives.
    Decoding(Box<Decoder>),
    /// The body cannot be read.
    Unread(Encoding),
    /// The body is longer than this reads.
    TooLarge,
}

/// An encoding of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    None,
    Gzip,
    Deflate,
    Brotli,
    Zstd,
    Other,
}

impl Encoding {
    /// Reads a `content-encoding` header. Several encodings on top of one another are `Other`.
    fn declared(header: Option<&str>) -> Self {
        match header.unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Self::None,
            "gzip" | "x-gzip" => Self::Gzip,
            "deflate" => Self::Deflate,
            "br" => Self::Brotli,
            "zstd" => Self::Zstd,
            _ => Self::Other,
        }
    }

    /// Decides by the first bytes: a layer may have decompressed and left the header, or compressed and set none. JSON and
    /// events begin with characters that no compressed body begins with, and gzip and zstd have marks.
    fn of_bytes(self, first: &[u8]) -> Self {
        let is_text = first.trim_ascii_start().starts_with(b"{\"")
            || [&b"data:"[..], b"event:", b"<"].iter().any(|start| first.starts_with(start));
        match first {
            _ if is_text => Self::None,
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => self,
        }
    }

    /// Returns the name that `content-encoding` has for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::None => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Other => "other",
        }
    }
}

impl Compression {
    /// Bytes that are decompressed of one body at most. A bomb ends here.
    pub(crate) const MAX_BODY_BYTES: usize = 256 * 1024 * 1024;

    /// Begins a body with this `content-encoding`.
    pub(crate) fn new(content_encoding: Option<&str>) -> Self {
        Self::Undetected { declared: Encoding::declared(content_encoding), first: Vec::new() }
    }

    /// Hands the decompressed bytes of a piece to `take`, in portions of bounded size. A plain piece is not touched: then the
    /// answer is `false`.
    pub(crate) fn push(&mut self, piece: &[u8], take: &mut dyn FnMut(&[u8])) -> bool {
        if let Self::Undetected { declared, first } = self {
            let is_plain = first.is_empty() && *declared == Encoding::None && !piece.starts_with(&[MARKS[0]]);
            if is_plain && !piece.starts_with(&[MARKS[1]]) && !piece.is_empty() {
                *self = Self::Plain;
                return false;
            }
            first.extend_from_slice(piece);
            if first.len() < ENOUGH_BYTES {
                return true;
            }
            let encoding = declared.of_bytes(first);
            let first = std::mem::take(first);
            *self = Self::begin(encoding, &first);
            if !self.push(&first, take) {
                take(&first);
            }
            return true;
        }
        match self {
            Self::Plain | Self::Undetected { .. } => return false,
            Self::Decoding(decoder) => {
                if decoder.push(piece, Self::MAX_BODY_BYTES, take).is_none() {
                    *self = Self::TooLarge;
                }
            }
            Self::Unread(_) | Self::TooLarge => {}
        }
        true
    }

    /// Ends the body: of a very short one, the bytes are still to be taken.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        match self {
            Self::Undetected { first, .. } => std::mem::take(first),
            Self::Plain | Self::Decoding(_) | Self::Unread(_) | Self::TooLarge => Vec::new(),
        }
    }

    fn begin(encoding: Encoding, first: &[u8]) -> Self {
        match encoding {
            Encoding::None => Self::Plain,
            Encoding::Gzip | Encoding::Deflate => match Decoder::new(encoding == Encoding::Gzip, first) {
                Some(decoder) => Self::Decoding(Box::new(decoder)),
                None => Self::Unread(encoding),
            },
            Encoding::Brotli | Encoding::Zstd | Encoding::Other => Self::Unread(encoding),
        }
    }

    /// Returns the encoding of a body that could not be read.
    pub(crate) fn unread(&self) -> Option<Encoding> {
        match self {
            Self::Unread(encoding) => Some(*encoding),
            Self::Undetected { .. } | Self::Plain | Self::Decoding(_) | Self::TooLarge => None,
        }
    }

    /// Tells whether the body was longer than this reads.
    pub(crate) const fn is_too_large(&self) -> bool {
        matches!(self, Self::TooLarge)
    }
}

/// The first bytes of gzip and zstd.
const MARKS: [u8; 2] = [0x1f, 0x28];
/// Bytes that are enough to tell a compressed body from JSON and events.
const ENOUGH_BYTES: usize = 6;

#[cfg(all(test, feature = "gzip"))]
mod tests {
    use std::io::Write as _;

    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn decoded(header: Option<&str>, body: &[u8], size: usize) -> (Vec<u8>, Compression) {
        let (mut compression, mut all) = (Compression::new(header), Vec::new());
        for piece in body.chunks(size) {
            if !compression.push(piece, &mut |bytes| all.extend_from_slice(bytes)) {
                all.extend_from_slice(piece);
            }
        }
        all.extend(compression.finish());
        (all, compression)
    }

    #[test]
    fn gzip_and_both_kinds_of_deflate_are_read_in_pieces_of_any_size() {
        let text = "data: {\"a\": 1}\n\n".repeat(500);
        let level = flate2::Compression::default();
        let mut gzip = GzEncoder::new(Vec::new(), level);
        let mut zlib = ZlibEncoder::new(Vec::new(), level);
        let mut raw = DeflateEncoder::new(Vec::new(), level);
        gzip.write_all(text.as_bytes()).unwrap();
        zlib.write_all(text.as_bytes()).unwrap();
        raw.write_all(text.as_bytes()).unwrap();
        let (gzip, zlib, raw) = (gzip.finish().unwrap(), zlib.finish().unwrap(), raw.finish().unwrap());
        // A member behind another one belongs to the body.
        let twice = [gzip.clone(), gzip.clone()].concat();
        for (header, body, expected) in [
            (Some("gzip"), &gzip, text.clone()),
            (None, &gzip, text.clone()),
            (Some("GZIP"), &twice, text.repeat(2)),
            (Some("deflate"), &zlib, text.clone()),
            (Some("deflate"), &raw, text.clone()),
            // The header of a layer that has decompressed already.
            (Some("gzip"), &text.clone().into_bytes(), text.clone()),
            (Some("br"), &text.clone().into_bytes(), text.clone()),
        ] {
            for size in [1, 7, 100_000] {
                let (found, _) = decoded(header, body, size);
                assert!(found == expected.as_bytes(), "{header:?} in pieces of {size}: {} bytes", found.len());
            }
        }
    }

    #[test]
    fn what_is_not_known_is_said_and_what_is_broken_does_no_harm() {
        for (header, body, expected) in [
            (Some("br"), &b"\x0b\x02\x80abc"[..], Some(Encoding::Brotli)),
            (Some("zstd"), b"\x28\xb5\x2f\xfd\x00a", Some(Encoding::Zstd)),
            (None, b"\x28\xb5\x2f\xfd\x00a", Some(Encoding::Zstd)),
            (Some("gzip, br"), b"\x0b\x02\x80abc", Some(Encoding::Other)),
            (Some("gzip"), b"\x1f\x8b\x08\x00broken", None),
            (None, b"{\"a\": 1}", None),
        ] {
            assert_eq!(decoded(header, body, 100).1.unread(), expected, "{header:?}");
        }
    }

    #[test]
    fn a_bomb_ends_at_the_bound_and_never_comes_in_large_portions() {
        let mut bomb = GzEncoder::new(Vec::new(), flate2::Compression::best());
        for _ in 0..30 {
            bomb.write_all(&vec![b' '; 1024 * 1024]).unwrap();
        }
        let bomb = bomb.finish().unwrap();
        let mut decoder = Decoder::new(true, &bomb).unwrap();
        let (mut total, mut largest) = (0, 0);
        let outcome = decoder.push(&bomb, 20 * 1024 * 1024, &mut |bytes| {
            total += bytes.len();
            largest = largest.max(bytes.len());
        });
        assert!(outcome.is_none() && total <= 20 * 1024 * 1024 && largest <= 8 * 1024 * 1024, "{total} {largest}");
    }
}
