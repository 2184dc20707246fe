//! HTTP: connections, what a request asks for, and how answers are written.

pub mod body;
mod connection;
pub mod negotiate;
pub mod params;
mod path;
pub mod reply;
mod route;

pub use connection::listen;
