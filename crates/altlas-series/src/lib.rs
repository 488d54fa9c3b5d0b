//! Anomaly detection on series of numbers.
