//! Requests of senders, from the connection to the database.

pub(crate) mod otlp;
pub(crate) mod otlp_proto;
pub(crate) mod queue;
pub(crate) mod respond;
