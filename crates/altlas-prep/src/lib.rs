//! Declarative preprocessing shared by training and scoring.
