//! Spans in the words of other crates, written by hand.

mod content;
mod driver;
mod properties;
mod slots;
