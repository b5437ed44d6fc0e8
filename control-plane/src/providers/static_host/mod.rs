//! What hosts of static files have in common: a stored tree file by file with what vendors ask about each, limits that
//! are known before anything is sent, uploads that go on where one file fails, and a way for cancelling to meet them.

mod limits;
mod tree;
mod under_way;
mod upload;

pub(super) use limits::Limits;
pub(super) use tree::{File, Tree};
pub(super) use under_way::{Entry, Making, UnderWay};
pub(super) use upload::upload;
