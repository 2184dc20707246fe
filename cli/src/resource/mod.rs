//! Resources for people without kubectl: thin commands over the same API.

pub mod apply;
pub mod delete;
pub mod get;
mod kind;
mod manifest;
pub mod wait;
