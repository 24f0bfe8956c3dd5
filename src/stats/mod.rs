//! The terms of the ledger: what became of every item, why items are lost, and what was wrong with recorded values.
//!
//! In: counts. Out: [`Stats`], [`FlushOutcome`]. Never: content, log lines.

mod counts;
mod flush_outcome;
mod loss_reason;
mod notes;
mod problem;
mod remarks;
mod snapshot;

pub(crate) use counts::{LossCounts, Refusals};
pub use flush_outcome::FlushOutcome;
pub use loss_reason::LossReason;
pub(crate) use notes::early_end;
pub use problem::Problem;
pub(crate) use problem::Problems;
pub(crate) use remarks::Remarked;
pub use snapshot::Stats;
