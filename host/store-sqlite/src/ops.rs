//! The writes, each as what it does inside an open transaction.
//!
//! None of them may fail halfway for a reason of its own: it checks first and writes then. So a stale commit, say,
//! harms nobody who shares its transaction.

pub(crate) mod commit;
pub(crate) mod deliver;
pub(crate) mod give_back;
pub(crate) mod hold;
pub(crate) mod purge;
