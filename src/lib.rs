//! The Postgres layer of altlas.
