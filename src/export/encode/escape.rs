//! Text as the inside of a JSON string.
//!
//! Prompts are long and JSON inside JSON is full of quotes, so this looks at 32 bytes at a time. The
//! compiler turns [`flags`] into vector instructions; what lies between two hits is copied in one go.

/// The replacement of each byte: up to seven bytes of text, and their number in the last place.
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
    let bytes = text.as_bytes();
    if bytes.len() < BLOCK && is_clean(bytes) {
        return out.extend_from_slice(bytes);
    }
    escape_runs(bytes, escapes, out);
}

/// Returns true when nothing needs escaping. Most names, ids and tags are short and clean and take only this path.
#[inline]
fn is_clean(short: &[u8]) -> bool {
    if let Some(last) = short.last_chunk() {
        // Short texts are read as whole words; the last word may overlap the one before.
        return !has_special(*last) && !short.as_chunks().0.iter().any(|word| has_special(*word));
    }
    if let (Some([a, b, c, d]), Some([e, f, g, h])) = (short.first_chunk(), short.last_chunk()) {
        return !has_special([*a, *b, *c, *d, *e, *f, *g, *h]);
    }
    !short.iter().any(|byte| is_special(*byte))
}

/// Escapes a long text. Everything between two special bytes is copied at once, however long it is.
fn escape_runs(bytes: &[u8], escapes: &Escapes, out: &mut Vec<u8>) {
    out.reserve(bytes.len().saturating_add(BLOCK));
    let mut run = Run { bytes, start: 0 };
    let (blocks, tail) = bytes.as_chunks::<BLOCK>();
    let mut at = 0_usize;
    for block in blocks {
        let flags = flags(block);
        if any(&flags) {
            for (word, flags) in flags.as_chunks().0.iter().enumerate() {
                run.interrupt(at.wrapping_add(word.wrapping_mul(8)), *flags, escapes, out);
            }
        }
        at = at.wrapping_add(BLOCK);
    }
    for byte in tail {
        if is_special(*byte) {
            run.end(at, escapes, out);
        }
        at = at.wrapping_add(1);
    }
    out.extend_from_slice(bytes.get(run.start..).unwrap_or_default());
}

/// A run of bytes that need no escaping; it begins behind the last special byte.
struct Run<'a> {
    bytes: &'a [u8],
    start: usize,
}

impl Run<'_> {
    /// Ends a run at each flagged byte of the word that begins at `word`.
    #[inline]
    fn interrupt(&mut self, word: usize, flags: [u8; 8], escapes: &Escapes, out: &mut Vec<u8>) {
        let mut hits = u64::from_le_bytes(flags);
        while hits != 0 {
            // A flag is the highest bit of its byte.
            let byte = usize::try_from(hits.trailing_zeros() >> 3).unwrap_or_default();
            self.end(word.wrapping_add(byte), escapes, out);
            hits &= hits.wrapping_sub(1);
        }
    }

    /// Writes the run up to a byte, and the replacement of that byte.
    #[inline]
    fn end(&mut self, at: usize, escapes: &Escapes, out: &mut Vec<u8>) {
        let Some((byte, run)) = self.bytes.get(self.start..=at).and_then(<[u8]>::split_last) else { return };
        out.extend_from_slice(run);
        let stands_for = escapes.of(*byte);
        let [.., len] = stands_for;
        let end = out.len().wrapping_add(usize::from(len));
        // Eight bytes are one store, and truncating costs less than copying `len` bytes.
        out.extend_from_slice(&stands_for);
        out.truncate(end);
        self.start = at.wrapping_add(1);
    }
}

/// Sets the highest bit of each special byte. Simple enough for the compiler to turn it into vector instructions.
#[inline]
fn flags<const N: usize>(bytes: &[u8; N]) -> [u8; N] {
    bytes.map(|byte| if is_special(byte) { 0x80 } else { 0 })
}

#[inline]
fn any<const N: usize>(flags: &[u8; N]) -> bool {
    flags.as_chunks().0.iter().fold(0, |all, word| all | u64::from_le_bytes(*word)) != 0
}

/// Returns true when a word has a special byte. A byte below the subtrahend borrows, which sets its highest bit; the
/// borrow may reach the next byte, so the result is right for the word and not for a single byte.
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
