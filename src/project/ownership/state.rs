//! What the process of a build must write.
