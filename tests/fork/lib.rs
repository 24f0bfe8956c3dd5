//! Empty library: the package is its test.
