//! Between services: headers, contexts, and spans below a parent elsewhere.

mod adoption;
mod headers;
mod properties;
mod vectors;
