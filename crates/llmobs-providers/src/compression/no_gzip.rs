//! No decoder: the feature `gzip` is off.

/// The decoder that there is not.
#[derive(Debug)]
pub(crate) enum Decoder {}

impl Decoder {
    pub(super) const fn new(_: bool, _: &[u8]) -> Option<Self> {
        None
    }

    pub(super) fn push(&mut self, _: &[u8], _: usize, _: &mut dyn FnMut(&[u8])) -> Option<()> {
        match *self {}
    }
}
