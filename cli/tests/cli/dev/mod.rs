//! `plexica dev`: what it starts, stops, keeps and serves.

mod backup;
mod hello;
mod kubectl;
mod life;
mod line;
mod plugins;
mod proxy;
mod real;
mod repair;
mod signals;
mod super_admin;
mod suspend;
mod user;
mod watch;
