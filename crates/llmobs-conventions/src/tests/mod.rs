//! Spans in the attributes of other crates, written by hand.

mod content;
mod document;
mod driver;
mod look_alikes;
mod matrix;
mod properties;
mod slots;
