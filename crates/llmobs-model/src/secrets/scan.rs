//! The search for words of a text that may hold a secret.
//!
//! Texts are long and secrets rare, so most of a text is looked at eight bytes at a time. Every shape has one of these: a
//! run of 15 bytes or more without a space, which contains eight aligned bytes without one; an `@`, a `?`, or a capital
//! `B` (of `Bearer`, `Basic` and `BEGIN`). A word with one of them is examined by itself, once.

use super::found::Found;
use super::separators::{end_of_word, is_separator};
use super::{shapes, word};

/// Adds the ranges of all secrets that show by their shape.
pub(super) fn find(text: &str, found: &mut Found) {
    let bytes = text.as_bytes();
    let mut done = 0;
    while let Some(hit) = next_candidate(bytes, done) {
        let start = bytes.get(done..hit).unwrap_or_default().iter().rposition(|byte| is_separator(*byte));
        let start = start.map_or(done, |at| done.saturating_add(at).saturating_add(1));
        let end = end_of_word(bytes, hit);
        word::examine(text, start..end, found);
        let end = shapes::find_private_key(text, start..end, found).unwrap_or(end);
        let end = shapes::find_authorization(text, start..end, found).unwrap_or(end);
        done = end.max(hit.saturating_add(1));
    }
}

fn next_candidate(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let (words, tail) = rest.as_chunks::<8>();
    let (blocks, last_words) = words.as_chunks::<4>();
    let mut at = from;
    for block in blocks {
        if block.iter().any(|word| is_candidate(*word)) {
            return first_in(block, at);
        }
        at = at.saturating_add(32);
    }
    first_in(last_words, at).or_else(|| {
        let at = from.saturating_add(rest.len().saturating_sub(tail.len()));
        // A word of 15 bytes that ends here has eight aligned ones before, or a mark.
        tail.iter().position(|byte| is_mark(*byte)).map(|offset| at.saturating_add(offset))
    })
}

fn first_in(words: &[[u8; 8]], at: usize) -> Option<usize> {
    let index = words.iter().position(|word| is_candidate(*word))?;
    let word = words.get(index)?;
    // Without a mark the word is full, so any byte of it will do; else the mark itself.
    let offset = word.iter().position(|byte| is_mark(*byte)).unwrap_or_default();
    Some(at.saturating_add(index.saturating_mul(8)).saturating_add(offset))
}

const fn is_mark(byte: u8) -> bool {
    matches!(byte, b'@' | b'?' | b'B')
}

/// Returns whether eight bytes have a mark, or neither a space nor a byte beyond ASCII. The arithmetic may take a byte for a
/// mark that stands above one: then a word is examined in vain.
#[inline]
const fn is_candidate(word: [u8; 8]) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHEST: u64 = u64::from_le_bytes([0x80; 8]);
    let word = u64::from_le_bytes(word);
    let spaces = word.wrapping_sub(u64::from_le_bytes([b' ' + 1; 8])) & !word & HIGHEST;
    let at = (word ^ u64::from_le_bytes([b'@'; 8])).wrapping_sub(ONES);
    let query = (word ^ u64::from_le_bytes([b'?'; 8])).wrapping_sub(ONES);
    let capital = (word ^ u64::from_le_bytes([b'B'; 8])).wrapping_sub(ONES);
    (spaces | (word & HIGHEST)) == 0 || (at | query | capital) & !word & HIGHEST != 0
}
