//! Text as the inside of a JSON string.
//!
//! Prompts are long and JSON inside JSON is full of quotes, so this looks at 32 bytes at a time. The
//! compiler turns [`flags`] into vector instructions; a block without a hit is copied whole, and in any
//! other one a word of 8 bytes is stored and what follows a hit is stored again further on, which needs no
//! decision per byte.

/// What becomes of each byte: up to seven bytes of text, and how many in the last place.
#[derive(Debug)]
pub(super) struct Escapes([[u8; 8]; 256]);

/// For text in a JSON string.
pub(super) static ONCE: Escapes = Escapes::new(false);

/// For text in a JSON string in JSON that is itself text in a JSON string.
pub(super) static TWICE: Escapes = Escapes::new(true);

impl Escapes {
    #[expect(
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::arithmetic_side_effects,
        reason = "the compiler runs it, where a mistake is an error; the counter stays below 256"
    )]
    const fn new(twice: bool) -> Self {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut table = [[0; 8]; 256];
        let mut byte = 0;
        while byte < table.len() {
            let (high, low) = (HEX[byte >> 4], HEX[byte & 15]);
            table[byte] = match (short(byte as u8), byte < 0x20, twice) {
                (Some(letter @ (b'"' | b'\\')), _, true) => [b'\\', b'\\', b'\\', letter, 0, 0, 0, 4],
                (Some(letter), _, true) => [b'\\', b'\\', letter, 0, 0, 0, 0, 3],
                (Some(letter), _, false) => [b'\\', letter, 0, 0, 0, 0, 0, 2],
                (None, true, true) => [b'\\', b'\\', b'u', b'0', b'0', high, low, 7],
                (None, true, false) => [b'\\', b'u', b'0', b'0', high, low, 0, 6],
                (None, false, _) => [byte as u8, 0, 0, 0, 0, 0, 0, 1],
            };
            byte += 1;
        }
        Self(table)
    }

    fn of(&self, byte: u8) -> [u8; 8] {
        self.0.get(usize::from(byte)).copied().unwrap_or_default()
    }
}

/// Appends `text`, escaped; what is not ASCII stays as it is.
pub(super) fn escape(text: &str, escapes: &Escapes, out: &mut Vec<u8>) {
    let (blocks, tail) = text.as_bytes().as_chunks::<BLOCK>();
    if !blocks.is_empty() {
        out.reserve(text.len());
        escape_blocks(blocks, escapes, out);
    }
    if is_clean(tail) {
        out.extend_from_slice(tail);
    } else {
        escape_tail(tail, escapes, out);
    }
}

/// Names, ids and tags are short and clean, so this is what they cost.
#[inline]
fn is_clean(tail: &[u8]) -> bool {
    let Some(last) = tail.last_chunk() else {
        return !tail.iter().any(|byte| is_special(*byte));
    };
    // The last eight bytes may be looked at twice.
    !has_special(*last) && !tail.as_chunks().0.iter().any(|word| has_special(*word))
}

fn escape_blocks(blocks: &[[u8; BLOCK]], escapes: &Escapes, out: &mut Vec<u8>) {
    let clean = blocks.iter().take_while(|block| !any(&flags(block))).count();
    let (clean, mixed) = blocks.split_at(clean);
    out.extend_from_slice(clean.as_flattened());
    if !mixed.is_empty() {
        escape_mixed(mixed, escapes, out);
    }
}

/// Not inlined, so that text without a hit does not pay for the stage.
#[inline(never)]
fn escape_mixed(blocks: &[[u8; BLOCK]], escapes: &Escapes, out: &mut Vec<u8>) {
    let mut stage = Stage::new();
    for block in blocks {
        let flags = flags(block);
        if !any(&flags) {
            out.extend_from_slice(block);
            continue;
        }
        for (word, flags) in block.as_chunks().0.iter().zip(flags.as_chunks().0) {
            stage.word(*word, *flags, escapes);
        }
        stage.empty_into(out);
    }
}

#[inline(never)]
fn escape_tail(tail: &[u8], escapes: &Escapes, out: &mut Vec<u8>) {
    let mut stage = Stage::new();
    for byte in tail {
        stage.byte(*byte, escapes);
    }
    stage.empty_into(out);
}

/// Where a block is written, with room for the worst one and for a store past its end.
struct Stage {
    bytes: [u8; BLOCK * 7 + 8],
    len: usize,
}

impl Stage {
    const fn new() -> Self {
        Self { bytes: [0; BLOCK * 7 + 8], len: 0 }
    }

    #[inline]
    fn word(&mut self, word: [u8; 8], flags: [u8; 8], escapes: &Escapes) {
        let mut rest = u64::from_le_bytes(word);
        let mut hits = u64::from_le_bytes(flags);
        let mut left = 8_usize;
        while hits != 0 {
            // A flag is the highest bit of its byte; the bits of whole bytes below it are clean.
            let clean_bits = hits.trailing_zeros() & 0x38;
            let clean = usize::try_from(clean_bits >> 3).unwrap_or_default();
            self.store(rest.to_le_bytes(), clean);
            rest = rest.unbounded_shr(clean_bits);
            let [byte, ..] = rest.to_le_bytes();
            self.byte(byte, escapes);
            rest >>= 8;
            hits = hits.unbounded_shr(clean_bits) >> 8;
            left = left.wrapping_sub(clean).wrapping_sub(1);
        }
        self.store(rest.to_le_bytes(), left);
    }

    #[inline]
    fn byte(&mut self, byte: u8, escapes: &Escapes) {
        let bytes = escapes.of(byte);
        let [.., len] = bytes;
        self.store(bytes, usize::from(len));
    }

    /// Stores all eight bytes, of which the first `len` count.
    #[inline]
    fn store(&mut self, bytes: [u8; 8], len: usize) {
        if let Some(place) = self.bytes.get_mut(self.len..).and_then(<[u8]>::first_chunk_mut) {
            *place = bytes;
            self.len = self.len.wrapping_add(len);
        }
    }

    fn empty_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.bytes.get(..self.len).unwrap_or_default());
        self.len = 0;
    }
}

/// The highest bit of each byte that cannot stay as it is.
#[inline]
fn flags<const N: usize>(bytes: &[u8; N]) -> [u8; N] {
    bytes.map(|byte| if is_special(byte) { 0x80 } else { 0 })
}

#[inline]
fn any<const N: usize>(flags: &[u8; N]) -> bool {
    flags.as_chunks().0.iter().fold(0, |all, word| all | u64::from_le_bytes(*word)) != 0
}

/// The same question for a word, in arithmetic: a byte below the subtrahend borrows, which shows in its
/// highest bit. A borrow may reach the next byte, so this tells whether and not where.
#[inline]
const fn has_special(word: [u8; 8]) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHEST: u64 = u64::from_le_bytes([0x80; 8]);
    let word = u64::from_le_bytes(word);
    let control = word.wrapping_sub(u64::from_le_bytes([0x20; 8]));
    let quote = (word ^ u64::from_le_bytes([b'"'; 8])).wrapping_sub(ONES);
    let backslash = (word ^ u64::from_le_bytes([b'\\'; 8])).wrapping_sub(ONES);
    (control | quote | backslash) & !word & HIGHEST != 0
}

#[inline]
const fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

const fn short(byte: u8) -> Option<u8> {
    match byte {
        b'"' | b'\\' => Some(byte),
        0x08 => Some(b'b'),
        b'\t' => Some(b't'),
        b'\n' => Some(b'n'),
        0x0c => Some(b'f'),
        b'\r' => Some(b'r'),
        _ => None,
    }
}

const BLOCK: usize = 32;
