//! What hosts of static files have in common: a stored tree file by file with what vendors ask about each, limits that
//! are known before anything is sent, and uploads that go on where one file fails.

mod limits;
mod tree;
mod upload;

pub(super) use limits::Limits;
pub(super) use tree::{File, Tree};
pub(super) use upload::upload;
