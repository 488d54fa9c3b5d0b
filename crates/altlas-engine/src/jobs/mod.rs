//! Jobs: long work in processes of their own, one each.

mod registry;
mod relay;
mod spawner;

pub use registry::{Registry, Why};
pub use relay::{After, Client, Order, relay};
pub use spawner::Spawner;
