//! Segmentation, task rules and language identification for Turkish and English.
