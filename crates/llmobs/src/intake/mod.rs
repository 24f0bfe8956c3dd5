//! Requests of senders, from the connection to the database.

pub(crate) mod queue;
pub(crate) mod respond;
