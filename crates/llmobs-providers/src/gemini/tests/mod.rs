//! Exchanges with Google's APIs, written by hand from their public descriptions.

mod embed;
mod generate;
mod interactions;
mod shapes;
mod stream;
mod urls;
