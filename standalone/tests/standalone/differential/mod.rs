//! The same requests and the same kubectl commands to this server and to the real API server: the
//! answers must be equal, but for names the servers make up and for times.

mod commands;
mod normal;
mod pair;
mod requests;
